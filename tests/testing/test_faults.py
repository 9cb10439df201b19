"""Every fault by what it makes of a good answer."""

import gzip
import json
import zlib
from collections.abc import Mapping
from itertools import islice
from typing import Any

import pytest

from routedsl.testing.answer import Answer, End, Wait
from routedsl.testing.bad_streams import MALFORMED
from routedsl.testing.faults import FAULTS, PARTS, apply_fault
from routedsl.testing.http import sent
from routedsl.testing.mock_openai import DONE, respond
from routedsl.testing.script import Script

MESSAGES = [{"role": "user", "content": "grüße"}]
LONGEST = 2_000
"""Steps of an answer that are looked at; some have no end."""


def good(*, stream: bool) -> Answer:
    return respond({"model": "tiny", "messages": MESSAGES, "stream": stream}, Script(latency=0.5, tokens=6))


def answer(fault: str, *, stream: bool = False) -> Answer:
    return apply_fault(fault, good(stream=stream))


def steps(fault: str) -> list[object]:
    """The steps of a stream, those that take no time left out."""
    return [step for step in islice(answer(fault, stream=True).steps, 40) if step != Wait(0)]


def wire(bad: Answer) -> list[object]:
    """What goes over the wire; the date, of which there may be two, is taken out."""
    pieces = list(islice(sent(bad), LONGEST))
    return [piece.partition(b"Date: ")[0] + piece[-60:] if isinstance(piece, bytes) else piece for piece in pieces]


def head(fault: str, *, stream: bool = False) -> bytes:
    """The first bytes, up to the blank line."""
    pieces = islice(sent(answer(fault, stream=stream)), LONGEST)
    return b"".join(piece for piece in pieces if isinstance(piece, bytes)).partition(b"\r\n\r\n")[0]


def text(bad: Answer) -> str:
    """What the answer says."""
    return str(json.loads(bad.body)["choices"][0]["message"]["content"])


EVENTS = [step for step in good(stream=True).steps if isinstance(step, bytes)]
ABOUT_STREAMS = set(PARTS["a stream"]) - {
    "first-event-error", "slow-first-token", "pings-only", "cut", "reset-at", "stall", "error-at",
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FAULTS)
def test_each_changes_what_it_says(name: str, stream: bool) -> None:
    same = wire(answer(name, stream=stream)) == wire(good(stream=stream))
    assert same == (not stream and name in ABOUT_STREAMS)
    assert next(iter(sent(answer(name, stream=stream)))) == Wait(
        30.5 if not stream and name[:4] == "slow" and "token" in name else 0.5
    )


@pytest.mark.parametrize(("fault", "end"), [("hang", End.HANG), ("reset", End.RESET), ("close", End.CLOSE)])
def test_no_answer(fault: str, end: End) -> None:
    assert list(sent(answer(fault))) == [Wait(0.5), end]


def test_a_stale_connection_has_answered_well() -> None:
    *answered, last = wire(answer("stale"))
    assert (answered, last) == (wire(good(stream=False)), End.STALE)


def test_heads() -> None:
    assert head("bad-status-line").startswith(b"HTTP/1.1 all right\r\n")
    assert head("continues:2").startswith(b"HTTP/1.1 100 Continue")
    assert len(head("long-header:3")) > 3_000
    assert head("many-headers:7").count(b": y") == 7
    assert head("two-lengths").count(b"Content-Length") == 2
    assert all(name in head("both-lengths", stream=True) for name in (b"Content-Length", b"Transfer-Encoding"))
    assert b"Location: http://elsewhere.invalid" in head("redirect")
    drip = list(islice(sent(answer("slow-head:10")), 5))
    assert drip == [Wait(0.5), b"H", Wait(0.01), b"T", Wait(0.01)]


@pytest.mark.parametrize("status", [name for name in PARTS["the status"] if name.isdecimal()])
def test_status(status: str) -> None:
    assert answer(status).status == int(status)
    assert set(error_of(answer(status))) == {"message", "type", "param", "code"}


def error_of(bad: Answer) -> Mapping[str, object]:
    error: Mapping[str, object] = json.loads(bad.body)["error"]
    return error


def test_retry_after() -> None:
    assert answer("429").header("Retry-After") == "1"
    assert answer("429:7").header("Retry-After") == "7"
    assert str(answer("429-date").header("Retry-After")).endswith(" GMT")
    assert answer("429-bare").header("Retry-After") is None


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
    assert json.loads(answer("empty-choices").body)["choices"] == []
    assert json.loads(answer("null-content").body)["choices"][0]["message"]["content"] is None
    assert (answer("empty", stream=True).body, answer("empty", stream=True).header("Content-Type")) == (
        b"",
        "text/event-stream; charset=utf-8",
    )


def test_lengths() -> None:
    length = len(good(stream=False).body)
    assert answer("too-short:5").header("Content-Length") == str(length + 5)
    assert answer("too-long:5").header("Content-Length") == str(length)
    assert len(answer("too-long:5").body) == length + 5
    assert answer("too-short", stream=True).chunked is False


def test_chunks() -> None:
    assert list(answer("bad-chunk:1", stream=True).steps)[-2:] == [b"zz\r\n", End.CLOSE]
    cut = list(answer("cut-chunk:1", stream=True).steps)[-2]
    assert isinstance(cut, bytes)
    assert cut.startswith(b"40\r\n")
    assert len(cut) < 0x40
    assert {len(step) for step in answer("tiny-chunks").steps if isinstance(step, bytes)} == {1}
    assert answer("tiny-chunks").body == good(stream=False).body


def test_compressed() -> None:
    assert gzip.decompress(answer("gzip").body) == good(stream=False).body
    assert zlib.decompressobj(31).decompress(answer("gzip-cut").body) in good(stream=False).body
    assert gzip.decompress(answer("gzip-bomb:3").body) == b" " * 3_000_000


def test_bytes() -> None:
    assert text(answer("deep-json:3")) == text(good(stream=False))
    assert json.loads(answer("deep-json:3").body)["deep"] == [[[]]]
    assert b"(m\xffck)" in answer("bad-utf8").body
    assert list(islice(answer("endless:1", stream=True).steps, 4)) == [*EVENTS[:2], Wait(0.001), EVENTS[1]]
    twice = list(sent(answer("twice:50")))
    middle = len(twice) // 2
    assert (twice[:middle], twice[middle]) == (twice[middle + 1 :], Wait(0.05))


def test_ends_of_streams() -> None:
    assert steps("cut") == [*EVENTS[:3], End.CLOSE]
    assert steps("cut:0") == [End.CLOSE]
    assert steps("reset-at:5") == [*EVENTS[:5], End.RESET]
    assert steps("stall:4") == [*EVENTS[:4], End.HANG]
    assert steps("no-done") == EVENTS[:-1]
    assert steps("no-finish") == [*EVENTS[:-2], DONE]
    assert steps("no-end") == EVENTS[:-2]
    assert steps("two-done") == [*EVENTS, DONE]
    assert steps("after-done") == [*EVENTS, EVENTS[1]]


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if "N events" in fault.doc])
@pytest.mark.parametrize("events", [5, 40])
def test_what_comes_after_so_many_events_comes_before_the_end(name: str, events: int) -> None:
    script = Script(fault=f"{name}:{events}")
    sound = respond({"model": "tiny", "messages": MESSAGES, "stream": True}, script)
    said = [step for step in sound.steps if isinstance(step, bytes)]
    assert len(said) > events
    assert not any(sound.dialect.finishes(step) or sound.dialect.ends(step) for step in said[: events + 1])


def test_a_cut_body_keeps_the_length_that_it_announced() -> None:
    half, end = answer("cut").steps
    assert isinstance(half, bytes)
    assert end is End.CLOSE
    assert abs(int(answer("cut").header("Content-Length") or 0) - 2 * len(half)) <= 1


def test_events_that_do_not_belong() -> None:
    error = steps("first-event-error")
    assert len(error) == 1
    assert b'"error"' in error[0]  # type: ignore[operator]  # an event
    assert steps("error-at:2") == [*EVENTS[:2], *error]
    assert steps("malformed-event:2") == [*EVENTS[:2], MALFORMED, *EVENTS[2:]]
    assert steps("malformed-events:2") == [*EVENTS[:2], *[MALFORMED] * 3, *EVENTS[2:]]


def test_events_in_odd_forms() -> None:
    assert b"".join(steps("split-characters")) == b"".join(EVENTS)  # type: ignore[arg-type]  # events in pieces
    assert len(steps("split-characters")) > len(EVENTS)
    assert steps("crlf")[0] == EVENTS[0].replace(b"\n", b"\r\n")
    assert steps("no-space")[0] == EVENTS[0].replace(b"data: ", b"data:")
    big: Any = steps("big-event:9")[1]
    assert len(big) > 9_000
    assert (
        json.loads(big.removeprefix(b"data: "))["choices"] == json.loads(EVENTS[1].removeprefix(b"data: "))["choices"]
    )


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
