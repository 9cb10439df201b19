"""`session`: to which conversation a request belongs."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str | None:
    return moment.request.session


SIGNAL = Signal(
    name="session",
    type=Type.TEXT,
    optional=True,
    since="0.1",
    read=read,
    doc="The conversation that the client names in a header or in the body.",
    examples=(
        Example(chat("hi", session="s-1"), "s-1"),
        Example(chat("hi"), None),
    ),
)
