"""`slots`: how much a model's server does at once."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    return moment.about.slots if moment.state.slots is None else moment.state.slots


SIGNAL = Signal(
    name="slots",
    type=Type.COUNT,
    about=About.MODEL,
    optional=True,
    since="0.2",
    read=read,
    doc="How many requests its server works on at once, as declared or as it tells; missing where neither says.",
    examples=(
        Example(candidate(slots=4), 4, "declared"),
        Example(candidate(ModelState(slots=2), slots=4), 2, "the server tells"),
        Example(candidate(), None),
    ),
)
