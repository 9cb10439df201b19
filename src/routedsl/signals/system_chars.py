"""`system_chars`: how long the system prompt is."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(len(message.text) for message in moment.request.messages if message.role == "system")


SIGNAL = Signal(
    name="system_chars",
    type=Type.COUNT,
    at_most="chars",
    since="0.1",
    read=read,
    doc="Characters (code points) of the system prompt; what joins several in `system` is not counted.",
    examples=(
        Example(chat(Message(role="system", text="Be brief."), "hello"), 9),
        Example(chat("hello"), 0),
    ),
)
