"""`upstream`: where a model runs."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> str | None:
    return moment.about.upstream


SIGNAL = Signal(
    name="upstream",
    type=Type.TEXT,
    about=About.MODEL,
    declared=True,
    optional=True,
    since="0.1",
    read=read,
    doc="The name of the upstream where the model answers, as declared.",
    examples=(
        Example(candidate(upstream="cloud"), "cloud"),
        Example(candidate(), None),
    ),
)
