"""`spent_month`: what a key has cost this month."""

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    return moment.world.spent_month


SIGNAL = Signal(
    name="spent_month",
    type=Type.MONEY,
    about=About.WORLD,
    since="0.2",
    read=read,
    doc="What the requests of the client's key have cost since the first of the month in the policy's `timezone`; "
    "where keys are not used, those of everybody.",
    examples=(
        Example(chat("hi", world=World(now=NOON, spent_month=80 * DOLLAR)), 80 * DOLLAR),
        Example(chat("hi"), 0, "nothing yet"),
    ),
)
