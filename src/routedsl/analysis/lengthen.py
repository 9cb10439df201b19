"""Conversations with as many tokens as demanded: counted by the real tokenizer, corrected until they fit."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import partial

from msgspec.structs import replace

from routedsl.analysis.conversation import Demands, Talk, agrees, spans_of
from routedsl.analysis.wanted import Spans, holds, least

Count = Callable[[Talk], int]
"""The tokens of a conversation."""
Longer = Callable[[int], Talk]
"""A conversation with about so many more tokens."""

MOST = 5_000_000
"""Tokens past which no conversation is made."""
CORRECTIONS = 6
SIZES = ("chars", "words", "last_chars", "system_chars")
"""What a longer text may well change: it is held against what is demanded only when the length is found."""
WORD = " a"
"""One token wherever it stands behind another word."""
DENSE = "\U00013000"
"""A character that the tokenizer does not know."""
IN_DENSE = 4
"""The tokens of that one: its bytes."""


def with_tokens(talk: Talk, spans: Spans, demands: Demands, count: Count) -> Iterator[Talk]:
    """The conversation with tokens in the spans, wherever there is room for more; nothing where it has too many."""
    if least(spans, 0) == 0 and least(spans, MOST) == MOST:
        yield talk
        return
    has = count(talk)
    if holds(spans, has):
        yield talk
    elif least(spans, has) is not None:
        for longer in _ways(talk, demands):
            found = _corrected(longer, spans, count)
            if found is not None and agrees(found, demands):
                yield found
        yield from _denser(talk, spans, count)


def _ways(talk: Talk, demands: Demands) -> Iterator[Longer]:
    """Where more tokens can stand: in words said, in a tool's description, in a call's arguments, in few characters."""
    texts = {name: wanted for name, wanted in demands.items() if name not in SIZES}
    for at in reversed(range(len(talk.speeches))):
        if agrees(_with_words(talk, at, 2), texts):
            yield partial(_with_words, talk, at)
            break
    tools, calls = talk.tools or ("",), talk.calls or ("",)
    if holds(spans_of("tools", demands), len(tools)):
        yield lambda more: replace(talk, tools=("a" + WORD * more, *tools[1:]))
    if holds(spans_of("tool_calls", demands), len(calls)):
        yield lambda more: replace(talk, calls=("a" + WORD * more, *calls[1:]))
    yield partial(_with_dense, talk, len(talk.speeches) - 1)


def _with_words(talk: Talk, at: int, more: int) -> Talk:
    return talk.with_text(at, talk.speeches[at].text + WORD * more)


def _with_dense(talk: Talk, at: int, more: int) -> Talk:
    return talk.with_text(at, talk.speeches[at].text + DENSE * -(-more // IN_DENSE))


def _corrected(longer: Longer, spans: Spans, count: Count) -> Talk | None:
    """Lengthen, count, correct by what it is off."""
    has, more = count(longer(0)), 0
    target = least(spans, has)
    if target is None or target > MOST:
        return None
    for _ in range(CORRECTIONS):
        more += target - has
        if more < 0:
            return None
        talk = longer(more)
        has = count(talk)
        if holds(spans, has):
            return talk
    return None


def _denser(talk: Talk, spans: Spans, count: Count) -> Iterator[Talk]:
    """The same length in characters with more tokens: letters of the longest filling replaced by dearer ones."""
    at = max(range(len(talk.speeches)), key=lambda index: len(talk.speeches[index].text))
    text = talk.speeches[at].text
    run = len(text) - len(text.rstrip("a"))
    target = least(spans, count(talk))
    if run and target is not None:

        def denser(letters: int) -> Talk:
            return talk.with_text(at, text[: len(text) - letters] + DENSE * letters)

        letters = bisect_left(range(run), target, key=lambda letters: count(denser(letters)))
        found = denser(letters)
        if holds(spans, count(found)):
            yield found
