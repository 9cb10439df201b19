"""Anthropic's messages: what whole answers, counts and events of streams mean, and our own errors."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.protocol import StreamEvent
from routedsl.engine.sse import ServerEvent, SseDecoder
from routedsl.protocols.anthropic_messages import PROTOCOL

(COUNT,) = PROTOCOL.beside


def event(kind: str, **fields: Any) -> ServerEvent:
    return ServerEvent(json.dumps({"type": kind, **fields}).encode(), kind)


def delta(kind: str, **fields: Any) -> ServerEvent:
    return event("content_block_delta", index=0, delta={"type": kind, **fields})


def block(kind: str, **fields: Any) -> ServerEvent:
    return event("content_block_start", index=0, content_block={"type": kind, **fields})


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (event("message_start", message={"id": "m", "content": [], "usage": {"input_tokens": 3}}), "quiet"),
        (event("ping"), "quiet"),
        (block("text", text=""), "quiet"),
        (block("thinking", thinking="", signature=""), "quiet"),
        (block("text", text="Well"), "content"),
        (block("tool_use", id="t", name="look", input={}), "content"),
        (block("server_tool_use", id="t", name="web_search", input={}), "content"),
        (block("web_search_tool_result", tool_use_id="t", content=[]), "content"),
        (block("redacted_thinking", data="EmwK"), "content"),
        (delta("text_delta", text="hi"), "content"),
        (delta("text_delta", text=""), "quiet"),
        (delta("thinking_delta", thinking="hm"), "content"),
        (delta("signature_delta", signature="EqQB"), "content"),
        (delta("input_json_delta", partial_json=""), "quiet"),
        (delta("input_json_delta", partial_json='{"at'), "content"),
        (delta("citations_delta", citation={"type": "page_location"}), "content"),
        (event("content_block_delta", delta=None), "quiet"),
        (event("content_block_stop", index=0), "quiet"),
        (event("message_delta", delta={"stop_reason": None}), "quiet"),
        (event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5}), "finish"),
        (event("message_delta", delta={"stop_reason": "tool_use"}), "finish"),
        (event("message_stop"), "done"),
        (event("something_new", delta={"text": "?"}), "quiet"),
        (event("error", error={"type": "overloaded_error", "message": "Overloaded"}), "error"),
        (ServerEvent(b'{"type": "overloaded_error", "message": "Overloaded"}', "error"), "error"),
        (ServerEvent(b"overloaded", "error"), "error"),
        *(
            (ServerEvent(data, "content_block_delta"), "malformed")
            for data in (b"", b"{", b"[]", b"7", b"[DONE]", b'{"a": 1}', b'{"type": 7}', b"\xff", b"[" * 100_000)
        ),
    ],
)
def test_kinds_of_events(sent: ServerEvent, kind: str) -> None:
    read = PROTOCOL.read_event(sent)
    assert (read.kind, read.data, read.name) == (kind, sent.data, sent.name)
    assert (read.error is not None) == (kind == "error")


def test_an_event_without_a_name_is_sent_on_with_that_of_its_type() -> None:
    named = delta("text_delta", text="hi")
    assert PROTOCOL.read_event(ServerEvent(named.data)) == PROTOCOL.read_event(named)


def test_a_refusal_is_a_finish_because_of_what_is_said() -> None:
    refused = event("message_delta", delta={"stop_reason": "refusal"})
    assert PROTOCOL.read_event(refused) == StreamEvent(
        data=refused.data or b"", name="message_delta", kind="finish", filtered=True, spoken=True
    )


def test_usage_is_told_by_two_events_and_counts_what_a_cache_had() -> None:
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100, "output_tokens": 1}
    start = PROTOCOL.read_event(event("message_start", message={"usage": usage}))
    end = PROTOCOL.read_event(event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5}))
    assert (start.usage, end.usage) == ((113, 1), (0, 5))
    assert PROTOCOL.read_event(event("ping")).usage is None


@pytest.mark.parametrize("error", [{"type": "overloaded_error", "message": "Overloaded"}, "overloaded"])
def test_an_error_keeps_its_body(error: object) -> None:
    read = PROTOCOL.read_event(event("error", error=error))
    assert read.error == (error if isinstance(error, dict) else {"type": "error", "error": error})


@given(st.binary() | st.text().map(str.encode))
def test_any_event_has_a_kind(data: bytes) -> None:
    assert PROTOCOL.read_event(ServerEvent(data)).data == data


def answer(**fields: Any) -> bytes:
    return json.dumps({"type": "message", "role": "assistant", "stop_reason": "end_turn", **fields}).encode()


HI = [{"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (answer(content=HI), None),
        (answer(content=[{"type": "tool_use", "id": "t", "name": "look", "input": {}}], stop_reason="tool_use"), None),
        (answer(content=[]), None),
        (answer(content=[], stop_reason="refusal"), None),
        (answer(content=[], stop_reason=None), "no content"),
        (answer(content=None), "no content"),
        (answer(), "no content"),
        (b'{"choices": [{"message": {"content": "hi"}}]}', "no content"),
        (
            b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}',
            "an error with status 200",
        ),
        (b'{"error": "overloaded"}', "an error with status 200"),
        *((body, "broken JSON") for body in (b"", b"<html>", b"[]", answer(content=HI)[:-1], b"\xff", b"[" * 99_999)),
    ],
)
def test_faults_of_whole_answers(body: bytes, fault: str | None) -> None:
    assert PROTOCOL.read_answer(body).fault == fault


def test_what_else_a_whole_answer_tells() -> None:
    read = PROTOCOL.read_answer(
        answer(content=HI, stop_reason="refusal", usage={"input_tokens": 3, "output_tokens": 5})
    )
    assert (read.usage, read.filtered) == ((3, 5), True)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"input_tokens": 12}', None),
        (b'{"input_tokens": null}', "no count"),
        (b"{}", "no count"),
        (b"12", "broken JSON"),
    ],
)
def test_counts(body: bytes, fault: str | None) -> None:
    assert COUNT.read_answer(body).fault == fault


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_json", "invalid_request_error"),
        (401, "invalid_api_key", "authentication_error"),
        (403, "host_not_allowed", "permission_error"),
        (404, "model_not_found", "not_found_error"),
        (405, "method_not_allowed", "invalid_request_error"),
        (413, "body_too_large", "request_too_large"),
        (429, "rate_limited", "rate_limit_error"),
        (500, "internal_error", "api_error"),
        (503, "overloaded", "overloaded_error"),
        (503, "all_models_unavailable", "overloaded_error"),
        (503, "rejected_by_policy", "api_error"),
        (504, "deadline_exceeded", "timeout_error"),
    ],
)
def test_errors_in_the_clients_dialect(status: int, code: str, kind: str) -> None:
    value = json.loads(PROTOCOL.error_body(status, code, "what \u201cwent\u201d wrong", "model"))
    error = {"type": kind, "message": "what \u201cwent\u201d wrong", "code": code, "param": "model"}
    assert value == {"type": "error", "error": error}
    assert "param" not in json.loads(PROTOCOL.error_body(status, code, "wrong", None))["error"]


def test_frames_are_whole_and_read_as_what_they_are() -> None:
    frames = PROTOCOL.stream_error("the stream broke\noff") + PROTOCOL.done
    read = [PROTOCOL.read_event(event) for event in SseDecoder().feed(frames)]
    assert [(event.kind, event.name) for event in read] == [("error", "error"), ("done", "message_stop")]
    assert read[0].error == {"type": "api_error", "message": "the stream broke\noff", "code": "stream_interrupted"}


def test_the_key_goes_up_as_this_dialect_has_it() -> None:
    assert PROTOCOL.credentials("sk-1") == {"x-api-key": "sk-1"}
