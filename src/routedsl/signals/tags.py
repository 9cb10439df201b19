"""`tags`: what people call a model."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> tuple[str, ...]:
    return moment.about.tags


SIGNAL = Signal(
    name="tags",
    type=Type.TEXTS,
    about=About.MODEL,
    declared=True,
    since="0.1",
    read=read,
    doc="The model's tags, as declared.",
    examples=(
        Example(candidate(tags=("paid", "eu")), ("paid", "eu")),
        Example(candidate(), ()),
    ),
)
