"""`total_tokens`: the prompt with room for the answer."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Cost, Example, Moment, Signal


def read(moment: Moment) -> int:
    return moment.count("tokens") + (moment.request.max_tokens or 0)


SIGNAL = Signal(
    name="total_tokens",
    type=Type.COUNT,
    cost=Cost.DEAR,
    since="0.1",
    read=read,
    doc="`tokens`, and `max_tokens` where the client gives it: what must fit in a context window.",
    examples=(
        Example(chat("hello world"), 9),
        Example(chat("hello world", max_tokens=100), 109),
    ),
)
