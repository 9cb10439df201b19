"""`total_spent_today`: what everybody together has cost today."""

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    return moment.world.total_spent_today


SIGNAL = Signal(
    name="total_spent_today",
    type=Type.MONEY,
    about=About.WORLD,
    since="0.2",
    read=read,
    doc="What all requests have cost since midnight in the policy's `timezone`, whoever's they were.",
    examples=(
        Example(chat("hi", world=World(now=NOON, total_spent_today=50 * DOLLAR)), 50 * DOLLAR),
        Example(chat("hi"), 0, "nothing yet"),
    ),
)
