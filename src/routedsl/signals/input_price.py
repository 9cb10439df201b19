"""`input_price`: what a model takes for reading."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> int:
    return moment.about.input_price


SIGNAL = Signal(
    name="input_price",
    type=Type.MONEY,
    about=About.MODEL,
    declared=True,
    since="0.1",
    read=read,
    doc="The price of a million tokens of prompt, as declared; nothing where unwritten.",
    examples=(
        Example(candidate(input_price=2_500_000_000_000), 2_500_000_000_000),
        Example(candidate(), 0),
    ),
)
