"""What mock models say in Anthropic's dialect, and how their faults read there."""

import json
from typing import Any

import pytest

from routedsl.engine.sse import SseDecoder
from routedsl.protocols.anthropic_messages import PROTOCOL
from routedsl.testing.answer import Answer
from routedsl.testing.faults import apply_fault
from routedsl.testing.mock_anthropic import count, error_value, respond
from routedsl.testing.script import Script

(COUNT,) = PROTOCOL.beside


def body(text: str = "hello there", **more: object) -> dict[str, Any]:
    return {"model": "tiny", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def kinds(answer: Answer) -> list[str]:
    """The events of a stream, as the gateway reads them."""
    return [PROTOCOL.read_event(event).kind for event in SseDecoder().feed(answer.body) if event.data is not None]


def test_an_answer_says_who_answered_and_what_it_saw() -> None:
    answer = json.loads(respond(body(), Script()).body)
    assert answer["content"] == [{"type": "text", "text": 'tiny (mock): you said "hello there"'}]
    assert (answer["type"], answer["stop_reason"], answer["model"]) == ("message", "end_turn", "tiny")
    assert answer["usage"] == {"input_tokens": 2, "output_tokens": 6}
    assert respond(body(), Script()) == respond(body(), Script())


def test_a_stream_is_lifecycle_words_finish_and_done() -> None:
    answer = respond(body(stream=True), Script())
    assert kinds(answer) == [*["quiet"] * 3, *["content"] * 6, "quiet", "finish", "done"]
    events = [json.loads(event.data or b"") for event in SseDecoder().feed(answer.body)]
    said = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    assert said == 'tiny (mock): you said "hello there"'


def test_the_limit_of_an_answer_and_the_system_prompt_are_seen() -> None:
    answer = json.loads(respond(body(max_tokens=2, system="be brief and kind"), Script()).body)
    assert (answer["stop_reason"], answer["usage"]) == ("max_tokens", {"input_tokens": 6, "output_tokens": 2})
    assert json.loads(count(body(system=[{"type": "text", "text": "be brief"}]), Script()).body) == {"input_tokens": 4}


def test_a_model_may_refuse_to_go_on_with_its_own_words() -> None:
    begun = body(messages=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Well"}])
    assert respond(begun, Script()).status == 200
    assert respond(begun, Script(prefill=False)).status == 400


@pytest.mark.parametrize("fault", ["empty-choices", "null-content", "200-error", "cut-json", "html", "empty"])
def test_what_is_no_answer_is_read_as_none(fault: str) -> None:
    assert PROTOCOL.read_answer(apply_fault(fault, respond(body(), Script())).body).fault is not None
    if fault not in ("empty-choices", "null-content"):  # there is nothing of that to take out of a count
        assert COUNT.read_answer(apply_fault(fault, count(body(), Script())).body).fault is not None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("first-event-error", ["error"]),
        ("error-at:2", [*["quiet"] * 3, "content", "error"]),
        ("empty-choices", [*["quiet"] * 11, "done"]),
        ("malformed-event:1", [*["quiet"] * 3, "malformed", *["content"] * 6, "quiet", "finish", "done"]),
        ("no-done", [*["quiet"] * 3, *["content"] * 6, "quiet", "finish"]),
        ("no-finish", [*["quiet"] * 3, *["content"] * 6, "quiet", "done"]),
        ("no-end", [*["quiet"] * 3, *["content"] * 6, "quiet"]),
        ("two-done", [*["quiet"] * 3, *["content"] * 6, "quiet", "finish", "done", "done"]),
        ("crlf", [*["quiet"] * 3, *["content"] * 6, "quiet", "finish", "done"]),
        ("no-space", [*["quiet"] * 3, *["content"] * 6, "quiet", "finish", "done"]),
        ("big-event:3", [*["quiet"] * 3, *["content"] * 6, "quiet", "finish", "done"]),
    ],
)
def test_faults_of_streams(fault: str, expected: list[str]) -> None:
    assert kinds(apply_fault(fault, respond(body(stream=True), Script()))) == expected


def test_errors_are_in_the_dialect() -> None:
    assert error_value(529, "overloaded_error", None, "overloaded") == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "overloaded"},
        "request_id": "req_mock",
    }
    too_long = json.loads(apply_fault("context-length", respond(body(), Script())).body)["error"]
    assert (too_long["type"], too_long["message"][:18]) == ("invalid_request_error", "prompt is too long")
