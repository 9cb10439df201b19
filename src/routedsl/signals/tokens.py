"""`tokens`: how long the prompt is, as a model counts."""

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.signal import Cost, Example, Moment, Signal
from routedsl.engine.tokenizer import count_tokens


def read(moment: Moment) -> int:
    return count_tokens(moment.request)


SIGNAL = Signal(
    name="tokens",
    type=Type.COUNT,
    cost=Cost.DEAR,
    at_most="total_tokens",
    since="0.1",
    read=read,
    doc="Tokens of the prompt by one tokenizer for all models (o200k): texts, tool calls, offered tools, "
    "4 for each message and 3 for the whole; images, audio and files count nothing.",
    examples=(
        Example(chat("hello world"), 9),
        Example(chat("<|endoftext|>"), 14, "special tokens are plain text"),
        Example(chat("hi", tools=['{"type":"function","function":{"name":"f"}}']), 19),
    ),
)
