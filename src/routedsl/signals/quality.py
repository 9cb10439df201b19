"""`quality`: how able a model is."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> float | None:
    return moment.about.quality


SIGNAL = Signal(
    name="quality",
    type=Type.NUMBER,
    about=About.MODEL,
    declared=True,
    optional=True,
    better=True,
    since="0.1",
    read=read,
    doc="The model's quality, from 0 to 100, as declared.",
    examples=(
        Example(candidate(quality=90), 90),
        Example(candidate(), None),
    ),
)
