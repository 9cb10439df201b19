"""`images`: how many pictures there are."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(message.images for message in moment.request.messages)


SIGNAL = Signal(
    name="images",
    type=Type.COUNT,
    since="0.1",
    read=read,
    doc="Images in all messages.",
    examples=(
        Example(chat("hi"), 0),
        Example(chat("hi", Message(role="user", images=2)), 2),
    ),
)
