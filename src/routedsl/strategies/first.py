"""`first of [...]`: the candidates as they are written."""

from routedsl.engine.strategy import Ballot, Strategy


def rank(ballot: Ballot) -> tuple[str, ...]:
    return ballot.models


STRATEGY = Strategy(
    name="first",
    rank=rank,
    doc="The candidates in the order given.",
    since="0.1",
)
