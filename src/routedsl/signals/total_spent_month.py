"""`total_spent_month`: what everybody together has cost this month."""

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    return moment.world.total_spent_month


SIGNAL = Signal(
    name="total_spent_month",
    type=Type.MONEY,
    about=About.WORLD,
    since="0.2",
    read=read,
    doc="What all requests have cost since the first of the month in the policy's `timezone`, whoever's they were.",
    examples=(
        Example(chat("hi", world=World(now=NOON, total_spent_month=800 * DOLLAR)), 800 * DOLLAR),
        Example(chat("hi"), 0, "nothing yet"),
    ),
)
