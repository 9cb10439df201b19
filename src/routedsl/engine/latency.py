"""Recent measurements of one model, and their median: a few, the newer ones counting more, and none from long ago."""

from collections.abc import Sequence

from msgspec import Struct

from routedsl.base.units import DURATIONS

KEPT = 32
HALVING = DURATIONS["m"]
"""After so long a measurement counts half as much."""
HALVINGS = 5
LIFETIME = HALVINGS * HALVING
"""After so long without a new one a model counts as not measured, and `fastest` tries it again."""


class Measured(Struct, frozen=True):
    """One value, in whatever unit, and when it was taken, in microseconds of a monotonic clock."""

    at: int
    value: int


Recent = tuple[Measured, ...]
"""In the order in which they were taken."""


def noted(recent: Recent, value: int, now: int) -> Recent:
    """The measurements with one more."""
    return (*recent[1 - KEPT :], Measured(now, value))


def median(recent: Recent, now: int) -> int | None:
    """The least value that, with all below it, has half the weight of what is still young; None where nothing is."""
    if not recent or now - recent[-1].at > LIFETIME:
        return None
    if now - recent[0].at < HALVING:  # as it is where there is much to do: all weigh the same
        return sorted([each.value for each in recent])[(len(recent) - 1) // 2]
    weighed = [(each.value, 1 << HALVINGS - (now - each.at) // HALVING) for each in recent if now - each.at <= LIFETIME]
    weighed.sort()
    return _middle(weighed)


def _middle(weighed: Sequence[tuple[int, int]]) -> int:
    rest = sum([weight for _, weight in weighed])
    left = 0
    for value, weight in weighed:
        left += weight
        if 2 * left >= rest:
            return value
    raise ValueError("nothing has no middle")


def steady_until(recent: Recent, now: int) -> int:
    """Until when the median stays as it is, if nothing is measured: until one of them counts less, or lapses."""
    ages = [now - each.at for each in recent]
    steps = [HALVING - age % HALVING - 1 if age < LIFETIME else 0 for age in ages if age <= LIFETIME]
    return now + min(steps, default=LIFETIME)


class Series:
    """Measurements as they are taken. Each request asks for their median: it is worked out only when it may change."""

    __slots__ = ("_known", "_median", "_recent", "_until")

    def __init__(self) -> None:
        """Nothing is measured."""
        self._recent: Recent = ()
        self._median: int | None = None
        self._known, self._until = 0, 0

    def note(self, value: int, now: int) -> None:
        """One more."""
        self._recent = noted(self._recent, value, now)
        self._until = -1

    def median(self, now: int) -> int | None:
        """The median now."""
        if not self._recent:
            return None
        if not self._known <= now <= self._until:
            self._median = median(self._recent, now)
            self._known, self._until = now, steady_until(self._recent, now)
        return self._median
