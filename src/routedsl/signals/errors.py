"""`errors`: how often a model fails."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int:
    return moment.state.errors


SIGNAL = Signal(
    name="errors",
    type=Type.SHARE,
    about=About.MODEL,
    since="0.1",
    read=read,
    doc="The recent share of attempts that failed; 0 until measured.",
    examples=(
        Example(candidate(ModelState(errors=50_000)), 50_000),
        Example(candidate(), 0),
    ),
)
