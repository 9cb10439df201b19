"""`least_busy of [...]`: who has most room goes first."""

from routedsl.engine.strategy import Ballot, Strategy, by_number


def rank(ballot: Ballot) -> tuple[str, ...]:
    return by_number(ballot, "load")


STRATEGY = Strategy(
    name="least_busy",
    rank=rank,
    doc="By `load`, the least first.",
    since="0.1",
)
