"""`latency`: how fast a model answers."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    return moment.state.latency


SIGNAL = Signal(
    name="latency",
    type=Type.DURATION,
    about=About.MODEL,
    optional=True,
    since="0.1",
    read=read,
    doc="The recent median of how long an answer takes; missing until measured.",
    examples=(
        Example(candidate(ModelState(latency=800_000)), 800_000),
        Example(candidate(), None),
    ),
)
