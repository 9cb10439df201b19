"""`first_token`: how soon a model begins to answer."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    return moment.state.first_token


SIGNAL = Signal(
    name="first_token",
    type=Type.DURATION,
    about=About.MODEL,
    optional=True,
    since="0.1",
    read=read,
    doc="The recent median of how long a stream's first token takes; missing until measured.",
    examples=(
        Example(candidate(ModelState(first_token=200_000)), 200_000),
        Example(candidate(), None),
    ),
)
