"""`tokens_per_minute`: how much a key has read and written for it."""

from routedsl.base.types import Type
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    return moment.world.tokens_per_minute


SIGNAL = Signal(
    name="tokens_per_minute",
    type=Type.COUNT,
    about=About.WORLD,
    since="0.2",
    read=read,
    doc="Tokens, of prompts and answers, of the requests of the client's key that ended in the minute before this one; "
    "where keys are not used, those of everybody.",
    examples=(
        Example(chat("hi", world=World(now=NOON, tokens_per_minute=8000)), 8000),
        Example(chat("hi"), 0, "none has ended"),
    ),
)
