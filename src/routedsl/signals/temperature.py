"""`temperature`: how free the answer may be."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> float | None:
    return moment.request.temperature


SIGNAL = Signal(
    name="temperature",
    type=Type.NUMBER,
    optional=True,
    since="0.1",
    read=read,
    doc="The sampling temperature; missing where the client leaves it to the model.",
    examples=(
        Example(chat("hi", temperature=0.2), 0.2),
        Example(chat("hi"), None),
    ),
)
