"""`metadata`: what the client noted on the request."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str | None:
    return moment.request.metadata.get(moment.key or "")


SIGNAL = Signal(
    name="metadata",
    type=Type.TEXT,
    keyed=True,
    optional=True,
    since="0.1",
    read=read,
    doc="A value of the body's `metadata` by its name.",
    examples=(
        Example(chat("hi", metadata={"team": "search"}, name="team"), "search"),
        Example(chat("hi", name="team"), None),
    ),
)
