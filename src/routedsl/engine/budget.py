"""A model's retry budget: how many extra calls may be made of it, so that trouble is not made worse by trying harder.

An extra call (a retry, a hedge) is allowed while there are, in the last ten seconds, fewer of them than
`FLOOR` and one for every five first calls. First calls are those that answer somebody's request: a hop
to a fallback is one, and is never refused. So an outage of one model puts at most 1.2 times its load on
the next. It is Finagle's budget, deposits that pass away after a while, with the floor that Envoy
gives to small traffic in the place of Finagle's so many a second.

Pure: told the time, in microseconds of one monotonic clock.
"""

from msgspec import Struct

from routedsl.base.units import DURATIONS

SECOND = DURATIONS["s"]
WINDOW = 10
"""Seconds that are looked back."""
FLOOR = 3
FIRSTS_FOR_ONE = 5


class Spent(Struct, frozen=True):
    """The calls within one second: first ones, and extra ones."""

    second: int
    firsts: int = 0
    extras: int = 0


Budget = tuple[Spent, ...]
"""The calls of late, by seconds, the oldest first."""

UNSPENT: Budget = ()


def allows(budget: Budget, now: int) -> bool:
    """Whether one more extra call may be made."""
    # Seconds are counted whole: what is at the edge of the window counts where it forbids, not where it allows.
    second = now // SECOND
    extras = sum(spent.extras for spent in budget if spent.second >= second - WINDOW)
    firsts = sum(spent.firsts for spent in budget if spent.second > second - WINDOW)
    return extras < FLOOR + firsts // FIRSTS_FOR_ONE


def with_first(budget: Budget, now: int) -> Budget:
    """A first call begins."""
    return _noted(budget, now, 1, 0)


def with_extra(budget: Budget, now: int) -> Budget:
    """An extra call begins."""
    return _noted(budget, now, 0, 1)


def _noted(budget: Budget, now: int, firsts: int, extras: int) -> Budget:
    second = now // SECOND
    if budget and budget[-1].second == second:
        latest = budget[-1]
        return (*budget[:-1], Spent(second, latest.firsts + firsts, latest.extras + extras))
    recent = (spent for spent in budget if spent.second >= second - WINDOW)
    return (*recent, Spent(second, firsts, extras))
