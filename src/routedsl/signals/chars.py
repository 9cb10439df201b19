"""`chars`: how much text there is, in characters."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Cost, Example, Moment, Signal


def read(moment: Moment) -> int:
    return sum(len(message.text) for message in moment.request.messages)


SIGNAL = Signal(
    name="chars",
    type=Type.COUNT,
    cost=Cost.CHEAP,
    since="0.1",
    read=read,
    doc="Characters (code points) of the text of all messages; what joins the messages in `text` is not counted.",
    examples=(
        Example(chat("hello"), 5),
        Example(chat(Message(role="system", text="Be brief."), "héllo"), 14),
    ),
)
