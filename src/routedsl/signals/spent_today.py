"""`spent_today`: what a key has cost today."""

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    return moment.world.spent_today


SIGNAL = Signal(
    name="spent_today",
    type=Type.MONEY,
    about=About.WORLD,
    since="0.2",
    read=read,
    doc="What the requests of the client's key have cost since midnight in the policy's `timezone`; "
    "where keys are not used, those of everybody.",
    examples=(
        Example(chat("hi", world=World(now=NOON, spent_today=5 * DOLLAR)), 5 * DOLLAR),
        Example(chat("hi"), 0, "nothing yet"),
    ),
)
