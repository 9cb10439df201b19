"""`tool_calls`: how often the model has used tools."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(message.tool_calls for message in moment.request.messages)


SIGNAL = Signal(
    name="tool_calls",
    type=Type.COUNT,
    since="0.1",
    read=read,
    doc="Tool calls that the model has made so far.",
    examples=(
        Example(chat("hi"), 0),
        Example(chat("hi", Message(role="assistant", tool_calls=2)), 2),
    ),
)
