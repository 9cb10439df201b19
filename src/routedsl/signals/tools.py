"""`tools`: how many tools the model may use."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int:
    return len(moment.request.tools)


SIGNAL = Signal(
    name="tools",
    type=Type.COUNT,
    since="0.1",
    read=read,
    doc="Tools that the client offers to the model.",
    examples=(
        Example(chat("hi"), 0),
        Example(chat("hi", tools=['{"type":"function","function":{"name":"f"}}']), 1),
    ),
)
