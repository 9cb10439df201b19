"""`json`: whether the answer must be JSON."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> bool:
    return moment.request.json


SIGNAL = Signal(
    name="json",
    type=Type.BOOL,
    since="0.1",
    read=read,
    doc="A JSON answer is asked for, with a schema or without.",
    examples=(
        Example(chat("hi"), False),
        Example(chat("hi", json=True), True),
    ),
)
