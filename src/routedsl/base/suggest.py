"""`did you mean`: the known names closest to one that is not known."""

from collections.abc import Iterable
from functools import lru_cache

_LONGEST = 100
"""Longer names are compared with none: that takes the square of their length."""


def close_matches(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Up to `most` of the known names that look like `name`, the closest first."""
    return list(_matches(name.casefold(), tuple(known), most)) if len(name) <= _LONGEST else []


@lru_cache(maxsize=256)  # a name that is not known is likely used in many places
def _matches(name: str, known: tuple[str, ...], most: int) -> tuple[str, ...]:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    folded = {candidate.casefold(): candidate for candidate in known if len(candidate) <= _LONGEST}
    return tuple(folded[match] for match in get_close_matches(name, folded, n=most, cutoff=0.6))


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line naming the closest known name, or None where nothing is close."""
    matches = close_matches(name, known, most=1)
    return f"did you mean `{matches[0]}`?" if matches else None
