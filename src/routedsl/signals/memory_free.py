"""`memory_free`: how much room its graphics cards have."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    return moment.state.memory_free


SIGNAL = Signal(
    name="memory_free",
    type=Type.SHARE,
    about=About.MODEL,
    optional=True,
    better=True,
    since="0.2",
    read=read,
    doc="The share that is free of the memory of this machine's graphics cards; missing for servers elsewhere.",
    examples=(
        Example(candidate(ModelState(memory_free=250_000)), 250_000),
        Example(candidate(), None),
    ),
)
