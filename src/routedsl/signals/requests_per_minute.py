"""`requests_per_minute`: how often a key asks."""

from routedsl.base.types import Type
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    return moment.world.requests_per_minute


SIGNAL = Signal(
    name="requests_per_minute",
    type=Type.COUNT,
    about=About.WORLD,
    since="0.2",
    read=read,
    doc="Requests of the client's key in the minute before this one, without those that were rejected; "
    "where keys are not used, those of everybody.",
    examples=(
        Example(chat("hi", world=World(now=NOON, requests_per_minute=60)), 60),
        Example(chat("hi"), 0, "it is the first"),
    ),
)
