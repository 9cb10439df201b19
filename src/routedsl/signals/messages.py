"""`messages`: how long the conversation is."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return len(moment.request.messages)


SIGNAL = Signal(
    name="messages",
    type=Type.COUNT,
    since="0.1",
    read=read,
    doc="All messages, the system prompt counted as one wherever the dialect puts it.",
    examples=(
        Example(chat("hello"), 1),
        Example(chat(Message(role="system", text="Be brief."), "hello"), 2),
    ),
)
