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
    doc="What the model's server has to do, as a share of what it takes at once; over 100% some of it waits.",
    examples=(
        Example(candidate(ModelState(load=500_000)), 500_000),
        Example(candidate(), 0),
    ),
)
