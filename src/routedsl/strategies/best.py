"""`best of [...]`: the ablest goes first."""

from routedsl.engine.strategy import Ballot, Strategy, by_number


def rank(ballot: Ballot) -> tuple[str, ...]:
    return by_number(ballot, "quality", largest_first=True)


STRATEGY = Strategy(
    name="best",
    rank=rank,
    doc="By `quality`, the highest first; those without one go last.",
    since="0.1",
)
