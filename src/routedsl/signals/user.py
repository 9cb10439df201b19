"""`user`: for whom the client asks."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str | None:
    return moment.request.user


SIGNAL = Signal(
    name="user",
    type=Type.TEXT,
    optional=True,
    since="0.1",
    read=read,
    doc="The user that the client names in the body; its own word, nothing that was proved.",
    examples=(
        Example(chat("hi", user="u-17"), "u-17"),
        Example(chat("hi"), None),
    ),
)
