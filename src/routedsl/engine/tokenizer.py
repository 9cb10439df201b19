"""Tokens of a prompt, counted offline by one real tokenizer for all models, and a cheap bound on them.

The count is the tokens (o200k) of every message's text and tool calls and of every offered tool's
JSON, and what a chat template puts around them: `PER_MESSAGE` and `PER_PROMPT`. Images, audio and
files count nothing. What looks like a special token (`<|endoftext|>`) is plain text here.
"""

from collections.abc import Iterator

import toktok

from routedsl.engine.request import Request

ENCODING = "o200k_base"
PER_MESSAGE = 4
PER_PROMPT = 3


def count_tokens(request: Request) -> int:
    """The tokens of the prompt, tools included. The first call loads the vocabulary, a third of a second."""
    counts: list[int] = toktok.batch_count(_texts(request), ENCODING, threads=1)
    return sum(counts) + _overhead(request)


def token_bound(request: Request) -> int:
    """At least `count_tokens`, many times faster and without the vocabulary.

    Every token of a byte-level tokenizer stands for one byte or more.
    """
    return sum(map(_utf8_length, _texts(request))) + _overhead(request)


def load_tokenizer() -> None:
    """Load the vocabulary now, so that no request waits for it."""
    toktok.batch_count(["a"], ENCODING, threads=1)


def _texts(request: Request) -> Iterator[str]:
    for message in request.messages:
        if message.text:
            yield message.text
        if message.calls:
            yield message.calls
    yield from request.tools


def _overhead(request: Request) -> int:
    return PER_MESSAGE * len(request.messages) + PER_PROMPT


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
