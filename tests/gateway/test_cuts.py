"""A recorded stream, cut at every byte: on a bare socket and by the makers' clients it is an answer or an error."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic

from routedsl.engine.outcome import Answered
from tests.effort import effort
from tests.gateway.harness import Served, exchange, serving
from tests.matrix.tongues import CHAT, MESSAGES, Tongue

SAID = "a b c"
EVERY = effort(37, 1, ci=1)
"""The makers' clients are slower: whoever waits for the test has them shown one cut in so many."""
EVERY_HELD_BACK = effort(37, 1)
Says = Callable[[], Awaitable[str]]
"""A client, asking once; its words."""


def _frames(events: list[tuple[str, object]]) -> bytes:
    named = ((f"event: {name}\n" if name else "") + f"data: {json.dumps(value)}\n\n" for name, value in events)
    return "".join(named).encode()


def _choice(delta: object, finish: str | None = None) -> tuple[str, object]:
    return "", {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _event(kind: str, **fields: object) -> tuple[str, object]:
    return kind, {"type": kind, **fields}


def _delta(text: str) -> tuple[str, object]:
    return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


MESSAGE: dict[str, object] = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "x",
    "content": [],
    "stop_reason": None,
}
RECORDED = {
    "chat": _frames(
        [
            _choice({"role": "assistant"}),
            *[_choice({"content": text}) for text in ("a ", "b ", "c")],
            _choice({}, "stop"),
        ]
    )
    + b"data: [DONE]\n\n",
    "messages": _frames(
        [
            _event("message_start", message={**MESSAGE, "usage": {"input_tokens": 1, "output_tokens": 1}}),
            _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            *map(_delta, ("a ", "b ", "c")),
            _event("content_block_stop", index=0),
            _event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3}),
            _event("message_stop"),
        ]
    ),
}
FIRST = {"chat": b'"a "', "messages": b'"a "'}
FINISH = {"chat": b'"stop"', "messages": b'"end_turn"'}
POLICY = """
upstream raw_chat { url "RAW" }
upstream raw_messages { url "RAW" protocol anthropic }
upstream claude { url "URL" protocol anthropic }
model cut_chat { upstream raw_chat }
model cut_messages { upstream raw_messages }
model haiku { upstream claude }
else medium
route plain_chat { else cut_chat fallback [large] retry 0 }
route held_chat { else cut_chat fallback [large] retry 0 buffer whole }
route plain_messages { else cut_messages fallback [haiku] retry 0 }
route held_messages { else cut_messages fallback [haiku] retry 0 buffer whole }
"""


@dataclass
class Recorded:
    """A gateway before a server that says the recorded stream, and closes after `place` bytes of it."""

    served: Served
    tongue: Tongue
    place: int = 0

    @property
    def whole(self) -> bytes:
        return RECORDED[self.tongue.name]

    def end_of(self, mark: bytes) -> int:
        """The byte after the event that has this in it, but for its blank line."""
        return self.whole.index(b"\n\n", self.whole.index(mark))

    def cut_at(self, place: int) -> None:
        """The next answer ends here. Its model counts as well, or its breaker would keep it from being asked."""
        self.place = place
        for _ in range(3):
            self.served.running.gateway.states.begin(f"cut_{self.tongue.name}", extra=True).end(Answered())


@asynccontextmanager
async def recorded(folder: Path, tongue: Tongue) -> AsyncIterator[Recorded]:
    places: list[Recorded] = []

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(RECORDED[tongue.name][: places[0].place])
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        raw = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with serving(folder, POLICY.replace("RAW", raw)) as served:
            places.append(Recorded(served, tongue))
            yield places[0]


@dataclass(frozen=True)
class Heard:
    """What came on a bare socket. It is `closed` well where the last chunk is there."""

    words: str
    ends: int
    error: bool
    closed: bool

    @property
    def is_whole(self) -> bool:
        return self.closed and self.ends == 1 and not self.error

    @property
    def is_broken(self) -> bool:
        return self.error and not self.closed and self.ends == 0


async def heard(it: Recorded, route: str) -> Heard:
    body = json.dumps(
        {"model": route, "stream": True, "messages": [{"role": "user", "content": "hi"}], **it.tongue.more}
    ).encode()
    head = (
        f"POST {it.tongue.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    got = await exchange(it.served, head.encode() + body)
    status, _, chunks = got.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200 ")
    text, closed = unchunked(chunks)
    events = [line.removeprefix("data: ") for line in text.decode().splitlines() if line.startswith("data: ")]
    error = any('"error"' in event for event in events)
    words = it.tongue.said([event for event in events if '"error"' not in event])
    return Heard(words, sum(it.tongue.ends(events)), error, closed)


def unchunked(chunks: bytes) -> tuple[bytes, bool]:
    """The text of chunks, and whether the last one is there."""
    text = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return text, True
        text, chunks = text + rest[:length], rest[length + 2 :]
    return text, False


TONGUES = pytest.mark.parametrize("tongue", [CHAT, MESSAGES], ids=lambda tongue: tongue.name)


@TONGUES
async def test_cut_anywhere_it_is_another_answer_an_error_or_whole(
    tmp_path: Path, tongue: Tongue, record_property: Callable[[str, object], None]
) -> None:
    record_property("measured", f"{len(RECORDED[tongue.name]) + 1} cuts of a stream ({tongue.name}) on a bare socket")
    async with recorded(tmp_path, tongue) as it:
        first, finish = it.end_of(FIRST[tongue.name]), it.end_of(FINISH[tongue.name])
        for place in range(len(it.whole) + 1):
            it.cut_at(place)
            got = await heard(it, f"plain_{tongue.name}")
            if place < first:
                assert got.is_whole, place
                assert "(mock)" in got.words
            elif place < finish:
                assert got.is_broken, place
                assert SAID.startswith(got.words)
            else:
                assert (got.is_whole, got.words) == (True, SAID), place


@TONGUES
async def test_held_back_it_is_whole_wherever_it_is_cut(tmp_path: Path, tongue: Tongue) -> None:
    async with recorded(tmp_path, tongue) as it:
        finish = it.end_of(FINISH[tongue.name])
        for place in range(len(it.whole) + 1):
            it.cut_at(place)
            got = await heard(it, f"held_{tongue.name}")
            assert got.is_whole, place
            assert got.words == SAID if place >= finish else "(mock)" in got.words


@asynccontextmanager
async def openai_client(it: Recorded, route: str) -> AsyncIterator[Says]:
    async with it.served.client() as client:

        async def says() -> str:
            stream = await client.chat.completions.create(
                model=route, stream=True, messages=[{"role": "user", "content": "hi"}]
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

        yield says


@asynccontextmanager
async def anthropic_client(it: Recorded, route: str) -> AsyncIterator[Says]:
    async with AsyncAnthropic(base_url=it.served.url, api_key="none", max_retries=0) as client:

        async def says() -> str:
            asked = client.messages.stream(model=route, max_tokens=9, messages=[{"role": "user", "content": "hi"}])
            async with asked as stream:
                return await stream.get_final_text()

        yield says


MAKERS = {"chat": openai_client, "messages": anthropic_client}


@TONGUES
async def test_the_makers_clients_raise_or_have_it_whole(
    tmp_path: Path, tongue: Tongue, record_property: Callable[[str, object], None]
) -> None:
    async with recorded(tmp_path, tongue) as it, MAKERS[tongue.name](it, f"plain_{tongue.name}") as says:
        first, finish = it.end_of(FIRST[tongue.name]), it.end_of(FINISH[tongue.name])
        places = sorted({*range(0, len(it.whole) + 1, EVERY), first, finish - 1, finish})
        record_property("measured", f"{len(places)} cuts ({tongue.name}) as its maker's client sees them")
        for place in places:
            it.cut_at(place)
            if first <= place < finish:
                with pytest.raises((openai.APIError, anthropic.APIError)):
                    pytest.fail(f"cut at {place} it is taken for whole: {await says()!r}")
            else:
                said = await says()
                assert said == SAID if place >= finish else "(mock)" in said, place


@TONGUES
async def test_the_makers_clients_have_one_that_is_held_back_whole(tmp_path: Path, tongue: Tongue) -> None:
    async with recorded(tmp_path, tongue) as it, MAKERS[tongue.name](it, f"held_{tongue.name}") as says:
        finish = it.end_of(FINISH[tongue.name])
        for place in sorted({*range(0, len(it.whole) + 1, EVERY_HELD_BACK), finish - 1, finish}):
            it.cut_at(place)
            said = await says()
            assert said == SAID if place >= finish else "(mock)" in said, place
