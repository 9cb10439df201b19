"""`fastest of [...]`: the quickest of late goes first."""

from routedsl.engine.strategy import Ballot, Strategy, by_number


def rank(ballot: Ballot) -> tuple[str, ...]:
    return by_number(ballot, "latency", unknown_first=True)


STRATEGY = Strategy(
    name="fastest",
    rank=rank,
    doc="By recent `latency`; those without one go first, so that each gets measured.",
    since="0.1",
)
