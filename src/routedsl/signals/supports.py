"""`supports`: what a model can take."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal

ABILITIES = ("tools", "images", "audio", "files", "json")


def read(moment: Moment) -> tuple[str, ...] | None:
    return moment.about.supports


SIGNAL = Signal(
    name="supports",
    type=Type.TEXTS,
    about=About.MODEL,
    declared=True,
    optional=True,
    values=ABILITIES,
    since="0.1",
    read=read,
    doc="What the model can take beside text, as declared; missing where unwritten: then it takes anything.",
    examples=(
        Example(candidate(supports=("tools", "images")), ("tools", "images")),
        Example(candidate(), None),
    ),
)
