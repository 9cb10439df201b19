"""What is measured of each model: breaker, latencies, calls in flight. It outlives every reload of the policy."""

from collections.abc import Mapping
from dataclasses import dataclass

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine import breaker as breakers
from routedsl.engine.breaker import CLOSED, Breaker
from routedsl.engine.classify import Mark, classify
from routedsl.engine.latency import Recent, median, noted
from routedsl.engine.outcome import Answered, Failed, Kind, Outcome
from routedsl.engine.world import ModelState
from routedsl.gateway.clock import Clock

FULL = 100
"""Calls in flight that count as a full load, where no server tells what it takes."""


@dataclass(slots=True)
class _Model:
    breaker: Breaker = CLOSED
    latencies: Recent = ()
    first_tokens: Recent = ()
    speeds: Recent = ()
    inflight: int = 0


class States:
    """The state of every model that was called, by its declared name."""

    def __init__(self, clock: Clock) -> None:
        """Start with nothing measured."""
        self._clock = clock
        self._models: dict[str, _Model] = {}

    @property
    def in_flight(self) -> int:
        """Calls of upstreams that are running."""
        return sum(model.inflight for model in self._models.values())

    def world_models(self) -> Mapping[str, ModelState]:
        """What decisions may know now; a model that is left out is up and unmeasured."""
        now = self._clock.monotonic()
        return {name: _state(model, now) for name, model in self._models.items()}

    def is_up(self, name: str) -> bool:
        """Whether an attempt may be made: the breaker is closed, or half-open and nobody probes."""
        return breakers.is_up(self._breaker(name), self._clock.monotonic())

    def last_resort(self, chain: tuple[str, ...]) -> str | None:
        """Whom to try where all of a chain are down: who is due first. None where somebody is up."""
        if not chain or any(map(self.is_up, chain)):
            return None
        return min(chain, key=lambda name: breakers.due(self._breaker(name)))

    def begin(self, name: str) -> "Ongoing":
        """A call begins; it must be ended."""
        return Ongoing(self._models.setdefault(name, _Model()), self._clock)

    def _breaker(self, name: str) -> Breaker:
        model = self._models.get(name)
        return CLOSED if model is None else model.breaker


class Ongoing:
    """One call of a model, counted until it is ended."""

    def __init__(self, model: _Model, clock: Clock) -> None:
        """Count it in; where the breaker is half-open this is the probe."""
        self._model = model
        self._clock = clock
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
        model.breaker = _after(model.breaker, failed, self._start, now)
        if failed.kind is Kind.TIMEOUT:  # it takes at least so long, and must not pass for unmeasured
            model.latencies = noted(model.latencies, now - self._start, now)

    def _succeeded(self, answered: Answered, now: int) -> None:
        model = self._model
        model.breaker = breakers.succeeded(model.breaker, self._start, now)
        model.latencies = noted(model.latencies, now - self._start, now)
        writing = now - self._start - (self._first_token or 0)
        if self._first_token is not None and answered.usage is not None and writing > 0:
            model.speeds = noted(model.speeds, answered.usage[1] * DURATIONS["s"] // writing, now)


def _after(breaker: Breaker, failed: Failed, start: int, now: int) -> Breaker:
    verdict = classify(failed)
    match verdict.mark:
        case Mark.COUNTS:
            return breakers.failed(breaker, start, now)
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
        load=model.inflight * WHOLE // FULL,
        speed=median(model.speeds, now),
    )
