"""`effort`: how hard the model shall think."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")


def read(moment: Moment) -> str | None:
    effort = moment.request.effort
    return effort if effort in EFFORTS else None


SIGNAL = Signal(
    name="effort",
    type=Type.TEXT,
    values=EFFORTS,
    optional=True,
    since="0.1",
    read=read,
    doc="The reasoning effort that the client asks for; missing where it asks for none of these.",
    examples=(
        Example(chat("hi", effort="high"), "high"),
        Example(chat("hi"), None),
        Example(chat("hi", effort="heroic"), None, "no such effort"),
    ),
)
