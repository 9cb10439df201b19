"""Streams byte by byte, without a socket: whatever arrives, and however it is cut, no cut stream ends cleanly."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from routedsl.engine.outcome import Answered, Failed, Kind, Outcome
from routedsl.engine.protocol import Arrival
from routedsl.engine.sse import LARGEST_EVENT
from routedsl.engine.terms import terms_of
from routedsl.gateway.clock import SECOND, SystemClock
from routedsl.gateway.reply import StreamBroken
from routedsl.gateway.stream import BITE, Manners, Stream, manners_of
from routedsl.gateway.transport import AttemptError, failure
from routedsl.language.policy import Options
from routedsl.protocols.openai_chat import PROTOCOL

TERMS = terms_of(Options(idle=1), stream=True)
USUAL = Manners(idle=2 * SECOND, hide_usage=True)
HANG = object()
PAUSE = object()
"""Longer than the silence that is usual."""
LOST = object()


@dataclass
class Pieces:
    """An answer that arrives in given pieces, and then ends, hangs or is lost."""

    pieces: list[object]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    closed: int = 0

    async def read(self) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if piece is HANG:
            await asyncio.Event().wait()
        if piece is PAUSE:
            await asyncio.sleep(5 / PACE)
            return await self.read()
        if piece is LOST:
            raise failure(Kind.CUT, "its answer broke off")
        assert isinstance(piece, bytes)
        return piece

    def close(self) -> None:
        self.closed += 1


def event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def part(text: str | None = None, finish: str | None = None, choice: int = 0) -> bytes:
    delta = {"role": "assistant"} if text is None else {"content": text}
    return event({"choices": [{"index": choice, "delta": {} if finish else delta, "finish_reason": finish}]})


ROLE, HI, HO, STOP = part(), part("hi"), part("ho"), part(finish="stop")
DONE = b"data: [DONE]\n\n"
USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
BAD = b"data: {\n\n"
ERROR = event({"error": {"message": "it crashed"}})
NAMED_ERROR = b"event: error\n" + event({"message": "it crashed", "code": 500})
EMPTY = part("")
WHOLE = ROLE + HI + HO + STOP + USAGE + DONE


@dataclass
class Run:
    """What a client got of a stream, and how it ended."""

    text: bytes = b""
    broken: bool = False
    outcome: Outcome | None = None
    closed: int = 0


PACE = 50


class FastClock(SystemClock):
    """A second takes 20 milliseconds."""

    def monotonic(self) -> int:
        return PACE * super().monotonic()

    def loop_time(self, at: int) -> float:
        return asyncio.get_running_loop().time() + (at - self.monotonic()) / SECOND / PACE


async def run(*pieces: object, manners: Manners = USUAL) -> Run:
    """The whole way of a stream; raises `AttemptError` before the first token."""
    answer, result, clock = Pieces(list(pieces)), Run(), FastClock()
    stream = Stream(answer, PROTOCOL, clock, manners, clock.monotonic() + 600 * SECOND)
    await stream.gate()

    def end(outcome: Outcome) -> None:
        result.outcome = outcome

    try:
        async for piece in stream.frames(end):
            result.text += piece
    except StreamBroken:
        result.broken = True
    result.closed = answer.closed
    return result


async def held_back(stream: Stream) -> None:
    await stream.gate()
    await stream.rest()


async def before_the_first_token(*pieces: object) -> Failed:
    with pytest.raises(AttemptError) as caught:
        await run(*pieces)
    return caught.value.failed


async def test_a_good_stream_is_what_it_was_but_for_the_usage_that_nobody_asked_for() -> None:
    result = await run(WHOLE)
    assert (result.text, result.broken, result.closed) == (ROLE + HI + HO + STOP + DONE, False, 1)
    assert result.outcome == Answered(usage=(3, 2))
    assert (await run(WHOLE, manners=Manners(idle=SECOND))).text == WHOLE


@pytest.mark.parametrize("size", [1, 2, 7, 64])
async def test_however_the_network_cuts_it_into_pieces(size: int) -> None:
    pieces = [WHOLE[place : place + size] for place in range(0, len(WHOLE), size)]
    assert (await run(*pieces)).text == ROLE + HI + HO + STOP + DONE


@pytest.mark.parametrize(("ending", "missing"), [(b"", 2), (LOST, 0)], ids=["a clean end", "a lost connection"])
async def test_cut_at_any_byte_a_stream_is_never_taken_for_whole(ending: object, missing: int) -> None:
    """At a clean end the blank line may be missing that completes an event."""
    first, finish = len(ROLE + HI) - missing, len(ROLE + HI + HO + STOP) - missing
    for place in range(first):
        assert (await before_the_first_token(WHOLE[:place], ending)).kind is Kind.CUT, place
    for place in range(first, finish):
        result = await run(WHOLE[:place], ending)
        assert (result.broken, result.closed, DONE in result.text) == (True, 1, False), place
        assert b"stream_interrupted" in result.text
        assert isinstance(result.outcome, Failed)
    for place in range(finish, len(WHOLE)):
        result = await run(WHOLE[:place], ending)
        assert (result.text, result.broken) == (ROLE + HI + HO + STOP + DONE, False), place
        assert isinstance(result.outcome, Answered)


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((), Kind.CUT),
        ((ROLE,), Kind.CUT),
        ((ROLE, LOST), Kind.CUT),
        ((ROLE, HANG), Kind.TIMEOUT),
        ((PAUSE, ROLE, PAUSE, HI), Kind.TIMEOUT),
        ((ROLE, DONE), Kind.MALFORMED),
        ((DONE,), Kind.MALFORMED),
        ((ERROR,), Kind.STREAM_ERROR),
        ((ROLE, ERROR), Kind.STREAM_ERROR),
        ((ROLE, NAMED_ERROR, DONE), Kind.STREAM_ERROR),
        ((ROLE, STOP, DONE), Kind.MALFORMED),
        ((BAD, BAD, BAD, HI), Kind.MALFORMED),
        ((b'{"error": "json"}',), Kind.CUT),
        ((b"data: " + b"x" * (LARGEST_EVENT + 1),), Kind.MALFORMED),
    ],
)
async def test_before_the_first_token(pieces: tuple[object, ...], kind: Kind) -> None:
    assert (await before_the_first_token(*pieces)).kind is kind


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((EMPTY, STOP, DONE), EMPTY + STOP + DONE),
        ((ROLE, part(finish="content_filter"), DONE), ROLE + part(finish="content_filter") + DONE),
        ((PAUSE, ROLE, HI, STOP, DONE), ROLE + HI + STOP + DONE),
        ((HI, STOP), HI + STOP + DONE),
        ((HI, DONE), HI + DONE),
        ((HI, STOP, LOST), HI + STOP + DONE),
        ((HI, STOP, ERROR), HI + STOP + DONE),
        ((HI, STOP, DONE, DONE, HO), HI + STOP + DONE),
        ((HI, STOP + DONE + DONE + HO,), HI + STOP + DONE),
        ((HI, BAD, BAD, STOP, DONE), HI + STOP + DONE),
        ((b": ping\n\n", HI, b": ping\n\n", STOP, DONE), HI + STOP + DONE),
        ((HI.replace(b"\n", b"\r\n"), STOP.replace(b": ", b":", 1), DONE), HI + STOP + DONE),
        ((ROLE, HI, STOP, b"data: [DONE]"), ROLE + HI + STOP + DONE),
    ],
)  # fmt: skip
async def test_good_ends(pieces: tuple[object, ...], text: bytes) -> None:
    result = await run(*pieces)
    assert (result.text, result.broken) == (text, False)


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((HI,), Kind.CUT),
        ((HI, LOST), Kind.CUT),
        ((HI, HANG), Kind.TIMEOUT),
        ((HI, ERROR, STOP, DONE), Kind.STREAM_ERROR),
        ((HI, NAMED_ERROR, DONE), Kind.STREAM_ERROR),
        ((HI, part(finish="error"), DONE), Kind.STREAM_ERROR),
        ((HI, BAD, BAD, BAD, STOP, DONE), Kind.MALFORMED),
    ],
)
async def test_bad_ends(pieces: tuple[object, ...], kind: Kind) -> None:
    result = await run(*pieces)
    assert result.broken
    assert result.text.startswith(HI)
    assert b"[DONE]" not in result.text
    assert b"crashed" not in result.text
    assert isinstance(result.outcome, Failed)
    assert result.outcome.kind is kind


async def test_names_of_events_are_kept_and_an_empty_usage_is_not() -> None:
    named = b"event: message\n" + HI
    bare = HI.replace(b'{"choices"', b'{"usage": null, "choices"')
    result = await run(named, bare, STOP, DONE)
    assert result.text.replace(b" ", b"") == (named + HI + STOP + DONE).replace(b" ", b"")
    assert (await run(bare, STOP, DONE, manners=Manners(idle=SECOND))).text == bare + STOP + DONE


async def test_a_large_event_goes_through() -> None:
    large = part("x" * 1_000_000)
    assert (await run(large, STOP, DONE)).text == large + STOP + DONE


async def test_a_flood_of_tiny_events_lets_others_have_their_turn() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    result = await run(HI, b":\n" * 8 * BITE, STOP, DONE)
    task.cancel()
    assert result.text == HI + STOP + DONE
    assert turns >= 8


async def test_a_stream_that_never_lets_anybody_wait_ends_by_the_deadline_all_the_same() -> None:
    answer, clock, ends = Pieces([HI] * 1_000_000), FastClock(), list[Outcome]()
    stream = Stream(answer, PROTOCOL, clock, USUAL, clock.monotonic() + SECOND)
    await stream.gate()
    with suppress(StreamBroken):
        async for _ in stream.frames(ends.append):
            await asyncio.sleep(0)
    assert [end.kind for end in ends if isinstance(end, Failed)] == [Kind.LATE]


async def test_a_finished_stream_that_stays_open_is_ended_by_us() -> None:
    result = await run(HI, STOP, HANG, manners=Manners(idle=600 * SECOND))
    assert (result.text, result.closed) == (HI + STOP + DONE, 1)


async def test_after_the_end_mark_the_answer_is_read_to_its_end_so_that_its_connection_is_free() -> None:
    answer, clock = Pieces([HI, STOP, DONE, DONE]), FastClock()
    stream = Stream(answer, PROTOCOL, clock, USUAL, clock.monotonic() + 600 * SECOND)
    await stream.gate()
    async for _ in stream.frames(lambda _: None):
        pass
    assert answer.pieces == []


async def test_after_the_end_mark_nothing_is_waited_for() -> None:
    result = await run(HI, STOP, DONE, HANG, manners=Manners(idle=600 * SECOND))
    assert (result.text, result.closed) == (HI + STOP + DONE, 1)


async def test_of_several_answers_all_must_be_finished() -> None:
    two = Manners(idle=SECOND, choices=2)
    other = (part("ha", choice=1), part(finish="stop", choice=1))
    assert (await run(HI, other[0], STOP, manners=two)).broken
    assert (await run(HI, other[0], STOP, HANG, manners=two)).broken
    assert (await run(HI, other[0], STOP, STOP, manners=two)).broken  # the same one, twice
    assert (await run(HI, STOP, *other, manners=two)).text == HI + STOP + other[0] + other[1] + DONE
    both = event({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"} for index in (0, 1)]})
    assert (await run(HI, both, manners=two)).text == HI + both + DONE


async def test_what_a_filter_ended_is_passed_on_only_when_all_answers_are_there() -> None:
    filtered, other = part(finish="content_filter"), part("ha", choice=1)
    for choices, pieces, passed_on in (
        (1, (ROLE, filtered), True),
        (2, (ROLE, filtered, other), False),
        (2, (other, part(finish="stop", choice=1), filtered), True),
    ):
        answer, clock = Pieces(list(pieces)), FastClock()
        manners = Manners(idle=SECOND, choices=choices, filtered_fails=True)
        stream = Stream(answer, PROTOCOL, clock, manners, clock.monotonic() + 600 * SECOND)
        with pytest.raises(AttemptError) as caught:
            await held_back(stream)
        assert caught.value.failed.kind is Kind.FILTERED
        assert (caught.value.failed.passage is not None) is passed_on


async def test_a_client_that_stops_reading_frees_the_upstream() -> None:
    answer, ends, clock = Pieces([HI, HANG]), list[Outcome](), SystemClock()
    stream = Stream(answer, PROTOCOL, clock, USUAL, clock.monotonic() + 600 * SECOND)
    await stream.gate()
    frames = stream.frames(ends.append)
    assert await anext(frames) == b""
    await frames.aclose()
    assert answer.closed == 1
    assert ends == [Failed(kind=Kind.GONE)]


@pytest.mark.parametrize(
    ("fields", "manners"),
    [
        (b"{}", Manners(idle=1, choices=1, hide_usage=True)),
        (b'{"n": 3, "stream_options": {"include_usage": true}}', Manners(idle=1, choices=3)),
        (b'{"n": null, "stream_options": null}', Manners(idle=1, hide_usage=True)),
        (b'{"n": "x", "stream_options": {"include_usage": "true"}}', Manners(idle=1, hide_usage=True)),
        (b'{"n": true, "stream_options": {}}', Manners(idle=1, hide_usage=True)),
        (b'{"n": 0}', Manners(idle=1, hide_usage=True)),
    ],
)
def test_what_the_client_asked_for(fields: bytes, manners: Manners) -> None:
    body = {"messages": [{"role": "user", "content": "hi"}], **json.loads(fields)}
    assert manners_of(PROTOCOL.parse(json.dumps(body).encode(), Arrival()), TERMS) == manners
