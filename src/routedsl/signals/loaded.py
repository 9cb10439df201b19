"""`loaded`: whether a model is in memory."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> bool | None:
    return moment.state.loaded


SIGNAL = Signal(
    name="loaded",
    type=Type.BOOL,
    about=About.MODEL,
    optional=True,
    since="0.2",
    read=read,
    doc="The model is in its server's memory, ready to answer; missing where the server does not tell.",
    examples=(
        Example(candidate(ModelState(loaded=False)), False),
        Example(candidate(ModelState(loaded=True)), True),
        Example(candidate(), None),
    ),
)
