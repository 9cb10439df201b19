"""`queue`: how many requests wait for a model."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int:
    return moment.state.queue


SIGNAL = Signal(
    name="queue",
    type=Type.COUNT,
    about=About.MODEL,
    since="0.1",
    read=read,
    doc="Requests that wait for their turn at the model's server, as it tells; 0 where it does not.",
    examples=(
        Example(candidate(ModelState(queue=2)), 2),
        Example(candidate(), 0),
    ),
)
