"""`system`: what the model was told to be."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str:
    return "\n".join(message.text for message in moment.request.messages if message.role == "system" and message.text)


SIGNAL = Signal(
    name="system",
    type=Type.TEXT,
    since="0.1",
    read=read,
    doc="The system prompt (a developer's message is one too), several joined by newlines; empty where there is none.",
    examples=(
        Example(chat(Message(role="system", text="Be brief."), "hello"), "Be brief."),
        Example(chat("hello"), ""),
    ),
)
