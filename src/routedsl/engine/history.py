"""How often answers were good: counts that fade by the week, and say nothing while they are few.

Each attempt that tells of its model counts. An answer that came whole was good, until feedback gives it a score
from 0 to 1; a failure was not. What is the client's own doing, or was never tried, counts for nothing.
"""

import re

from msgspec import Struct

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine.outcome import UNTRIED, Kind

HALF_LIFE = 7 * 24 * DURATIONS["h"]
"""After so long what was counted is worth half."""
LEAST = 20
"""Samples below which a share would be chance, and is missing."""
GOOD = "ok"
_NEITHER = frozenset(
    {
        *UNTRIED,
        Kind.INVALID,
        Kind.TOO_LONG,
        Kind.GONE,
        Kind.LOST,
        *(f"status_{status}" for status in (400, 413, 415, 422)),
    }
)
"""Outcomes that say nothing of the model: the client is at fault or left, another was first, nobody was called."""
_NAMELESS = re.compile(r".*:\d+")


class Standing(Struct, frozen=True):
    """How many samples there were, and how good they were together, as both are worth `at` a time (microseconds)."""

    count: float = 0
    good: float = 0
    at: int = 0


NONE_YET = Standing()


def score_of(outcome: str) -> float | None:
    """How good an attempt was that nobody has rated, by its outcome in a word; None where it says nothing."""
    if outcome == GOOD:
        return 1.0
    return None if outcome in _NEITHER else 0.0


def with_more(standing: Standing, count: float, good: float, at: int) -> Standing:
    """The standing with more, which came at this time, be it before or after what is in it."""
    latest = max(standing.at, at)
    old, new = _worth(standing.at, latest), _worth(at, latest)
    return Standing(standing.count * old + count * new, max(0.0, standing.good * old + good * new), latest)


def samples(standing: Standing, now: int) -> float:
    """How many samples it is worth now."""
    return standing.count * _worth(standing.at, now)


def share_of(standing: Standing, now: int) -> int | None:
    """The share of good ones, in parts per million; None while there are too few."""
    if round(samples(standing, now)) < LEAST:
        return None
    return max(0, min(WHOLE, round(WHOLE * standing.good / standing.count)))


def _worth(at: int, now: int) -> float:
    return float(0.5 ** (max(0, now - at) / HALF_LIFE))


def lasting_name(rule: str, policy: str) -> str:
    """The name under which a rule's history is kept.

    The name that a rule is given stays with it. One without is called by its place, which every edit may
    move: it is known within one policy, by whose digest it is told from others.
    """
    return f"{policy[:12]} {rule}" if _NAMELESS.fullmatch(rule) else rule


def name_in(lasting: str, policy: str) -> str | None:
    """What the rule of a history is called in a policy; None where it is of another one."""
    digest, space, rule = lasting.partition(" ")
    if not space:
        return lasting
    return rule if digest == policy[:12] else None
