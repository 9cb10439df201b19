"""Anthropic's messages: what is read from a body, what is refused, and what goes up."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.protocol import Arrival, Forwarding
from routedsl.engine.request import Message, Request, RequestError
from routedsl.engine.strict_json import LARGEST_BODY
from routedsl.protocols.anthropic_messages import PROTOCOL

(COUNT,) = PROTOCOL.beside
HELLO = {"role": "user", "content": "hello"}


def parsed(headers: dict[str, str] | None = None, query: dict[str, str] | None = None, **fields: Any) -> Request:
    body = json.dumps({"messages": [HELLO], **fields}).encode()
    return PROTOCOL.parse(body, Arrival(headers=headers or {}, query=query or {}, key="team-a", id="r-1"))


def read(*messages: object) -> list[Message]:
    return list(parsed(messages=messages).messages)


def test_the_least_that_is_a_request() -> None:
    body = b'{"messages":[{"role":"user","content":"hello"}]}'
    assert PROTOCOL.parse(body, Arrival()) == Request(
        endpoint="messages",
        model=None,
        messages=[Message(role="user", text="hello")],
        body=body,
        tools=[],
        wants_usage=True,
    )


def test_everything_that_is_read() -> None:
    tool = {"name": "look", "input_schema": {"type": "object"}}
    request = parsed(
        headers={"x-claude-code-session-id": "s", "x-tier": "gold"},
        query={"beta": "true", "debug": "1"},
        model="auto",
        max_tokens=10,
        temperature=1,
        stream=True,
        tools=[tool, {"type": "web_search_20250305", "name": "web_search"}],
        output_config={"effort": "high", "format": {"type": "json_schema", "schema": {}}},
        metadata={"user_id": "u"},
        context_management={"edits": []},
    )
    assert (request.model, request.json, request.stream, request.query) == ("auto", True, True, "beta=true")
    assert (request.max_tokens, request.temperature, request.effort, request.user) == (10, 1, "high", "u")
    assert (request.session, request.metadata, request.headers["x-tier"]) == ("s", {"user_id": "u"}, "gold")
    assert (request.key, request.id, request.endpoint) == ("team-a", "r-1", "messages")
    assert json.loads(request.tools[0]) == tool
    assert len(request.tools) == 2


def test_null_is_as_good_as_left_out() -> None:
    names = "model system tools stream max_tokens temperature thinking output_config output_format metadata"
    assert parsed(**dict.fromkeys(names.split())).messages == [Message(role="user", text="hello")]


@pytest.mark.parametrize(
    "system", ["be brief", [{"type": "text", "text": "be", "cache_control": {}}, {"type": "text", "text": "brief"}]]
)
def test_the_system_prompt_is_a_message(system: object) -> None:
    first, second = parsed(system=system).messages
    assert (first.role, first.text.replace("\n", " "), second.role) == ("system", "be brief", "user")


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "42"}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
CALL = {"type": "tool_use", "id": "t", "name": "look", "input": {"at": 1}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "user", "content": ""}, [Message(role="user")]),
        ({"role": "user", "content": []}, [Message(role="user")]),
        ({"role": "critic", "content": "no"}, [Message(role="critic", text="no")]),
        (
            {
                "role": "user",
                "content": [{"type": "text", "text": "look"}, PICTURE, PICTURE, {"type": "text", "text": "here"}],
            },
            [Message(role="user", text="look\nhere", images=2)],
        ),
        ({"role": "user", "content": [{"type": "document", "source": {}}]}, [Message(role="user", files=1)]),
        ({"role": "user", "content": [{"type": "hologram", "text": ["nothing", "known"]}]}, [Message(role="user")]),
        (
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "E"}, CALL]},
            [Message(role="assistant", tool_calls=1, calls='look\n{"at":1}')],
        ),
        (
            {
                "role": "assistant",
                "content": [{"type": "redacted_thinking", "data": "E"}, {"type": "text", "text": "so"}],
            },
            [Message(role="assistant", text="so")],
        ),
        ({"role": "user", "content": [RESULT, RESULT]}, [Message(role="tool", text="42")] * 2),
        (
            {"role": "user", "content": [RESULT, {"type": "text", "text": "and now?"}]},
            [Message(role="tool", text="42"), Message(role="user", text="and now?")],
        ),
        (
            {"role": "user", "content": [{**RESULT, "content": [{"type": "text", "text": "see"}, PICTURE]}]},
            [Message(role="tool", text="see", images=1)],
        ),
        ({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}, [Message(role="tool")]),
    ],
)
def test_messages_are_read_as_other_dialects_would_have_them(message: object, expected: list[Message]) -> None:
    assert read(message) == expected


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({}, None),
        ({"output_config": {"effort": "low"}}, "low"),
        ({"output_config": {"effort": "max"}}, "xhigh"),
        ({"thinking": {"type": "disabled"}}, "none"),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 31_999}}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 31_999}, "output_config": {"effort": "low"}}, "low"),
    ],
)
def test_efforts(fields: dict[str, Any], effort: str | None) -> None:
    assert parsed(**fields).effort == effort


@pytest.mark.parametrize(
    ("fields", "json_"),
    [
        ({"output_format": {"type": "json_schema", "schema": {}}}, True),
        ({"output_config": {"format": {"type": "json_schema"}}}, True),
        ({"output_config": {"effort": "low"}}, False),
    ],
)
def test_answers_by_a_schema(fields: dict[str, Any], json_: bool) -> None:
    assert parsed(**fields).json is json_


@pytest.mark.parametrize("query", [{}, {"beta": "1"}, {"beta": "true&x=1"}, {"gamma": "true"}])
def test_what_nobody_knows_of_a_query_stays_here(query: dict[str, str]) -> None:
    assert parsed(query=query).query == ""


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{", "invalid_json", None),
        (b"[]", "invalid_request", None),
        (b'{"messages": [], "messages": []}', "duplicate_key", "messages"),
        (b"{}", "invalid_request", "messages"),
        (b'{"messages": []}', "invalid_request", "messages"),
        (b'{"messages": [{"role": "user"}]}', "invalid_request", "messages[0].content"),
        (b'{"messages": [{"content": "hi"}]}', "invalid_request", "messages[0].role"),
        (b'{"messages": [{"role": "user", "content": [{}]}]}', "invalid_request", "messages[0].content[0].type"),
        (
            b'{"messages": [{"role": "user", "content": [{"type": "text"}]}]}',
            "invalid_request",
            "messages[0].content[0].text",
        ),
        (b'{"messages": [{"role": "user", "content": "hi"}], "system": 7}', "invalid_request", "system"),
        (b'{"messages": [{"role": "user", "content": "hi"}], "max_tokens": "7"}', "invalid_request", "max_tokens"),
        (b" " * (LARGEST_BODY + 1), "body_too_large", None),
    ],
)
@pytest.mark.parametrize("protocol", [PROTOCOL, COUNT], ids=["messages", "count"])
def test_what_is_refused(protocol: Any, body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(RequestError) as caught:
        protocol.parse(body, Arrival())
    assert (caught.value.code, caught.value.param) == (code, param)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "messages",
    "system",
    "role",
    "content",
    "type",
    "text",
    "tools",
    "thinking",
    "output_config",
    "metadata",
    "effort",
]


@given(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON)
def test_any_body_is_read_or_refused(value: object) -> None:
    with suppress(RequestError):
        PROTOCOL.parse(json.dumps(value).encode(), Arrival())


# ── for the upstream ────────────────────────────────────────────────────────────────────────────

CLAUDE_CODE = (
    b'{"model":"claude-sonnet-4-5","max_tokens":32000,"stream":true,'
    b'"system":[{"type":"text","text":"You are Claude Code.","cache_control":{"type":"ephemeral"}}],'
    b'"messages":[{"role":"user","content":[{"type":"text","text":"fix \\u00e9 it"}]}],'
    b'"thinking":{"type":"enabled","budget_tokens":31999},'
    b'"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},'
    b'"metadata":{"user_id":"user_1_session_2"},"tools":[{"name":"Bash","input_schema":{"type":"object","x":1.50}}],'
    b'"something_new":{"kept":[1.0,2e3]}}'
)


def test_but_for_the_model_a_body_goes_up_as_it_came() -> None:
    PROTOCOL.parse(CLAUDE_CODE, Arrival())
    sent = PROTOCOL.encode(CLAUDE_CODE, Forwarding(model="claude-x", include_usage=True))
    assert sent == CLAUDE_CODE.replace(b'"claude-sonnet-4-5"', b'"claude-x"')


@pytest.mark.parametrize(
    ("asked", "cap", "expected"), [(100, 50, 50), (100, 500, 100), (None, 50, 50), (100, None, 100)]
)
def test_a_cap_lowers_the_bound(asked: int | None, cap: int | None, expected: int) -> None:
    body = json.dumps({"messages": [HELLO]} | ({} if asked is None else {"max_tokens": asked})).encode()
    assert json.loads(PROTOCOL.encode(body, Forwarding(model="m", max_tokens=cap)))["max_tokens"] == expected


def test_what_is_counted_is_no_stream_and_has_no_bound() -> None:
    body = json.dumps({"model": "auto", "messages": [HELLO], "stream": True}).encode()
    request = COUNT.parse(body, Arrival())
    assert (request.endpoint, request.stream, COUNT.path) == ("messages", False, "/v1/messages/count_tokens")
    assert json.loads(COUNT.encode(body, Forwarding(model="m", max_tokens=5))) == {**json.loads(body), "model": "m"}
