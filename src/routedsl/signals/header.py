"""`header`: what the client sent beside the body."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Example, Moment, Signal


def read(moment: Moment) -> str | None:
    return moment.request.headers.get((moment.key or "").lower())


SIGNAL = Signal(
    name="header",
    type=Type.TEXT,
    keyed=True,
    optional=True,
    since="0.1",
    read=read,
    doc="A header by its name, in any case; several of one name are joined by `, `.",
    examples=(
        Example(chat("hi", headers={"x-tier": "gold"}, name="X-Tier"), "gold"),
        Example(chat("hi", name="x-tier"), None),
    ),
)
