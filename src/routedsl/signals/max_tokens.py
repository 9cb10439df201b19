"""`max_tokens`: how long the answer may be."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> int | None:
    return moment.request.max_tokens


SIGNAL = Signal(
    name="max_tokens",
    type=Type.COUNT,
    optional=True,
    since="0.1",
    read=read,
    doc="The most tokens that the client wants in the answer; missing where it sets no bound.",
    examples=(
        Example(chat("hi", max_tokens=100), 100),
        Example(chat("hi"), None),
    ),
)
