"""Every fault by what it makes of a good answer."""

import json
from collections.abc import Mapping
from itertools import islice

import pytest

from routedsl.testing.answer import DONE, Answer, End, Wait
from routedsl.testing.faults import FAULTS
from routedsl.testing.mock import respond
from routedsl.testing.script import Script

MESSAGES = [{"role": "user", "content": "hello"}]


def answer(fault: str, *, stream: bool = False) -> Answer:
    return respond(
        {"model": "tiny", "messages": MESSAGES, "stream": stream}, Script(fault=fault, latency=0.5, tokens=6)
    )


def steps(fault: str) -> list[object]:
    """The steps of a stream, those that take no time left out."""
    return [step for step in islice(answer(fault, stream=True).steps, 40) if step != Wait(0)]


GOOD = respond({"model": "tiny", "messages": MESSAGES, "stream": True}, Script(tokens=6)).steps
EVENTS = [step for step in GOOD if isinstance(step, bytes)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FAULTS)
def test_each_changes_what_it_says(name: str, stream: bool) -> None:
    good = respond({"model": "tiny", "messages": MESSAGES, "stream": stream}, Script(latency=0.5, tokens=6))
    about_streams = {"malformed-event", "no-done", "two-done"}
    assert (answer(name, stream=stream) == good) == (not stream and name in about_streams)
    assert answer(name, stream=stream).delay >= good.delay


@pytest.mark.parametrize(("fault", "end"), [("hang", End.HANG), ("reset", End.RESET), ("close", End.CLOSE)])
def test_no_answer(fault: str, end: End) -> None:
    assert (answer(fault).head, answer(fault).steps) == (False, (end,))


@pytest.mark.parametrize("status", ["400", "401", "402", "403", "404", "429", "500", "502", "503", "529"])
def test_status(status: str) -> None:
    assert answer(status).status == int(status)
    assert set(error_of(answer(status))) == {"message", "type", "param", "code"}


def error_of(bad: Answer) -> Mapping[str, object]:
    (body,) = bad.steps
    assert isinstance(body, bytes)
    error: Mapping[str, object] = json.loads(body)["error"]
    return error


def test_retry_after() -> None:
    assert answer("429").headers["Retry-After"] == "1"
    assert answer("429:7").headers["Retry-After"] == "7"
    assert "Retry-After" not in answer("429-bare").headers


def test_codes() -> None:
    codes = {
        name: error_of(answer(name))["code"] for name in ("quota", "context-length", "content-filter", "401", "404")
    }
    assert codes == {
        "quota": "insufficient_quota",
        "context-length": "context_length_exceeded",
        "content-filter": "content_filter",
        "401": "invalid_api_key",
        "404": "model_not_found",
    }


def test_bodies_of_200() -> None:
    assert {answer(name).status for name in ("html", "empty", "200-error", "cut-json")} == {200}
    (choices,) = answer("empty-choices").steps
    (content,) = answer("null-content").steps
    assert json.loads(choices)["choices"] == []  # type: ignore[arg-type]  # one step, which is bytes
    assert json.loads(content)["choices"][0]["message"]["content"] is None  # type: ignore[arg-type]  # as above


def test_ends_of_streams() -> None:
    assert steps("cut") == [*EVENTS[:3], End.CLOSE]
    assert steps("cut:0") == [End.CLOSE]
    assert steps("reset-at:5") == [*EVENTS[:5], End.RESET]
    assert steps("stall:4") == [*EVENTS[:4], End.HANG]
    assert steps("no-done") == EVENTS[:-1]
    assert steps("two-done") == [*EVENTS, DONE]


def test_a_cut_body_keeps_the_length_that_it_announced() -> None:
    half, end = answer("cut").steps
    assert isinstance(half, bytes)
    assert end is End.CLOSE
    assert abs(int(answer("cut").headers["Content-Length"]) - 2 * len(half)) <= 1


def test_events_that_do_not_belong() -> None:
    error = steps("first-event-error")
    assert len(error) == 1
    assert b'"error"' in error[0]  # type: ignore[operator]  # an event
    assert steps("error-at:2") == [*EVENTS[:2], *error]
    assert steps("malformed-event:2") == [*EVENTS[:2], b'data: {"choices": [{\n\n', *EVENTS[2:]]


def test_slow_first_token() -> None:
    assert steps("slow-first-token:9") == [EVENTS[0], Wait(9), *EVENTS[1:]]
    assert answer("slow-first-token:9").delay == 9.5


def test_pings_have_no_end() -> None:
    assert steps("pings-only:20") == [b": ping\n\n", Wait(0.02)] * 20


def test_an_unknown_fault_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match=r"there is no fault `hnag`: did you mean `hang`\?"):
        Script(fault="hnag")
    with pytest.raises(ValueError, match="`ten` in `cut:ten` is not a whole number"):
        Script(fault="cut:ten")


def test_only_the_first_calls() -> None:
    script = Script(fault="500", times=2)
    body = {"model": "tiny", "messages": MESSAGES}
    assert [respond(body, script, call).status for call in range(4)] == [500, 500, 200, 200]
