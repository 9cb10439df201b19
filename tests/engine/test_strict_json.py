"""Strict JSON: what is taken, what is refused, and that the quick look for doubled keys equals the slow one."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routedsl.engine.request import RequestError
from routedsl.engine.strict_json import DEEPEST, MOST, is_crowded, read_body, read_json


def refusal(text: bytes) -> str | None:
    try:
        read_json(text)
    except RequestError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b" ",
            b"{",
            b'{"a"',
            b"[1,]",
            b"{'a': 1}",
            b"{a: 1}",
            b"{} x",
            b"nul",
            b"01",
            b"+1",
            b".5",
            b"\x00",
            b"//",
        ),
        *(b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"1e999", b"1" * 5000),
        *(b'"\xff"', b"\xff", b'"\xed\xa0\x80"', b'"\xc0\xaf"', b"\xef\xbb\xbf{}", "{}".encode("utf-16")),
        *(rb'"\ud800"', rb'"\udc00 abcdef"', rb'"\ud800A"', rb'{"\ud800": 1}', rb'"\ud800\ud800"', rb'"\ud83d'),
        *(b'"a\x01"', b'"a\n"', rb'"\x41"'),
        *(b"[" * 10_000 + b"]" * 10_000, b"[" * 10_000, b'{"a":' * 500_000, b"[" * 2_000_000),
        *(b"[" + value * MOST + b"1]" for value in (b"[],", b"{},", b'"{",', b"1,", rb'"\\",', rb'"\"",')),
        b"[" * (DEEPEST + 1) + b"1" + b"]" * (DEEPEST + 1),
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
    ],
)
def test_what_is_not_strict_json_is_refused(text: bytes) -> None:
    assert refusal(text) == "invalid_json"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b' {"a": [1, 2.5, -0.5e3, true, false, null, "x"]}\r\n', {"a": [1, 2.5, -500.0, True, False, None, "x"]}),
        (b'"\\ud83d\\ude00 \\u00e9 \\u0000 \xf0\x9f\x98\x80"', "😀 é \x00 😀"),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"[" * DEEPEST + b"1" + b"]" * DEEPEST, json.loads("[" * DEEPEST + "1" + "]" * DEEPEST)),
        (b'{"a": {"b": 1}, "b": {"a": 1, "b:": ":"}}', {"a": {"b": 1}, "b": {"a": 1, "b:": ":"}}),
        (b"[" + b"1," * (MOST - 2) + b"1]", [1] * (MOST - 1)),
        (b'["' + rb"{[,\",\\" * MOST + b'"]', ['{[,",\\' * MOST]),
        (rb'{"a": "\u003a", "b": "\u003A"}', {"a": ":", "b": ":"}),
    ],
)
def test_what_is_strict_json_is_read(text: bytes, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": [{"c": 1, "d": 2, "c": 3}]}}',
        rb'{"a": 1, "\u0061": 2}',
        rb'{"a": 0, "a": "\u003a"}',
        rb'{"a": 0, "a": "\u003A"}',
        rb'{"a": ":", "a": "\u003a\u003a"}',
        b'{"": 1, "": 2}',
    ],
)
def test_a_doubled_key_is_refused(text: bytes) -> None:
    assert refusal(text) == "duplicate_key"


TEXTS = st.text(st.sampled_from('ab:{}[]"\\\nu03Aé😀'), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS


def written(value: object, escape: bool) -> str:
    """JSON text of a value in which an object is a tuple of pairs, so that keys may be doubled."""
    match value:
        case tuple():
            members = (f"{written(key, escape)}: {written(inner, escape)}" for key, inner in value)
            return "{" + ", ".join(members) + "}"
        case list():
            return "[" + ",".join(written(inner, escape) for inner in value) + "]"
        case str() if escape:
            return '"' + "".join(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else char for char in value) + '"'
        case _:
            return json.dumps(value, ensure_ascii=escape)


VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(TEXTS, inner), max_size=4).map(tuple),
    max_leaves=12,
)


@given(VALUES, st.booleans())
@example((("a", 0), ("a", ":")), True)
def test_the_quick_look_for_doubled_keys_equals_the_slow_one(value: object, escape: bool) -> None:
    text = written(value, escape)
    doubled = []

    def hook(pairs: list[tuple[str, object]]) -> dict[str, object]:
        doubled.append(len(dict(pairs)) != len(pairs))
        return dict(pairs)

    plain = json.loads(text, object_pairs_hook=hook)
    assert refusal(text.encode()) == ("duplicate_key" if any(doubled) else None)
    if not any(doubled):
        assert read_json(text.encode()) == plain


def count(value: object) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count, inside))


@given(VALUES, st.booleans())
def test_values_are_counted_without_being_made(value: object, escape: bool) -> None:
    text = written(value, escape)
    values = count(json.loads(text))
    doubled = refusal(text.encode()) == "duplicate_key"
    assert doubled or is_crowded(text.encode(), values - 1)
    assert doubled or not is_crowded(text.encode(), 2 * values)


@pytest.mark.parametrize("depth", [DEEPEST, 900])
def test_a_wide_list_deep_inside_takes_no_more_room_than_elsewhere(depth: int) -> None:
    text = b"[" * depth + b"1" + b",1" * 100_000 + b"]" * depth
    tracemalloc.start()
    try:
        refusal(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(text)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    assert refusal(text) in (None, "invalid_json", "duplicate_key")


@pytest.mark.parametrize(
    "text",
    [
        b'{"model": "a", "Model": "b"}',
        b'{"MAX_TOKENS": 1, "messages": [], "max_tokens": 2}',
        '{"stream": false, "\u017ftream": true}'.encode(),
        rb'{"metadata": {}, "tool\u212as": [], "toolks": []}',
        b'{"messages": [{"role": "user", "content": "a", "Content": "b"}]}',
        b'{"messages": [{"content": [{"type": "text", "text": "a", "TEXT": "b"}]}]}',
    ],
)
def test_keys_that_some_servers_take_for_one_are_refused(text: bytes) -> None:
    assert read_json(text)
    with pytest.raises(RequestError, match="are the same key to some servers") as told:
        read_body(text)
    assert told.value.code == "duplicate_key"


@pytest.mark.parametrize(
    "text",
    [
        b'{"model": "a", "Models": "b", "": 1, "X-1": 2}',
        b'{"tools": [{"input_schema": {"properties": {"id": {}, "ID": {}}}}]}',
        b'{"messages": [{"content": [{"type": "tool_use", "input": {"a": 1, "A": 2}}]}]}',
        b"[]",
        b"7",
    ],
)
def test_keys_that_are_nobodys_business_may_differ_by_case(text: bytes) -> None:
    assert read_body(text) == json.loads(text)
