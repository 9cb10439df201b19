"""`did you mean`: the known names closest to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def close_matches(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Up to `most` of the known names that look like `name`, the closest first."""
    folded = {candidate.casefold(): candidate for candidate in known}
    return [folded[match] for match in get_close_matches(name.casefold(), folded, n=most, cutoff=0.6)]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line naming the closest known name, or None where nothing is close."""
    matches = close_matches(name, known, most=1)
    return f"did you mean `{matches[0]}`?" if matches else None
