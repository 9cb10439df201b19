"""`up`: whether a model can be called at all."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> bool:
    return moment.state.up


SIGNAL = Signal(
    name="up",
    type=Type.BOOL,
    about=About.MODEL,
    since="0.1",
    read=read,
    doc="The model's breaker is closed and nothing says that it is sick.",
    examples=(
        Example(candidate(ModelState(up=False)), False),
        Example(candidate(), True),
    ),
)
