"""`stream`: whether the answer is sent as it is made."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> bool:
    return moment.request.stream


SIGNAL = Signal(
    name="stream",
    type=Type.BOOL,
    since="0.1",
    read=read,
    doc="A stream is asked for.",
    examples=(
        Example(chat("hi"), False),
        Example(chat("hi", stream=True), True),
    ),
)
