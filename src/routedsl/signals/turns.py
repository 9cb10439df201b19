"""`turns`: how many times the user has spoken."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(message.role == "user" for message in moment.request.messages)


SIGNAL = Signal(
    name="turns",
    type=Type.COUNT,
    at_most="messages",
    since="0.1",
    read=read,
    doc="Messages of the user; results of tools are none.",
    examples=(
        Example(chat("hello"), 1),
        Example(
            chat(Message(role="system", text="Be brief."), "hello", Message(role="assistant", text="Hi."), "bye"), 2
        ),
        Example(chat("look it up", Message(role="tool", text="42")), 1, "a tool has answered"),
    ),
)
