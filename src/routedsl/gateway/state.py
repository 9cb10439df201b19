"""What is measured of each model, by the clock. It outlives every reload of the policy."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from random import randrange

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine.gauge import Gauge, last_resort
from routedsl.engine.outcome import Answered, Failed, Outcome
from routedsl.engine.world import ModelState
from routedsl.gateway.clock import Clock
from routedsl.gateway.hardware import Hardware
from routedsl.gateway.history import History
from routedsl.gateway.slots import Slots

QUIET = 60 * DURATIONS["s"]
"""How long after a model's fault was told it is not told again."""

Draw = Callable[[], int]
"""Chance: 0 to 999,999."""


def chance() -> int:
    """A draw of this machine's."""
    return randrange(WHOLE)  # noqa: S311 - it spreads load, and keeps no secret


class States:
    """The state of every model that was called, by its declared name."""

    def __init__(self, clock: Clock, draw: Draw = chance) -> None:
        """Start with nothing measured."""
        self._clock = clock
        self._draw = draw
        self._gauges: dict[str, Gauge] = {}
        self._told: dict[str, int] = {}
        self._slots: defaultdict[str, Slots] = defaultdict(Slots)
        self.hardware = Hardware(clock, self.slots)
        self.history = History(clock)

    @property
    def in_flight(self) -> int:
        """Calls of upstreams that are running."""
        return sum(gauge.inflight for gauge in self._gauges.values())

    def world_models(self, policy: str = "") -> Mapping[str, ModelState]:
        """What decisions of a policy, by its digest, may know now; a model that is left out is up and unmeasured."""
        now = self._clock.monotonic()
        measured = self.hardware.merged({name: gauge.state(now) for name, gauge in self._gauges.items()})
        return self.history.merged(measured, policy)

    def is_up(self, name: str) -> bool:
        """Whether an attempt may be made: the breaker is closed, or half-open and nobody probes."""
        gauge = self._gauges.get(name)
        return gauge is None or gauge.is_up(self._clock.monotonic())

    def last_resort(self, chain: tuple[str, ...]) -> str | None:
        """Whom to try where all of a chain are down: who is due first. None where somebody is up."""
        return last_resort(((name, self._gauges.get(name)) for name in chain), self._clock.monotonic())

    def wait(self, name: str) -> int:
        """In how many microseconds a model that is down may be tried."""
        gauge = self._gauges.get(name)
        return 0 if gauge is None else max(0, gauge.due - self._clock.monotonic())

    def take_extra(self, name: str) -> bool:
        """Whether the model's retry budget has an extra call, which is then spent."""
        return self._gauge(name).take_extra(self._clock.monotonic())

    def begin(
        self,
        name: str,
        slots: Slots | None = None,
        *,
        extra: bool = False,
        hurried: bool = False,
        rule: str | None = None,
    ) -> "Ongoing":
        """A call begins, on one of its upstream's slots; it must be ended. An `extra` one was taken before.

        Of a `hurried` one slowness says nothing. `rule` is what decided the request.
        """
        gauge = self._gauge(name)
        gauge.occupancy = slots
        excused = hurried or self.hardware.is_cold(name)
        return Ongoing(gauge, self._clock, self._draw, extra=extra, excused=excused, rule=rule)

    def remember(self, name: str, tokens: int, rule: str | None) -> None:
        """A model gave an answer of so many tokens, before the gateway was started."""
        self._gauge(name).lengths.add(tokens, rule)

    def slots(self, upstream: str) -> Slots:
        """The slots of an upstream, by its declared name."""
        return self._slots[upstream]

    def is_news(self, name: str) -> bool:
        """Whether a fault of the model is to be told: it has not been for a while."""
        told, now = self._told.get(name), self._clock.monotonic()
        news = told is None or now - told >= QUIET
        if news:
            self._told[name] = now
        return news

    def _gauge(self, name: str) -> Gauge:
        return self._gauges.setdefault(name, Gauge())


class Ongoing:
    """One call of a model, counted until it is ended."""

    def __init__(self, gauge: Gauge, clock: Clock, draw: Draw, *, extra: bool, excused: bool, rule: str | None) -> None:
        """Count it in; where the breaker is half-open this is the probe. An `excused` model may be slow."""
        self._gauge = gauge
        self._excused = excused
        self._rule = rule
        self._clock = clock
        self._draw = draw
        self._start = clock.monotonic()
        self._first_token: int | None = None
        self._ended = False
        gauge.began(self._start, extra=extra)

    @property
    def took(self) -> int:
        """Microseconds since the call began."""
        return self._clock.monotonic() - self._start

    def answering(self) -> None:
        """A stream's first token is there."""
        now = self._clock.monotonic()
        self._first_token = now - self._start
        self._gauge.answering(self._start, now)

    def end(self, outcome: Outcome) -> None:
        """The call is over; said twice, the first time counts."""
        if self._ended:
            return
        self._ended = True
        now = self._clock.monotonic()
        match outcome:
            case Answered():
                self._gauge.answered(self._start, self._first_token, outcome, now, rule=self._rule)
            case Failed():
                self._gauge.failed(self._start, outcome, now, self._draw(), excused=self._excused)
