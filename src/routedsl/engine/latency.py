"""Recent measurements of one model, and their median: a few, and none from long ago."""

from statistics import median_low

from msgspec import Struct

from routedsl.base.units import DURATIONS

KEPT = 32
LIFETIME = 5 * DURATIONS["m"]
"""After so long without a new one a model counts as not measured, and `fastest` tries it again."""


class Measured(Struct, frozen=True):
    """One value, in whatever unit, and when it was taken, in microseconds of a monotonic clock."""

    at: int
    value: int


Recent = tuple[Measured, ...]


def noted(recent: Recent, value: int, now: int) -> Recent:
    """The measurements with one more."""
    return (*recent[1 - KEPT :], Measured(now, value))


def median(recent: Recent, now: int) -> int | None:
    """The median of what is still young, the lower of the two in the middle; None where nothing is."""
    young = [measured.value for measured in recent if now - measured.at <= LIFETIME]
    return median_low(young) if young else None
