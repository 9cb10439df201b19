"""`inflight`: how much a model is doing."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int:
    return moment.state.inflight


SIGNAL = Signal(
    name="inflight",
    type=Type.COUNT,
    about=About.MODEL,
    since="0.1",
    read=read,
    doc="Attempts that wait for the model's answer now.",
    examples=(
        Example(candidate(ModelState(inflight=3)), 3),
        Example(candidate(), 0),
    ),
)
