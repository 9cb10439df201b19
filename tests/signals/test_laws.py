"""What signals promise of every request: their types, their closed lists, and which is never more than which."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.base.types import Value
from routedsl.discover import builtin
from routedsl.engine.example import chat, reading
from routedsl.engine.request import Message, Request
from routedsl.engine.signal import Example, Signal
from routedsl.engine.world import World

CATALOG = builtin()
LAWS = [(signal, CATALOG.signals[signal.at_most]) for signal in CATALOG.signals.values() if signal.at_most]
SMALL = st.integers(0, 3)
TEXTS = st.text(max_size=20) | st.sampled_from(["", "a b\n c", "\n\n", "\u2028\x1f ", "<|endoftext|>", "漢字 😀\u0301"])
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool", "critic"]),
    text=TEXTS,
    images=SMALL,
    audio=SMALL,
    files=SMALL,
    tool_calls=SMALL,
    calls=TEXTS,
)
WORDS = st.none() | TEXTS
REQUESTS = st.builds(
    Request,
    endpoint=st.just("chat"),
    model=WORDS,
    messages=st.lists(MESSAGES, max_size=5),
    id=TEXTS,
    headers=st.just({"x-tier": "gold"}),
    key=WORDS,
    tools=st.lists(TEXTS, max_size=3),
    json=st.booleans(),
    stream=st.booleans(),
    max_tokens=st.none() | st.integers(0, 10**9),
    temperature=st.none() | st.floats(0, 2),
    effort=WORDS | st.sampled_from(["low", "high"]),
    user=WORDS,
    session=WORDS,
    metadata=st.just({"team": "search"}),
)


def read(signal: Signal, request: Request) -> Value:
    moment = replace(chat(name="x-tier", world=World(now=datetime(2026, 5, 5, tzinfo=UTC))), request=request)
    return reading(signal, Example(moment, None), {**CATALOG.signals, **CATALOG.model_facts})


@pytest.mark.parametrize(("less", "more"), LAWS, ids=lambda signal: signal.name)
@given(REQUESTS)
def test_a_signal_is_at_most_the_one_it_names(less: Signal, more: Signal, request: Request) -> None:
    small, large = read(less, request), read(more, request)
    assert isinstance(small, int)
    assert isinstance(large, int)
    assert 0 <= small <= large


@given(REQUESTS)
def test_every_signal_can_be_read_of_every_request(request: Request) -> None:
    for signal in CATALOG.signals.values():
        value = read(signal, request)
        assert value is not None or signal.optional
        assert value is None or not signal.values or value in signal.values
        assert not isinstance(value, int) or value >= 0


@given(REQUESTS)
def test_texts_are_parts_of_the_whole_text(request: Request) -> None:
    text = read(CATALOG.signals["text"], request)
    assert isinstance(text, str)
    for name in ("last", "system"):
        part = read(CATALOG.signals[name], request)
        assert isinstance(part, str)
        assert all(line in text for line in part.split("\n"))
