"""`endpoint`: what kind of answer is asked for."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal

ENDPOINTS = ("chat", "messages", "responses", "completions", "embeddings")


def read(moment: Moment) -> str:
    return moment.request.endpoint


SIGNAL = Signal(
    name="endpoint",
    type=Type.TEXT,
    values=ENDPOINTS,
    since="0.1",
    read=read,
    doc="The endpoint that was called.",
    examples=(Example(chat("hi"), "chat"),),
)
