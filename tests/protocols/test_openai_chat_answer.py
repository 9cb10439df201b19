"""Chat completions: what whole answers and events of streams mean, and our own errors."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.sse import ServerEvent, SseDecoder
from routedsl.protocols.openai_chat import PROTOCOL

USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
CALLS = [{"index": 0, "function": {"name": "f", "arguments": ""}}]


def chunk(delta: object, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({"object": "chat.completion.chunk", "choices": [choice], **more}).encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (chunk({"role": "assistant"}), "quiet"),
        (chunk({"role": "assistant", "content": "", "refusal": None}), "quiet"),
        (chunk({"role": "assistant", "content": None, "reasoning_content": ""}), "quiet"),
        (chunk({}), "quiet"),
        (chunk(None), "quiet"),
        (chunk({"content": " "}), "content"),
        (chunk({"role": "assistant", "content": "hi"}), "content"),
        (chunk({"tool_calls": CALLS}), "content"),
        (chunk({"function_call": {"name": "f"}}), "content"),
        (chunk({"reasoning_content": "hm"}), "content"),
        (chunk({"reasoning": "hm"}), "content"),
        (chunk({"refusal": "no"}), "content"),
        (chunk({"audio": {"id": "a"}}), "content"),
        (chunk({"content": "hi"}, error=None), "content"),
        (chunk({}, "stop"), "finish"),
        (chunk({"content": "hi"}, "length"), "finish"),
        (chunk({}, "content_filter"), "finish"),
        (chunk({"content": "hi"}, "null"), "content"),
        (chunk({"content": "hi"}, ""), "content"),
        (b'{"choices": [], "prompt_filter_results": []}', "quiet"),
        (b'{"choices": [], "usage": null}', "quiet"),
        (json.dumps({"choices": [], "usage": USAGE}).encode(), "usage"),
        (b"[DONE]", "done"),
        (b" [DONE] ", "done"),
        (b'{"error": {"message": "overloaded"}}', "error"),
        (b'{"error": "overloaded", "choices": []}', "error"),
        (b'{"object": "error", "message": "overloaded"}', "error"),
        (chunk({"content": "h"}, "error"), "error"),
        (b'{"choices": [{"index": 0, "delta": {}, "error": {"code": 502, "message": "overloaded"}}]}', "error"),
        *((data, "malformed") for data in (b"", b"{", b"[]", b"7", b"DONE", b'{"a": 1}', b'{"choices": {}}', b"\xff")),
        (b'{"choices": [7]}', "malformed"),
        (b'{"choices": null, "usage": {}}', "malformed"),
        (b"[" * 100_000, "malformed"),
    ],
)
def test_kinds_of_events(data: bytes, kind: str) -> None:
    event = PROTOCOL.read_event(ServerEvent(data))
    assert (event.kind, event.data) == (kind, data)
    assert (event.error is not None) == (kind == "error")


def test_usage_is_told_wherever_it_stands() -> None:
    assert PROTOCOL.read_event(ServerEvent(chunk({"content": "hi"}, usage=USAGE))).usage == (3, 5)
    assert PROTOCOL.read_event(ServerEvent(chunk({}, "stop", usage=USAGE))).usage == (3, 5)
    assert PROTOCOL.read_event(ServerEvent(chunk({}, usage={"prompt_tokens": "3"}))).usage is None


def test_an_events_name_is_kept() -> None:
    assert PROTOCOL.read_event(ServerEvent(chunk({}), "message")).name == "message"


@pytest.mark.parametrize(
    "data", [b'{"message": "overloaded", "code": 500}', b"overloaded", b"", chunk({"content": "hi"})]
)
def test_an_event_that_is_named_an_error_is_one(data: bytes) -> None:
    assert PROTOCOL.read_event(ServerEvent(data, "error")).kind == "error"


@pytest.mark.parametrize(
    ("choices", "finished"),
    [
        ([{"index": 1, "delta": {}, "finish_reason": "stop"}], (1,)),
        ([{"index": 0, "delta": {}, "finish_reason": None}, {"index": 2, "finish_reason": "length"}], (2,)),
        ([{"index": 1, "finish_reason": "stop"}, {"index": 0, "finish_reason": "stop"}], (1, 0)),
        ([{"finish_reason": "stop"}, {"index": None, "finish_reason": "stop"}], (0, 1)),
    ],
)
def test_which_choices_are_finished(choices: object, finished: tuple[int, ...]) -> None:
    assert PROTOCOL.read_event(ServerEvent(json.dumps({"choices": choices}).encode())).finished == finished


@pytest.mark.parametrize(
    ("delta", "spoken"),
    [
        ({"role": "assistant"}, False),
        ({"content": None}, False),
        (None, False),
        ({"content": ""}, True),
        ({"tool_calls": CALLS}, True),
    ],
)
def test_an_empty_text_is_spoken_and_none_is_not(delta: object, spoken: bool) -> None:
    assert PROTOCOL.read_event(ServerEvent(chunk(delta))).spoken is spoken


def test_a_finish_by_a_filter_is_told() -> None:
    assert PROTOCOL.read_event(ServerEvent(chunk({}, "content_filter"))).filtered
    assert not PROTOCOL.read_event(ServerEvent(chunk({}, "stop"))).filtered
    assert PROTOCOL.read_answer(answer({"content": None}, "content_filter")).filtered
    assert not PROTOCOL.read_answer(answer({"content": "hi"})).filtered


def test_an_empty_usage_is_taken_out_and_nothing_else() -> None:
    assert PROTOCOL.without_usage(b'{"choices": [ {"x":1.50} ], "usage" : null, "a": 1}') == (
        b'{"choices":[ {"x":1.50} ],"a":1}'
    )
    for data in (chunk({"content": "hi"}, usage=USAGE), chunk({"content": '"usage": null'}), chunk({})):
        assert PROTOCOL.without_usage(data) == data


def test_usage_of_a_whole_answer() -> None:
    assert PROTOCOL.read_answer(json.dumps({"choices": [], "usage": USAGE}).encode()).usage == (3, 5)


@pytest.mark.parametrize("error", [{"message": "overloaded"}, "overloaded"])
def test_an_error_keeps_its_body(error: object) -> None:
    assert PROTOCOL.read_event(ServerEvent(json.dumps({"error": error}).encode())).error == {"message": "overloaded"}


@given(st.binary() | st.text().map(str.encode))
def test_any_event_has_a_kind(data: bytes) -> None:
    assert PROTOCOL.read_event(ServerEvent(data)).data == data


def answer(message: object, finish: str = "stop") -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}]}).encode()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (answer({"role": "assistant", "content": "hi"}), None),
        (answer({"role": "assistant", "content": ""}), None),
        (answer({"role": "assistant", "content": None, "tool_calls": CALLS}), None),
        (answer({"role": "assistant", "content": None, "function_call": {"name": "f"}}), None),
        (answer({"role": "assistant", "content": None, "refusal": "no"}), None),
        (answer({"role": "assistant", "content": None, "reasoning_content": "hm"}), None),
        (answer({"role": "assistant", "content": None, "audio": {"id": "a"}}), None),
        (answer({"role": "assistant", "content": None}, "content_filter"), None),
        (b'{"error": null, "choices": [{"message": {"content": "hi"}}]}', None),
        (answer({"role": "assistant", "content": None}), "no content"),
        (answer({"role": "assistant", "content": None, "tool_calls": []}), "no content"),
        (answer({"role": "assistant"}), "no content"),
        (answer(None), "no content"),
        (b'{"choices": [7]}', "no content"),
        (b'{"choices": []}', "no choices"),
        (b'{"choices": null}', "no choices"),
        (b"{}", "no choices"),
        (b'{"error": {"message": "overloaded"}}', "an error with status 200"),
        (b'{"error": "overloaded"}', "an error with status 200"),
        (b'{"object": "error", "message": "overloaded"}', "an error with status 200"),
        (answer({"content": "half of"}, "error"), "an error with status 200"),
        (b'{"choices": [{"message": {"content": "half of"}, "error": {"code": 502}}]}', "an error with status 200"),
        *(
            (body, "broken JSON")
            for body in (b"", b"<html>", b"[]", answer({"content": "hi"})[:-1], b"\xff", b"[" * 99_999)
        ),
    ],
)
def test_faults_of_whole_answers(body: bytes, fault: str | None) -> None:
    assert PROTOCOL.read_answer(body).fault == fault


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "invalid_request_error"),
        (429, "rate_limit_error"),
        (503, "server_error"),
        (504, "server_error"),
    ],
)
def test_errors_in_the_clients_dialect(status: int, kind: str) -> None:
    error = json.loads(PROTOCOL.error_body(status, "some_code", "what \u201cwent\u201d wrong", "model"))["error"]
    assert error == {"message": "what \u201cwent\u201d wrong", "type": kind, "param": "model", "code": "some_code"}


def test_frames_are_whole_and_read_as_what_they_are() -> None:
    frames = PROTOCOL.stream_error("the stream broke\noff") + PROTOCOL.done
    events = [PROTOCOL.read_event(event) for event in SseDecoder().feed(frames)]
    assert [event.kind for event in events] == ["error", "done"]
    assert events[0].error == {
        "message": "the stream broke\noff",
        "type": "upstream_error",
        "code": "stream_interrupted",
    }
