"""`fastest of [...]`: who is likely to answer soonest goes first.

A latency is known only once a call has ended. By it alone, all that comes meanwhile would go to one model, until
its answers come late, and then all to the next. So it is taken once for each call that is out, as
Finagle's balancer by "peak EWMA" does: what comes next goes where the least is to be waited for.
"""

from routedsl.engine.strategy import Ballot, Strategy

TO_MEASURE, MEASURED, BEING_MEASURED = range(3)


def rank(ballot: Ballot) -> tuple[str, ...]:
    def place(model: str) -> tuple[int, float]:
        latency = ballot.ask(model, "latency")
        calls = [ballot.ask(model, fact) for fact in ("inflight", "queue")]
        out = sum(number for number in calls if isinstance(number, int))
        if isinstance(latency, (int, float)):
            return MEASURED, latency * (out + 1)
        # One call measures it. Until it is back nobody knows what the others would wait for.
        return (BEING_MEASURED, out) if out else (TO_MEASURE, 0)

    return tuple(sorted(ballot.models, key=place))


STRATEGY = Strategy(
    name="fastest",
    rank=rank,
    doc="By recent `latency`, taken once for this request and once for each that is out or waits, so that not all go "
    "to one model; those without one go first, so that each gets measured, but last while a call of them "
    "is out, or waits for a slot, that will measure them.",
    since="0.1",
)
