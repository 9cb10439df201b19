"""`last_chars`: how long the user's last message is."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return len(moment.text("last") or "")


SIGNAL = Signal(
    name="last_chars",
    type=Type.COUNT,
    at_most="chars",
    since="0.1",
    read=read,
    doc="Characters (code points) of `last`.",
    examples=(Example(chat("hello", "bye"), 3),),
)
