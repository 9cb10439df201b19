"""`speed`: how fast a model writes."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> float | None:
    return moment.state.speed


SIGNAL = Signal(
    name="speed",
    type=Type.NUMBER,
    about=About.MODEL,
    optional=True,
    better=True,
    since="0.1",
    read=read,
    doc="Tokens per second while the model answers; missing until measured.",
    examples=(
        Example(candidate(ModelState(speed=42.5)), 42.5),
        Example(candidate(), None),
    ),
)
