"""`best of [...]`: the ablest goes first."""

from routedsl.engine.strategy import Ballot, Strategy, by_number


def rank(ballot: Ballot) -> tuple[str, ...]:
    return by_number(ballot, ballot.order or "quality", largest_first=True)


STRATEGY = Strategy(
    name="best",
    rank=rank,
    doc="By `quality`, the highest first, or `by` another fact; those without it go last.",
    since="0.1",
    ordered=True,
)
