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
