"""`fastest of [...]`: the quickest of late goes first."""

from routedsl.engine.strategy import Ballot, Strategy

TO_MEASURE, MEASURED, BEING_MEASURED = range(3)


def rank(ballot: Ballot) -> tuple[str, ...]:
    def place(model: str) -> tuple[int, float]:
        latency = ballot.ask(model, "latency")
        if isinstance(latency, (int, float)):
            return MEASURED, latency
        calls = [ballot.ask(model, fact) for fact in ("inflight", "queue")]
        # One call measures it. Until it is back nobody knows what the others would wait for.
        out = sum(number for number in calls if isinstance(number, int))
        return (BEING_MEASURED, out) if out else (TO_MEASURE, 0)

    return tuple(sorted(ballot.models, key=place))


STRATEGY = Strategy(
    name="fastest",
    rank=rank,
    doc="By recent `latency`; those without one go first, so that each gets measured, but last while a call of them "
    "is out, or waits for a slot, that will measure them.",
    since="0.1",
)
