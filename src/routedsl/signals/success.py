"""`success`: how often a model's answers were good."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    return moment.state.success


SIGNAL = Signal(
    name="success",
    type=Type.SHARE,
    about=About.MODEL,
    optional=True,
    better=True,
    since="0.1",
    read=read,
    doc="The share of good outcomes in the history of the model; missing until measured.",
    examples=(
        Example(candidate(ModelState(success=900_000)), 900_000),
        Example(candidate(), None),
    ),
)
