"""`files`: how many documents are attached."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(message.files for message in moment.request.messages)


SIGNAL = Signal(
    name="files",
    type=Type.COUNT,
    since="0.1",
    read=read,
    doc="Files in all messages.",
    examples=(
        Example(chat("hi"), 0),
        Example(chat("hi", Message(role="user", files=2)), 2),
    ),
)
