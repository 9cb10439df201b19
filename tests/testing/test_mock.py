"""What mock models say, without a server."""

import json
from typing import Any

import pytest

from routedsl.testing.answer import Answer, Wait
from routedsl.testing.mock_openai import DONE, respond
from routedsl.testing.script import Script, mock_models


def body(text: str = "hello there", **more: object) -> dict[str, object]:
    return {"model": "tiny", "messages": [{"role": "user", "content": text}], **more}


def whole(answer: Answer) -> dict[str, Any]:
    (step,) = answer.steps
    assert isinstance(step, bytes)
    value: dict[str, Any] = json.loads(step)
    return value


def sent(answer: Answer) -> list[bytes]:
    return [step for step in answer.steps if isinstance(step, bytes)]


def waits(answer: Answer) -> list[float]:
    return [step.seconds for step in answer.steps if isinstance(step, Wait)]


def test_an_answer_says_who_answered_and_what_it_saw() -> None:
    answer = respond(body(), Script())
    assert whole(answer) == {
        "id": "chatcmpl-mock-4fa4b3b9e58f23c6",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": 'tiny (mock): you said "hello there"'},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 2, "completion_tokens": 6, "total_tokens": 8},
    }
    assert respond(body(), Script()) == answer


def test_a_stream_is_role_content_finish_and_done() -> None:
    *events, done = sent(respond(body(stream=True), Script()))
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    choices = [chunk["choices"][0] for chunk in chunks]
    assert done == DONE
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(choice["delta"].get("content", "") for choice in choices) == 'tiny (mock): you said "hello there"'
    assert [choice["finish_reason"] for choice in choices] == [None] * 7 + ["stop"]
    assert not any("usage" in chunk for chunk in chunks)


def test_a_stream_counts_its_tokens_where_that_is_asked() -> None:
    events = sent(respond(body(stream=True, stream_options={"include_usage": True}), Script()))
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-1]]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 2, "completion_tokens": 6, "total_tokens": 8}
    assert {chunk["usage"] for chunk in chunks[:-1]} == {None}


def test_pace() -> None:
    script = Script(latency=1, first_token=2, speed=10, tokens=5)
    stream = respond(body(stream=True), script)
    assert (stream.delay, waits(stream)) == (1, [2, 0.1, 0.1, 0.1, 0.1])
    assert respond(body(), script).delay == pytest.approx(1 + 2 + 0.4)


@pytest.mark.parametrize(
    ("more", "length", "reason"),
    [
        ({}, 60, "stop"),
        ({"max_tokens": 5}, 5, "length"),
        ({"max_completion_tokens": 60}, 60, "stop"),
        ({"max_tokens": 61}, 60, "stop"),
    ],
)
def test_length(more: dict[str, Any], length: int, reason: str) -> None:
    value = whole(respond(body(**more), Script(tokens=60)))
    assert value["usage"] == {"prompt_tokens": 2, "completion_tokens": length, "total_tokens": 2 + length}
    assert value["choices"][0]["finish_reason"] == reason


def test_content_in_parts_and_long_content() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "image_url"}, {"type": "text", "text": "two"}]
    messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": None}]
    assert "you said" in str(whole(respond({"model": "m", "messages": messages}, Script())))
    assert len(str(whole(respond(body("x" * 10_000), Script())))) < 700


def test_a_mock_model_named_later_is_slower() -> None:
    scripts = mock_models(["tiny", "medium", "large"])
    speeds = [script.speed for script in scripts.values()]
    assert list(scripts) == ["tiny", "medium", "large"]
    assert speeds == sorted(speeds, key=lambda speed: -(speed or 0))


def test_a_model_without_prefill_takes_no_words_of_its_own() -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Well"}]
    assert respond({"model": "m", "messages": messages}, Script()).status == 200
    assert respond({"model": "m", "messages": messages}, Script(prefill=False)).status == 400
    assert respond({"model": "m", "messages": messages[:1]}, Script(prefill=False)).status == 200


def test_a_fault_comes_and_goes() -> None:
    assert [Script(fault="500", times=2).fault_of(call, 0.0) for call in range(3)] == ["500", "500", None]
    flapping = Script(fault="503", flap=10)
    assert [flapping.fault_of(99, moment) for moment in (0.0, 9.9, 10.0, 19.9, 20.0)] == [
        "503",
        "503",
        None,
        None,
        "503",
    ]
