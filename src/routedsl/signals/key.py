"""`key`: who asks."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str | None:
    return moment.request.key


SIGNAL = Signal(
    name="key",
    type=Type.TEXT,
    optional=True,
    since="0.1",
    read=read,
    doc="The name of the key that the client proved to have; missing where keys are not used.",
    examples=(
        Example(chat("hi", key="team-a"), "team-a"),
        Example(chat("hi"), None),
    ),
)
