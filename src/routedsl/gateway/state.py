"""What is measured of each model: breaker, latencies, calls in flight. It outlives every reload of the policy."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import randrange

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine import breaker as breakers
from routedsl.engine import budget as budgets
from routedsl.engine.breaker import CLOSED, Breaker
from routedsl.engine.budget import UNSPENT, Budget
from routedsl.engine.classify import Mark, classify
from routedsl.engine.latency import Recent, median, noted
from routedsl.engine.load import FULL
from routedsl.engine.outcome import Answered, Failed, Kind, Outcome
from routedsl.engine.world import ModelState
from routedsl.gateway.clock import Clock
from routedsl.gateway.hardware import Hardware
from routedsl.gateway.slots import Slots

QUIET = 60 * DURATIONS["s"]
"""How long after a model's fault was told it is not told again."""

Draw = Callable[[], int]
"""Chance: 0 to 999,999."""


def chance() -> int:
    """A draw of this machine's."""
    return randrange(WHOLE)  # noqa: S311 - it spreads load, and keeps no secret


@dataclass(slots=True)
class _Model:
    breaker: Breaker = CLOSED
    budget: Budget = UNSPENT
    slots: Slots | None = None
    told: int | None = None
    latencies: Recent = ()
    first_tokens: Recent = ()
    speeds: Recent = ()
    inflight: int = 0


class States:
    """The state of every model that was called, by its declared name."""

    def __init__(self, clock: Clock, draw: Draw = chance) -> None:
        """Start with nothing measured."""
        self._clock = clock
        self._draw = draw
        self._models: dict[str, _Model] = {}
        self._slots: defaultdict[str, Slots] = defaultdict(Slots)
        self.hardware = Hardware(clock, self.slots)

    @property
    def in_flight(self) -> int:
        """Calls of upstreams that are running."""
        return sum(model.inflight for model in self._models.values())

    def world_models(self) -> Mapping[str, ModelState]:
        """What decisions may know now; a model that is left out is up and unmeasured."""
        now = self._clock.monotonic()
        return self.hardware.merged({name: _state(model, now) for name, model in self._models.items()})

    def is_up(self, name: str) -> bool:
        """Whether an attempt may be made: the breaker is closed, or half-open and nobody probes."""
        return breakers.is_up(self._breaker(name), self._clock.monotonic())

    def last_resort(self, chain: tuple[str, ...]) -> str | None:
        """Whom to try where all of a chain are down: who is due first. None where somebody is up."""
        if not chain or any(map(self.is_up, chain)):
            return None
        return min(chain, key=lambda name: breakers.due(self._breaker(name)))

    def wait(self, name: str) -> int:
        """In how many microseconds a model that is down may be tried."""
        return max(0, breakers.due(self._breaker(name)) - self._clock.monotonic())

    def take_extra(self, name: str) -> bool:
        """Whether the model's retry budget has an extra call, which is then spent."""
        model, now = self._models.setdefault(name, _Model()), self._clock.monotonic()
        allowed = budgets.allows(model.budget, now)
        if allowed:
            model.budget = budgets.with_extra(model.budget, now)
        return allowed

    def begin(self, name: str, slots: Slots | None = None, *, extra: bool = False) -> "Ongoing":
        """A call begins, on one of its upstream's slots; it must be ended. An `extra` one was taken before."""
        model = self._models.setdefault(name, _Model())
        model.slots = slots
        if not extra:
            model.budget = budgets.with_first(model.budget, self._clock.monotonic())
        return Ongoing(model, self._clock, self._draw, cold=self.hardware.is_cold(name))

    def slots(self, upstream: str) -> Slots:
        """The slots of an upstream, by its declared name."""
        return self._slots[upstream]

    def is_news(self, name: str) -> bool:
        """Whether a fault of the model is to be told: it has not been for a while."""
        model, now = self._models.setdefault(name, _Model()), self._clock.monotonic()
        news = model.told is None or now - model.told >= QUIET
        if news:
            model.told = now
        return news

    def _breaker(self, name: str) -> Breaker:
        model = self._models.get(name)
        return CLOSED if model is None else model.breaker


class Ongoing:
    """One call of a model, counted until it is ended."""

    def __init__(self, model: _Model, clock: Clock, draw: Draw, *, cold: bool) -> None:
        """Count it in; where the breaker is half-open this is the probe. A `cold` model has to be loaded first."""
        self._model = model
        self._cold = cold
        self._clock = clock
        self._draw = draw
        self._start = clock.monotonic()
        self._first_token: int | None = None
        self._ended = False
        model.inflight += 1
        model.breaker = breakers.began(model.breaker, self._start)

    @property
    def took(self) -> int:
        """Microseconds since the call began."""
        return self._clock.monotonic() - self._start

    def answering(self) -> None:
        """A stream's first token is there."""
        self._first_token = self.took
        self._model.first_tokens = noted(self._model.first_tokens, self._first_token, self._clock.monotonic())
        self._model.breaker = breakers.answering(self._model.breaker, self._start)

    def end(self, outcome: Outcome) -> None:
        """The call is over; said twice, the first time counts."""
        if self._ended:
            return
        self._ended = True
        self._model.inflight -= 1
        now = self._clock.monotonic()
        match outcome:
            case Answered():
                self._succeeded(outcome, now)
            case Failed():
                self._failed(outcome, now)

    def _failed(self, failed: Failed, now: int) -> None:
        model = self._model
        if self._cold and failed.kind is Kind.TIMEOUT:  # that it is slow to start does not make it sick
            model.breaker = breakers.released(model.breaker, self._start)
        else:
            model.breaker = _after(model.breaker, failed, self._start, now, self._draw())
        if failed.kind is Kind.TIMEOUT:  # it takes at least so long, and must not pass for unmeasured
            model.latencies = noted(model.latencies, now - self._start, now)

    def _succeeded(self, answered: Answered, now: int) -> None:
        model = self._model
        model.breaker = breakers.succeeded(model.breaker, self._start, now)
        model.latencies = noted(model.latencies, now - self._start, now)
        writing = now - self._start - (self._first_token or 0)
        if self._first_token is not None and answered.usage is not None and writing > 0:
            model.speeds = noted(model.speeds, answered.usage[1] * DURATIONS["s"] // writing, now)


def _after(breaker: Breaker, failed: Failed, start: int, now: int, draw: int) -> Breaker:
    verdict = classify(failed)
    match verdict.mark:
        case Mark.COUNTS:
            return breakers.failed(breaker, start, now, draw)
        case Mark.RESTS:
            return breakers.resting(breakers.released(breaker, start), now + verdict.rest)
        case Mark.NONE:
            return breakers.released(breaker, start)


def _state(model: _Model, now: int) -> ModelState:
    return ModelState(
        up=breakers.is_up(model.breaker, now),
        latency=median(model.latencies, now),
        first_token=median(model.first_tokens, now),
        errors=breakers.error_share(model.breaker, now),
        inflight=model.inflight,
        queue=0 if model.slots is None else model.slots.waiting,
        load=_load(model),
        speed=median(model.speeds, now),
    )


def _load(model: _Model) -> int:
    """How full its upstream is."""
    slots = model.slots
    if slots is None or slots.most is None:
        return model.inflight * WHOLE // FULL
    return slots.taken * WHOLE // slots.most
