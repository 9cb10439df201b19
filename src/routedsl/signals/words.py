"""`words`: how much text there is, in words."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Cost, Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(len(message.text.split()) for message in moment.request.messages)


SIGNAL = Signal(
    name="words",
    type=Type.COUNT,
    cost=Cost.CHEAP,
    at_most="chars",
    since="0.1",
    read=read,
    doc="Words (runs of anything but white space) of the text of all messages.",
    examples=(
        Example(chat("what is  this?"), 3),
        Example(chat(Message(role="system", text="Be brief."), "hello"), 3),
        Example(chat("你好世界"), 1, "no spaces, one word"),
    ),
)
