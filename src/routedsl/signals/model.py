"""`model`: what the client asked for."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str:
    return "auto" if moment.request.model is None else moment.request.model


SIGNAL = Signal(
    name="model",
    type=Type.TEXT,
    since="0.1",
    read=read,
    doc="The model that the client asked for; `auto` where it named none.",
    examples=(
        Example(chat("hi", model="gpt-4o"), "gpt-4o"),
        Example(chat("hi", model=None), "auto"),
    ),
)
