"""What is measured of one model: its breaker, its retry budget, its latencies, the calls of it in flight.

Told what happens to calls and the time, in microseconds of one monotonic clock. So the gateway can
drive it by the clock, and a simulation by a time of its own. A `draw`, 0 to 999,999, is chance, told from outside.
"""

from collections.abc import Iterable
from typing import Protocol

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine import breaker as breakers
from routedsl.engine import budget as budgets
from routedsl.engine.breaker import CLOSED, Breaker
from routedsl.engine.budget import UNSPENT, Budget
from routedsl.engine.classify import Mark, classify
from routedsl.engine.latency import Series
from routedsl.engine.lengths import Lengths
from routedsl.engine.load import FULL
from routedsl.engine.outcome import Answered, Failed, Kind
from routedsl.engine.world import ModelState


class Occupancy(Protocol):
    """How full an upstream is: calls on its slots, calls that wait for one, and the slots that there are."""

    @property
    def taken(self) -> int:
        """Calls that have a slot."""
        ...

    @property
    def waiting(self) -> int:
        """Calls that wait for one."""
        ...

    @property
    def most(self) -> int | None:
        """Slots; None where as many calls as come are let through."""
        ...


class Gauge:
    """The measurements of one model. `start` names a call by the time when it began."""

    __slots__ = ("breaker", "budget", "first_tokens", "inflight", "latencies", "lengths", "occupancy", "speeds")

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.breaker: Breaker = CLOSED
        self.budget: Budget = UNSPENT
        self.occupancy: Occupancy | None = None
        self.latencies = Series()
        self.first_tokens = Series()
        self.speeds = Series()
        self.lengths = Lengths()
        self.inflight = 0

    def is_up(self, now: int) -> bool:
        """Whether a call may be made: the breaker is closed, or half-open and nobody probes."""
        return breakers.is_up(self.breaker, now)

    @property
    def due(self) -> int:
        """From when on a model that is down may be called."""
        return breakers.due(self.breaker)

    def take_extra(self, now: int) -> bool:
        """Whether the retry budget has an extra call, which is then spent."""
        allowed = budgets.allows(self.budget, now)
        if allowed:
            self.budget = budgets.with_extra(self.budget, now)
        return allowed

    def began(self, now: int, *, extra: bool = False) -> None:
        """A call begins, which must be ended; of a half-open breaker it is the probe. An `extra` one was taken."""
        if not extra:
            self.budget = budgets.with_first(self.budget, now)
        self.inflight += 1
        self.breaker = breakers.began(self.breaker, now)

    def answering(self, start: int, now: int) -> None:
        """The first token of a stream is there."""
        self.first_tokens.note(now - start, now)
        self.breaker = breakers.answering(self.breaker, start)

    def answered(
        self, start: int, first_token: int | None, answered: Answered, now: int, *, rule: str | None = None
    ) -> None:
        """A call ended well. `first_token` is how long that of a stream took, `rule` what decided the request."""
        self.inflight -= 1
        self.breaker = breakers.succeeded(self.breaker, start, now)
        self.latencies.note(now - start, now)
        if answered.usage is not None:
            self.lengths.add(answered.usage[1], rule)
        writing = now - start - (first_token or 0)
        if first_token is not None and answered.usage is not None and writing > 0:
            self.speeds.note(answered.usage[1] * DURATIONS["s"] // writing, now)

    def failed(self, start: int, failed: Failed, now: int, draw: int, *, excused: bool = False) -> None:
        """A call failed. That an `excused` model was slow, which had to be loaded first, does not make it sick."""
        self.inflight -= 1
        if excused and failed.kind is Kind.TIMEOUT:
            self.breaker = breakers.released(self.breaker, start)
        else:
            self.breaker = _after(self.breaker, failed, start, now, draw)
        if self._tells(failed, now - start, now):
            self.latencies.note(now - start, now)

    def _tells(self, failed: Failed, took: int, now: int) -> bool:
        """Whether a call that gave no answer tells how long one takes: at least so long.

        A model that hangs, or always comes second, must not pass for unmeasured. That a client left soon tells nothing.
        """
        known = self.latencies.median(now)
        match failed.kind:
            case Kind.TIMEOUT:
                return True
            case Kind.LOST:
                return known is None or took > known
            case Kind.GONE:
                return known is not None and took > known
            case _:
                return False

    def state(self, now: int) -> ModelState:
        """What decisions may know of it."""
        occupancy = self.occupancy
        return ModelState(
            up=breakers.is_up(self.breaker, now),
            latency=self.latencies.median(now),
            first_token=self.first_tokens.median(now),
            errors=breakers.error_share(self.breaker, now),
            inflight=self.inflight,
            queue=0 if occupancy is None else occupancy.waiting,
            load=self.load,
            speed=self.speeds.median(now),
            typical_output=self.lengths.typical,
            typical_outputs=self.lengths.typical_of,
        )

    @property
    def load(self) -> int:
        """How full its upstream is."""
        occupancy = self.occupancy
        if occupancy is None or occupancy.most is None:
            return self.inflight * WHOLE // FULL
        return occupancy.taken * WHOLE // occupancy.most


def last_resort(chain: Iterable[tuple[str, Gauge | None]], now: int) -> str | None:
    """Whom to call of a chain where all are down: who is due first. None where somebody is up."""
    resting: list[tuple[int, str]] = []
    for name, gauge in chain:
        if gauge is None or gauge.is_up(now):
            return None
        resting.append((gauge.due, name))
    return min(resting, key=lambda each: each[0])[1] if resting else None


def _after(breaker: Breaker, failed: Failed, start: int, now: int, draw: int) -> Breaker:
    verdict = classify(failed)
    match verdict.mark:
        case Mark.COUNTS:
            return breakers.failed(breaker, start, now, draw)
        case Mark.RESTS:
            return breakers.resting(breakers.released(breaker, start), now + verdict.rest)
        case Mark.NONE:
            return breakers.released(breaker, start)
