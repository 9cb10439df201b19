"""`cheapest of [...]`: the lowest bill goes first."""

from routedsl.engine.strategy import Ballot, Strategy, by_number


def rank(ballot: Ballot) -> tuple[str, ...]:
    return by_number(ballot, "cost")


STRATEGY = Strategy(
    name="cheapest",
    rank=rank,
    doc="By `cost`, the expected price of this request; a price left out is nothing.",
    since="0.1",
)
