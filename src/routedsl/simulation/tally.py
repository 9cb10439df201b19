"""What is counted while a simulation runs: ends, times, money, and who had how much to do when."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from routedsl.base.units import DOLLAR, DURATIONS
from routedsl.language.policy import Model, undeclared

PER = 1_000_000
"""Prices are for so many tokens."""
SLICES = 240
"""The picture of who had how much to do has so many moments."""


class End(StrEnum):
    """How a request ends, for its client."""

    ANSWERED = "answered"
    BROKEN = "broken"
    """Its stream broke off, or ran into the deadline."""
    UNAVAILABLE = "unavailable"
    """503: all failed, or nobody could be tried."""
    OUT_OF_TIME = "out_of_time"
    """504."""
    REJECTED = "rejected"
    """By a rule, or since there is no such model."""


class Times(Struct, frozen=True):
    """Of times in seconds: the median, and the one that 99 of 100 do not pass."""

    median: float
    p99: float


class Served(Struct, frozen=True, kw_only=True):
    """One model's part.

    `answered` are requests that got their answer from it, and `share` how many that are of all that got one.
    `calls` are those that reached its server, and `failed` those of them that failed. `cost` is in dollars,
    failed calls included. `peak` is the most calls that its server had at once.
    """

    answered: int
    share: float
    calls: int
    failed: int
    cost: float
    peak: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What a simulation came to.

    Times are those of answered requests, from when they came: `first_token` until an answer begins, which
    where nothing streams is its end; `took` until its end. `span` is how long it all took, in virtual seconds.
    `slices` are seconds of each, and `busy` the most calls that each model's server had in each slice.
    """

    requests: int
    ends: Mapping[str, int]
    cost: float
    first_token: Times | None
    took: Times | None
    span: float
    models: Mapping[str, Served]
    slice: float
    busy: Mapping[str, Sequence[int]]


class _Part:
    """The counts of one model."""

    __slots__ = ("answered", "busy", "calls", "failed", "peak", "price_in", "price_out", "read", "written")

    def __init__(self, model: Model) -> None:
        self.price_in, self.price_out = model.input_price, model.output_price
        self.answered = self.calls = self.failed = self.read = self.written = self.peak = 0
        self.busy: dict[int, int] = {}

    @property
    def cost(self) -> float:
        return (self.price_in * self.read + self.price_out * self.written) / PER / DOLLAR


class Tally:
    """The counts of one simulation."""

    def __init__(self, models: Iterable[str], declared: Mapping[str, Model], length: int) -> None:
        """Nothing is counted yet. The traffic goes on for about `length` microseconds."""
        self._parts = {name: _Part(declared.get(name) or undeclared(name)) for name in models}
        self._ends = dict.fromkeys(End, 0)
        self._firsts = array("q")
        self._tooks = array("q")
        self._slice = max(1, length // SLICES)
        self._last = 0

    def called(self, model: str, calls: int, now: int) -> None:
        """A call reached a server, which has so many now."""
        part = self._parts[model]
        part.calls += 1
        part.peak = max(part.peak, calls)
        moment = now // self._slice
        if part.busy.get(moment, 0) < calls:
            part.busy[moment] = calls

    def answered(self, model: str, read: int, written: int) -> None:
        """A call has its answer, for so many tokens."""
        part = self._parts[model]
        part.read += read
        part.written += written

    def failed(self, model: str, read: int, written: int) -> None:
        """A call failed or was given up, after so many tokens, which are paid for."""
        part = self._parts[model]
        part.failed += 1
        part.read += read
        part.written += written

    def ended(self, end: End, model: str | None, took: int, first: int | None, now: int) -> None:
        """A request has ended."""
        self._ends[end] += 1
        self._last = now
        if end is End.ANSWERED and model is not None and first is not None:
            self._parts[model].answered += 1
            self._firsts.append(first)
            self._tooks.append(took)

    @property
    def ends(self) -> int:
        """Requests that have ended."""
        return sum(self._ends.values())

    def outcome(self) -> Outcome:
        """What it came to."""
        answered = self._ends[End.ANSWERED]
        return Outcome(
            requests=self.ends,
            ends={end.value: count for end, count in self._ends.items()},
            cost=sum(part.cost for part in self._parts.values()),
            first_token=_times(self._firsts),
            took=_times(self._tooks),
            span=self._last / DURATIONS["s"],
            models={name: _served(part, answered) for name, part in self._parts.items()},
            slice=self._slice / DURATIONS["s"],
            busy={name: self._busy(part) for name, part in self._parts.items()},
        )

    def _busy(self, part: _Part) -> list[int]:
        return [part.busy.get(moment, 0) for moment in range(self._last // self._slice + 1)]


def _served(part: _Part, answered: int) -> Served:
    return Served(
        answered=part.answered,
        share=part.answered / answered if answered else 0.0,
        calls=part.calls,
        failed=part.failed,
        cost=part.cost,
        peak=part.peak,
    )


def _times(durations: Iterable[int]) -> Times | None:
    found = sorted(durations)
    if not found:
        return None
    return Times(*(found[(len(found) - 1) * share // 100] / DURATIONS["s"] for share in (50, 99)))
