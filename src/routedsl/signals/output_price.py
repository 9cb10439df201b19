"""`output_price`: what a model takes for writing."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> int:
    return moment.about.output_price


SIGNAL = Signal(
    name="output_price",
    type=Type.MONEY,
    about=About.MODEL,
    declared=True,
    since="0.1",
    read=read,
    doc="The price of a million tokens of answer, as declared; nothing where unwritten.",
    examples=(
        Example(candidate(output_price=10_000_000_000_000), 10_000_000_000_000),
        Example(candidate(), 0),
    ),
)
