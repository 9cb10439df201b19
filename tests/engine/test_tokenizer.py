"""The token count: its formula at known values, and the bound that is never passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.request import Message, Request
from routedsl.engine.tokenizer import PER_MESSAGE, PER_PROMPT, count_tokens, load_tokenizer, token_bound

OVERHEAD = PER_MESSAGE + PER_PROMPT


def request(*texts: str, tools: tuple[str, ...] = (), calls: str = "") -> Request:
    messages = tuple(Message(role="user", text=text, calls=calls) for text in texts)
    return Request(endpoint="chat", model=None, messages=messages, tools=tools)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("漢字", 2),
        ("😀", 1),
        ("a" * 20_000, 2_500),
        ("<|endoftext|>", 7),
        ("<|im_start|>user", 7),
        ("\x00\x00", 1),
    ],
)
def test_known_counts(text: str, tokens: int) -> None:
    assert count_tokens(request(text)) == tokens + OVERHEAD


def test_messages_tools_and_calls_add_up() -> None:
    assert count_tokens(request()) == PER_PROMPT
    assert count_tokens(request("hello world", "hello world")) == 2 * (2 + PER_MESSAGE) + PER_PROMPT
    assert count_tokens(request("hi", tools=("hello world",) * 3)) == 1 + OVERHEAD + 3 * 2
    assert count_tokens(request("hi", calls="hello world")) == 1 + OVERHEAD + 2


def test_loading_may_be_done_before_the_first_request() -> None:
    load_tokenizer()
    assert count_tokens(request("hi")) == 1 + OVERHEAD


TEXTS = st.text(max_size=50) | st.sampled_from(
    ["<|endoftext|>", "\n\n\n   ", "é" * 9, "اختبار", "👩‍👩‍👧‍👦", "\u0000", "ﷺ"]
)


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=3), TEXTS)
def test_the_bound_is_never_passed(texts: list[str], tools: list[str], calls: str) -> None:
    asked = request(*texts, tools=tuple(tools), calls=calls)
    assert count_tokens(asked) <= token_bound(asked)
