"""`context`: how much a model can read."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> int | None:
    return moment.about.context


SIGNAL = Signal(
    name="context",
    type=Type.COUNT,
    about=About.MODEL,
    declared=True,
    optional=True,
    better=True,
    since="0.1",
    read=read,
    doc="The tokens that prompt and answer may have together, as declared; missing where unwritten.",
    examples=(
        Example(candidate(context=8000), 8000),
        Example(candidate(), None),
    ),
)
