"""Chat completions: what is read from a body, what is refused, and what goes up."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.engine.protocol import Arrival, Forwarding
from routedsl.engine.request import Message, Request, RequestError
from routedsl.engine.strict_json import LARGEST_BODY
from routedsl.protocols.openai_chat import PROTOCOL

HELLO = {"role": "user", "content": "hello"}


def parsed(headers: dict[str, str] | None = None, **fields: Any) -> Request:
    body = json.dumps({"messages": [HELLO], **fields}).encode()
    return PROTOCOL.parse(body, Arrival(headers=headers or {}, key="team-a", id="r-1"))


def read(message: object) -> Message:
    return parsed(messages=[message]).messages[0]


def test_the_least_that_is_a_request() -> None:
    body = b'{"messages":[{"role":"user","content":"hello"}]}'
    assert PROTOCOL.parse(body, Arrival()) == Request(
        endpoint="chat", model=None, messages=[Message(role="user", text="hello")], body=body, tools=[]
    )


def test_everything_that_is_read() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    request = parsed(
        headers={"x-tier": "gold"},
        model="auto",
        tools=[tool, tool],
        functions=[{"name": "g"}],
        response_format={"type": "json_schema", "json_schema": {}},
        stream=True,
        max_tokens=10,
        temperature=1,
        reasoning_effort="high",
        user="u",
        metadata={"team": "search"},
        prompt_cache_key="s",
        something={"new": [1]},
    )
    assert (request.model, request.json, request.stream) == ("auto", True, True)
    assert (request.max_tokens, request.temperature, request.effort, request.user) == (10, 1, "high", "u")
    assert (request.session, request.metadata, request.headers) == ("s", {"team": "search"}, {"x-tier": "gold"})
    assert (request.key, request.id, request.endpoint) == ("team-a", "r-1", "chat")
    assert [json.loads(text) for text in request.tools] == [tool, tool, {"name": "g"}]


def test_null_is_as_good_as_left_out() -> None:
    names = (
        "model tools functions response_format stream max_tokens max_completion_tokens temperature reasoning_effort "
        "reasoning user metadata prompt_cache_key stream_options"
    )
    request = parsed(**dict.fromkeys(names.split()))
    assert request == Request(
        endpoint="chat",
        model=None,
        messages=request.messages,
        body=request.body,
        id="r-1",
        key="team-a",
        tools=[],
    )


CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "user", "content": ""}, Message(role="user")),
        ({"role": "developer", "content": "be brief"}, Message(role="system", text="be brief")),
        ({"role": "function", "name": "f", "content": "42"}, Message(role="tool", text="42")),
        ({"role": "critic", "content": "no"}, Message(role="critic", text="no")),
        ({"role": "assistant", "content": None, "tool_calls": [CALL, CALL]}, Message(role="assistant", tool_calls=2)),
        ({"role": "assistant", "tool_calls": [CALL]}, Message(role="assistant", tool_calls=1)),
        ({"role": "assistant", "function_call": {"name": "f"}}, Message(role="assistant", tool_calls=1)),
        ({"role": "tool", "tool_call_id": "c", "content": None}, Message(role="tool")),
        ({"role": "user", "content": []}, Message(role="user")),
        (
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:,"}},
                    {"type": "image_url", "image_url": {"url": "data:,"}},
                    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
                    {"type": "file", "file": {"file_id": "f"}},
                    {"type": "hologram", "text": ["nothing", "that", "is", "known"]},
                    {"type": "text", "text": "here"},
                ],
            },
            Message(role="user", text="look\nhere", images=2, audio=1, files=1),
        ),
        (
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            Message(role="assistant", text="no"),
        ),
    ],
)
def test_messages(message: object, expected: Message) -> None:
    assert replace(read(message), calls="") == expected


def test_names_and_arguments_of_calls_are_kept_for_the_token_count() -> None:
    custom = {"id": "d", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    assert read({"role": "assistant", "tool_calls": [CALL, custom]}).calls == 'look\n{"at": 1}\nrun\nls'
    assert read({"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}).calls == "f\n{}"
    as_object = {"id": "e", "function": {"name": "f", "arguments": {"at": 1}}}
    assert read({"role": "assistant", "tool_calls": [as_object]}).calls == 'f\n{"at":1}'


@pytest.mark.parametrize(
    ("headers", "key", "session"),
    [
        ({"x-session-id": "a", "x-session-affinity": "b"}, "c", "a"),
        ({"x-claude-code-session-id": "a"}, "c", "a"),
        ({"x-session-affinity": "a"}, None, "a"),
        ({"x-session-id": ""}, "c", "c"),
        ({}, "", None),
        ({}, None, None),
    ],
)
def test_a_session_is_named_by_a_header_else_by_the_cache_key(
    headers: dict[str, str], key: str | None, session: str | None
) -> None:
    assert parsed(headers, prompt_cache_key=key).session == session


@pytest.mark.parametrize(
    ("fields", "bound"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6}, 6),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 0}, 0),
        ({"max_tokens": 10**30}, 10**30),
        ({}, None),
    ],
)
def test_the_larger_bound_counts(fields: dict[str, Any], bound: int | None) -> None:
    assert parsed(**fields).max_tokens == bound


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"reasoning_effort": "low"}, "low"),
        ({"reasoning": {"effort": "high", "summary": "auto"}}, "high"),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, "low"),
        ({"reasoning": {}}, None),
    ],
)
def test_effort_has_two_places(fields: dict[str, Any], effort: str | None) -> None:
    assert parsed(**fields).effort == effort


@pytest.mark.parametrize("kind", ["json_object", "json_schema", "text", None])
def test_json_is_asked_for_by_the_response_format(kind: str | None) -> None:
    assert parsed(response_format={"type": kind}).json is (kind in ("json_object", "json_schema"))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [HELLO, "hello"]}, "messages[1]"),
        ({"messages": [HELLO, None]}, "messages[1]"),
        ({"messages": [{"content": "hello"}]}, "messages[0].role"),
        ({"messages": [{"role": 7, "content": "hello"}]}, "messages[0].role"),
        ({"messages": [HELLO, HELLO, {"role": "user", "content": 7}]}, "messages[2].content"),
        ({"messages": [{"role": "user", "content": {"type": "text"}}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "system"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["hello"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "messages[0].tool_calls"),
        ({"messages": [{"role": "assistant", "tool_calls": [7]}]}, "messages[0].tool_calls[0]"),
        ({"model": 7}, "model"),
        ({"tools": {}}, "tools"),
        ({"tools": [7]}, "tools[0]"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": 7}}, "response_format.type"),
        ({"stream": "true"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": 5.5}, "max_tokens"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": False}, "temperature"),
        ({"reasoning_effort": 3}, "reasoning_effort"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort"),
        ({"user": 7}, "user"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"n": 7}}, "metadata.n"),
        ({"prompt_cache_key": 7}, "prompt_cache_key"),
    ],
)
def test_a_wrong_type_is_told_by_its_place(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(RequestError) as error:
        parsed(**fields)
    assert (error.value.code, error.value.param) == ("invalid_request", place)
    assert error.value.message.startswith(f"`{place}` must be ")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"hello", "invalid_json"),
        (b'{"messages":' + b"[" * 10_000, "invalid_json"),
        (b"[]", "invalid_request"),
        (b"null", "invalid_request"),
        (b'{"model":"a","messages":[{"role":"user","content":"x"}],"model":"b"}', "duplicate_key"),
        (b'{"messages":[{"role":"user","content":"x","content":"y"}]}', "duplicate_key"),
        (b" " * (LARGEST_BODY + 1), "body_too_large"),
    ],
)
def test_a_body_that_is_no_request(body: bytes, code: str) -> None:
    with pytest.raises(RequestError) as error:
        PROTOCOL.parse(body, Arrival())
    assert error.value.code == code


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["messages", "model", "role", "content", "type", "text", "tools", "tool_calls", "function", "metadata", "stream"]
)
BODIES = st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=6)


@given(BODIES)
def test_any_json_is_read_or_refused(fields: dict[str, Any]) -> None:
    body = json.dumps(fields).encode()
    with suppress(RequestError):
        assert PROTOCOL.parse(body, Arrival()).body == body


# ── what goes up ────────────────────────────────────────────────────────────────────────────────

BODY = rb"""{ "messages" : [ {"role":"user" ,"content":"h\u00e9 \/ :"} ],
  "seed": 1.0e2, "max_tokens": 900, "model": "auto", "big": 123456789012345678901234567890, "stream":true,
  "stream_options": {"keep": [ 1 ], "include_usage": false} }"""


def sent(forwarding: Forwarding, body: bytes = BODY) -> bytes:
    return PROTOCOL.encode(body, forwarding)


def test_all_but_the_model_stays_as_it_was() -> None:
    assert sent(Forwarding(model="big-1")) == (
        rb'{"messages":[ {"role":"user" ,"content":"h\u00e9 \/ :"} ],"seed":1.0e2,"max_tokens":900,"model":"big-1",'
        rb'"big":123456789012345678901234567890,"stream":true,"stream_options":{"keep": [ 1 ], "include_usage": false}}'
    )


def test_a_body_without_a_model_gets_one() -> None:
    assert sent(Forwarding(model="a"), b'{"messages":[]}') == b'{"messages":[],"model":"a"}'


def test_usage_is_asked_for_beside_other_options() -> None:
    up = sent(Forwarding(model="a", include_usage=True))
    assert up.endswith(b'"stream_options":{"keep":[ 1 ],"include_usage":true}}')
    for body in (b'{"stream_options":null}', b"{}"):
        asked = json.loads(sent(Forwarding(model="a", include_usage=True), body))
        assert asked["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("given_bounds", "sent_bounds"),
    [
        ({}, {"max_tokens": 100}),
        ({"max_tokens": None}, {"max_tokens": 100}),
        ({"max_tokens": 900}, {"max_tokens": 100}),
        ({"max_tokens": 99}, {"max_tokens": 99}),
        ({"max_tokens": -1}, {"max_tokens": 100}),
        ({"max_completion_tokens": 900}, {"max_completion_tokens": 100}),
        ({"max_completion_tokens": 5, "max_tokens": 900}, {"max_completion_tokens": 5, "max_tokens": 100}),
        ({"max_completion_tokens": None, "max_tokens": 7}, {"max_completion_tokens": None, "max_tokens": 7}),
    ],
)
def test_a_cap_lowers_the_bounds_that_are_there(
    given_bounds: dict[str, int | None], sent_bounds: dict[str, int | None]
) -> None:
    up = json.loads(sent(Forwarding(model="a", max_tokens=100), json.dumps(given_bounds).encode()))
    assert up == {**sent_bounds, "model": "a"}


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5), st.text(), st.booleans())
def test_other_fields_keep_their_values(fields: dict[str, Any], model: str, include_usage: bool) -> None:
    body = json.dumps(fields).encode()
    up = json.loads(sent(Forwarding(model=model, include_usage=include_usage), body))
    assert up.pop("model") == model
    assert not include_usage or up.pop("stream_options") == {"include_usage": True}
    fields.pop("model", None)
    assert up == fields
