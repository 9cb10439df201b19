"""A model's breaker: closed while it answers, open while it fails, half-open while one request finds out.

Pure: each function takes the state, what happened and the time, and returns the next state. Times
are microseconds of one monotonic clock. A `draw`, 0 to 999,999, is chance, told from outside: by it
many gateways do not all come back to a server at once.
"""

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.units import DURATIONS, WHOLE

SECOND = DURATIONS["s"]
FAILURES_IN_A_ROW = 5
WINDOW = 30 * SECOND
SLICE = 5 * SECOND
ENOUGH = 20
"""So many attempts within the window say something by their share of failures."""
SHORTEST_OPEN = 5 * SECOND
LONGEST_OPEN = 15 * SECOND
"""A probe costs one request a fallback; a server that is well again should not wait for longer."""
MOST_DOUBLINGS = 2
JITTER = WHOLE // 5
"""The time that a breaker stays open is longer or shorter by up to this share."""
MIDDLE = WHOLE // 2
"""The draw that changes nothing."""


class Tally(Struct, frozen=True):
    """What ended within one slice of time."""

    slice: int
    ended: int
    failed: int


class Breaker(Struct, frozen=True, kw_only=True):
    """The state of one model's breaker.

    `opened` is when it tripped, None while it is closed, `until` when it may be tried again, and
    `trips` how often in a row it tripped. `probe` is when the attempt that probes began. `rests_until`
    is set by a model that wants to be left alone without being sick. `row` counts failures in a row,
    `tallies` cover the window.
    """

    row: int = 0
    tallies: tuple[Tally, ...] = ()
    opened: int | None = None
    until: int = 0
    trips: int = 0
    probe: int | None = None
    rests_until: int = 0


CLOSED = Breaker()


def due(breaker: Breaker) -> int:
    """From when on the model may be tried."""
    return breaker.rests_until if breaker.opened is None else max(breaker.rests_until, breaker.until)


def is_up(breaker: Breaker, now: int) -> bool:
    """Whether an attempt would be let through."""
    return breaker.probe is None and now >= due(breaker)


def began(breaker: Breaker, now: int) -> Breaker:
    """An attempt begins. Of an open breaker whose time has come it is the probe."""
    if breaker.opened is None or not is_up(breaker, now):
        return breaker
    return replace(breaker, probe=now)


def answering(breaker: Breaker, start: int) -> Breaker:
    """The attempt that began at `start` has its first token: enough to close the breaker, not yet a success."""
    if breaker.opened is None or start < breaker.opened:
        return breaker
    return Breaker(rests_until=breaker.rests_until)


def succeeded(breaker: Breaker, start: int, now: int) -> Breaker:
    """The attempt that began at `start` ended well."""
    return replace(_tallied(answering(breaker, start), now, failed=False), row=0)


def failed(breaker: Breaker, start: int, now: int, draw: int = MIDDLE) -> Breaker:
    """The attempt that began at `start` failed, and the model is to blame."""
    if breaker.opened is not None:
        return _tripped(breaker, now, draw) if start == breaker.probe else breaker
    tallied = replace(_tallied(breaker, now, failed=True), row=breaker.row + 1)
    return _tripped(tallied, now, draw) if tallied.row >= FAILURES_IN_A_ROW or _half_failed(tallied) else tallied


def released(breaker: Breaker, start: int) -> Breaker:
    """The attempt that began at `start` ended, and says nothing about the model."""
    return replace(breaker, probe=None) if start == breaker.probe else breaker


def resting(breaker: Breaker, until: int) -> Breaker:
    """The model wants to be left alone."""
    return replace(breaker, rests_until=max(breaker.rests_until, until))


def error_share(breaker: Breaker, now: int) -> int:
    """The share of recent attempts that failed, in parts per million."""
    if not any(tally.failed for tally in breaker.tallies):  # as it mostly is, and each request asks
        return 0
    recent = _recent(breaker.tallies, now)
    ended = sum(tally.ended for tally in recent)
    return sum(tally.failed for tally in recent) * WHOLE // ended if ended else 0


def _tripped(breaker: Breaker, now: int, draw: int) -> Breaker:
    pause = min(SHORTEST_OPEN << min(breaker.trips, MOST_DOUBLINGS), LONGEST_OPEN)
    jitter = pause * JITTER * (draw - MIDDLE) // (MIDDLE * WHOLE)
    return replace(breaker, row=0, opened=now, until=now + pause + jitter, trips=breaker.trips + 1, probe=None)


def _half_failed(breaker: Breaker) -> bool:
    ended = sum(tally.ended for tally in breaker.tallies)
    return ended >= ENOUGH and 2 * sum(tally.failed for tally in breaker.tallies) >= ended


def _tallied(breaker: Breaker, now: int, *, failed: bool) -> Breaker:
    recent = _recent(breaker.tallies, now)
    latest = Tally(now // SLICE, 0, 0)
    if recent and recent[-1].slice == latest.slice:
        recent, latest = recent[:-1], recent[-1]
    latest = Tally(latest.slice, latest.ended + 1, latest.failed + failed)
    return replace(breaker, tallies=(*recent, latest))


def _recent(tallies: tuple[Tally, ...], now: int) -> tuple[Tally, ...]:
    return tuple(tally for tally in tallies if (tally.slice + 1) * SLICE > now - WINDOW)
