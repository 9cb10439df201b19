"""`least_busy of [...]`: who has most room goes first."""

from routedsl.base.units import WHOLE
from routedsl.engine.load import FULL
from routedsl.engine.strategy import Ballot, Strategy


def rank(ballot: Ballot) -> tuple[str, ...]:
    def place(model: str) -> tuple[bool, float]:
        load, slots = ballot.ask(model, "load"), ballot.ask(model, "slots")
        one = WHOLE // (slots if isinstance(slots, int) and slots > 0 else FULL)
        return (False, load + one) if isinstance(load, (int, float)) else (True, 0)

    return tuple(sorted(ballot.models, key=place))


STRATEGY = Strategy(
    name="least_busy",
    rank=rank,
    doc="By the `load` that each would have with this request, the least first: twice the `slots` take twice as many.",
    since="0.1",
)
