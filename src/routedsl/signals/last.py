"""`last`: what the user said last."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str:
    return next((message.text for message in reversed(moment.request.messages) if message.role == "user"), "")


SIGNAL = Signal(
    name="last",
    type=Type.TEXT,
    since="0.1",
    read=read,
    doc="The text of the user's last message; empty where there is none.",
    examples=(
        Example(chat("hello", Message(role="assistant", text="Hi."), "bye"), "bye"),
        Example(chat(Message(role="system", text="Be brief.")), ""),
    ),
)
