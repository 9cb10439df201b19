"""Files of requests: how they are cut into lines, and that nothing in one gets past as anything but an error."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.discover import builtin
from routedsl.engine.case import Case
from routedsl.engine.request import RequestError
from routedsl.engine.world import ModelState, World
from routedsl.loading.envelope import case_from, read_case, split_cases

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HI = {"messages": [{"role": "user", "content": "hi"}]}
LINE = json.dumps(HI).encode()


def read(line: bytes) -> Case:
    return read_case(line, builtin(), NOW)


def refusal(line: bytes) -> tuple[str, str]:
    with pytest.raises(RequestError) as error:
        read(line)
    return error.value.code, error.value.message


def around(**envelope: Any) -> bytes:
    return json.dumps({**envelope, "body": HI}).encode()


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b" \n\r\n\t", []),
        (LINE, [LINE]),
        (LINE + b"\n", [LINE + b"\n"]),
        (LINE + b"\n\n" + LINE + b"\n", [LINE, LINE]),
        (LINE + b"\r\n" + LINE, [LINE, LINE]),
        (b"\xef\xbb\xbf" + LINE + b"\n" + LINE, [LINE, LINE]),
        (b"[" + LINE + b",\n" + LINE + b"]", [LINE, LINE]),
        (b"[]", []),
        (b'{"a":\n1}', [b'{"a":\n1}']),
    ],
)
def test_a_file_is_one_value_or_a_list_or_lines(data: bytes, lines: list[bytes]) -> None:
    assert list(split_cases(data)) == lines


@pytest.mark.parametrize(
    "data",
    [
        b'{\n  "messages": [\n    {"role": "user", "content": "hi"}\n  ],\n}\n',
        b'[\n  {"messages": []},\n  {"messages": [}\n]\n',
        b'{"a": 1,\n"b": }',
        b"two lines\nof noise\n",
        LINE + LINE,
    ],
)
def test_a_broken_request_is_one_however_it_is_laid_out(data: bytes) -> None:
    (line,) = split_cases(data)
    assert refusal(line)[0] == "invalid_json"


@pytest.mark.parametrize(
    "data",
    [
        LINE + b"\n{broken\n" + LINE,
        b"{broken\n" + LINE + b"\n{broken",
        LINE + b"\n# a comment\nnoise",
    ],
)
def test_a_broken_line_is_one_of_its_own(data: bytes) -> None:
    assert list(split_cases(data)) == data.split(b"\n")


def test_an_envelope_has_what_stands_around_the_body() -> None:
    case = read(
        around(
            id="r1",
            headers={"X-Tier": "gold", "x-TIER": "silver"},
            key="team-a",
            world={
                "time": "2026-01-31T09:30:00+01:00",
                "draw": 0.25,
                "sticky": "tiny",
                "sticky_age": "5m",
                "sticky_before": {"large": 400, "medium": "7m"},
                "models": {
                    "tiny": {"up": False, "latency": "800ms", "first_token": 0.1, "load": 0.5, "success": "99%"}
                },
            },
            facts={
                "tokens": "8k",
                'header["X-Tier"]': None,
                "tiny.cost": "$0.05",
                "time": "09:30",
                "tiny.tags": ["eu"],
            },
        )
    )
    assert case.id == case.request.id == "r1"
    assert case.request.headers == {"x-tier": "gold, silver"}
    assert case.request.key == "team-a"
    tiny = ModelState(up=False, latency=800_000, first_token=100_000, load=500_000, success=990_000)
    now = datetime.fromisoformat("2026-01-31T09:30:00+01:00")
    assert case.world == World(
        now=now,
        draw=250_000,
        models={"tiny": tiny},
        sticky="tiny",
        sticky_age=300_000_000,
        sticky_before={"large": 400_000_000, "medium": 420_000_000},
    )
    assert case.pinned == {
        "tokens": 8_000,
        'header["x-tier"]': None,
        "tiny.cost": 50_000_000_000,
        "time": 570,
        "tiny.tags": ("eu",),
    }


def test_an_envelope_tells_what_was_spent_and_how_long_answers_are() -> None:
    case = read(
        around(
            world={
                "spent_today": 4.5,
                "total_spent_month": "$80",
                "tokens_per_minute": "8k",
                "models": {"tiny": {"typical_output": 300, "typical_outputs": {"quick": 40}}},
            }
        )
    )
    assert case.world == World(
        now=NOW,
        spent_today=4_500_000_000_000,
        total_spent_month=80 * 10**12,
        tokens_per_minute=8_000,
        models={"tiny": ModelState(typical_output=300, typical_outputs={"quick": 40})},
    )


def test_what_an_envelope_leaves_out_is_now_up_and_not_measured() -> None:
    case = read(around())
    assert (case.id, case.world, case.pinned) == (None, World(now=NOW), {})
    assert read(around(id=None, world=None, facts=None, headers=None)).world == World(now=NOW)


def test_a_request_without_an_id_has_its_bodys_digest() -> None:
    first, again, other = read(LINE), read(around()), read(LINE.replace(b"hi", b"ho"))
    assert first.request.id == again.request.id != other.request.id


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (around(wrold={}), "invalid_request", "`wrold` must be left out: there are `id`"),
        (around(world={"models": {"tiny": {"latencie": 1}}}), "invalid_request", "`world.models.tiny.latencie`"),
        (around(world={"models": {"tiny": {"up": 1}}}), "invalid_request", "must be true or false"),
        (around(world={"models": {"tiny": {"latency": "fast"}}}), "invalid_request", "such as `800ms`"),
        (
            around(world={"models": {"tiny": {"typical_outputs": 3}}}),
            "invalid_request",
            "`world.models.tiny.typical_out",
        ),
        (around(world={"models": {"a": {"typical_outputs": {"r": "many"}}}}), "invalid_request", "must be a count"),
        (around(world={"spent_today": "5 euros"}), "invalid_request", "dollars, or a text such as `$0.05`"),
        (around(world={"spent_month": -1}), "invalid_request", "`world.spent_month`"),
        (around(world={"requests_per_minute": 1.5}), "invalid_request", "`world.requests_per_minute` must be a count"),
        (around(world={"draw": 1.0}), "invalid_request", "`world.draw` must be a share below 1"),
        (around(world={"time": 1_700_000_000}), "invalid_request", "a time with its zone"),
        (around(facts={"tokens": 10**400}), "invalid_request", "`facts.tokens`"),
        (around(facts={"tiny.latency": 1e308}), "invalid_request", "`facts.tiny.latency`"),
        (around(facts={"tiny.latency": -1}), "invalid_request", "`facts.tiny.latency`"),
        (around(facts={"nonsense": 1}), "invalid_request", "`facts.nonsense` must be left out: it is no fact"),
        (around(facts={"nonsense.up": 1, "up": True}), "invalid_request", "`facts.nonsense.up`"),
        (b'{"facts": {"chars": NaN}, "body": ' + LINE + b"}", "invalid_json", ""),
        (b'{"facts": {"chars": 1, "chars": 2}, "body": ' + LINE + b"}", "duplicate_key", "`chars`"),
        (b'{"key": "a", "key": "b", "body": ' + LINE + b"}", "duplicate_key", "envelope"),
        (b'{"facts": ' + b"[" * 100_000 + b', "body": ' + LINE + b"}", "invalid_json", "deeper than"),
        (b'{"body": ' + b" " * 30_000_000 + b"1}", "invalid_request", "the body must be an object"),
        (b'{"body": "' + b"a" * 30_000_000 + b'"}', "body_too_large", "20 MiB"),
        (b" " * 30_000_000, "body_too_large", "20 MiB"),
        (b"\xff\xfe" + "{}".encode("utf-16-le"), "invalid_json", ""),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told(line: bytes, code: str, words: str) -> None:
    found, message = refusal(line)
    assert found == code
    assert words in message


FIELDS = st.sampled_from(
    ["id", "endpoint", "headers", "key", "world", "facts", "body", "time", "models", "tiny", "draw", "chars"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["10s", "5%", "chat"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=6,
)


def told(line: bytes) -> bool:
    """Whether a line is read, or refused in words."""
    try:
        return isinstance(read(line), Case)
    except RequestError as error:
        return bool(error.message)


@given(st.dictionaries(FIELDS, VALUES, max_size=5).map(lambda value: json.dumps(value).encode()) | st.binary())
def test_any_line_is_read_or_refused(data: bytes) -> None:
    assert all(told(line) for line in split_cases(data))


@pytest.mark.parametrize("body", [HI, json.dumps(HI), LINE])
def test_a_body_may_be_a_python_value_or_text_or_bytes(body: Any) -> None:
    assert case_from(body, builtin(), NOW, {}).request.body == LINE


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"messages": object()}, "invalid_request"),
        ({"messages": float("nan")}, "invalid_json"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "invalid_json"),
        ("\ud800", "invalid_json"),
        (None, "invalid_request"),
    ],
)
def test_a_value_that_is_no_json_is_refused(body: Any, code: str) -> None:
    with pytest.raises(RequestError) as error:
        case_from(body, builtin(), NOW, {})
    assert error.value.code == code


def test_a_python_program_may_give_the_time_as_a_time() -> None:
    assert case_from(HI, builtin(), NOW, {"world": {"time": NOW}}).world == World(now=NOW)
