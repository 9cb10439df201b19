"""`load`: how busy a model is."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int:
    return moment.state.load


SIGNAL = Signal(
    name="load",
    type=Type.SHARE,
    about=About.MODEL,
    since="0.1",
    read=read,
    doc="The share in use of what the model's hardware can take; 0 until measured.",
    examples=(
        Example(candidate(ModelState(load=500_000)), 500_000),
        Example(candidate(), 0),
    ),
)
