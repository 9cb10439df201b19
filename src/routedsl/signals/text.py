"""`text`: all that has been said."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Cost, Example, Moment, Signal


def read(moment: Moment) -> str:
    return "\n".join(message.text for message in moment.request.messages if message.text)


SIGNAL = Signal(
    name="text",
    type=Type.TEXT,
    cost=Cost.CHEAP,
    since="0.1",
    read=read,
    doc="The text of all messages, joined by newlines; empty where there is none.",
    examples=(
        Example(chat("hello"), "hello"),
        Example(chat(Message(role="system", text="Be brief."), "hello"), "Be brief.\nhello"),
        Example(chat(Message(role="user", images=1)), "", "a picture alone"),
    ),
)
