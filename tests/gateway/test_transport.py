"""What upstreams do below HTTP's good manners, byte by byte, and how each is told in our words."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import http_parser

from routedsl.engine.outcome import Failed, Kind
from routedsl.engine.protocol import Arrival
from routedsl.gateway import transport as module
from routedsl.gateway.clock import SystemClock
from routedsl.gateway.reply import Reply
from routedsl.gateway.secret import Secret
from routedsl.gateway.transport import AiohttpTransport, Answer, AttemptError, Call, Times
from routedsl.protocols.openai_chat import PROTOCOL
from tests.gateway.chains import KEY, MS, chains, decision_of, policy_of

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def raw_server(play: Play) -> AsyncIterator[str]:
    """A server that reads one request and then plays its part; its base URL."""
    played: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        played.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            await reader.readexactly(length)
            await play(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        for task in filter(None, played):
            task.cancel()
        await asyncio.gather(*filter(None, played), return_exceptions=True)


def saying(*pieces: bytes, every: float = 0, hang: bool = False) -> Play:
    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)
        if hang:
            await asyncio.Event().wait()

    return play


def call_of(url: str, **changes: object) -> Call:
    call = Call(
        url=url + "/chat/completions",
        headers={"Content-Type": "application/json"},
        body=b"{}",
        key=Secret(KEY),
        connect=200 * MS,
        wait=200 * MS,
        most=10_000,
    )
    return replace(call, **changes)  # type: ignore[arg-type]  # each test names a field of its type


async def outcome_of(url: str, **changes: object) -> bytes | Failed:
    """All bytes of the answer, or the failure."""
    try:
        async with AiohttpTransport(SystemClock()) as transport:
            return await all_of(await transport.send(call_of(url, **changes), Times()))
    except AttemptError as error:
        return error.failed


async def all_of(answer: Answer) -> bytes:
    body = b""
    with closing(answer):
        while piece := await answer.read():
            body += piece
    return body


def test_aiohttp_is_new_enough_and_reads_http_in_c() -> None:
    assert tuple(map(int, aiohttp.__version__.split(".")[:3])) >= (3, 14, 4)
    assert http_parser.HttpResponseParser is not http_parser.HttpResponseParserPy


BAD_HEADS = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a bad status line": b"HTTP/1.1 abc\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "both lengths": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "a header of 100 kB": HEAD + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n{}",
    "20,000 headers": HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n{}",
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS)
async def test_bad_heads_are_malformed(head: bytes) -> None:
    async with raw_server(saying(head)) as url:
        outcome = await outcome_of(url)
        assert isinstance(outcome, Failed)
        assert (outcome.kind, outcome.status) == (Kind.MALFORMED, None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HEAD + b"Content-Length: 10\r\n\r\n{}", Kind.CUT),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", Kind.CUT),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", Kind.MALFORMED),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", Kind.MALFORMED),
        (HEAD + b"\r\n" + b"x" * 20_000, Kind.MALFORMED),
        (b"", Kind.RESET),
        (b"HTTP/1.1 200 O", Kind.RESET),
    ],
)
async def test_bad_bodies(answer: bytes, kind: Kind) -> None:
    async with raw_server(saying(answer)) as url:
        outcome = await outcome_of(url)
        assert isinstance(outcome, Failed)
        assert outcome.kind is kind


async def test_a_good_answer_in_single_bytes() -> None:
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with raw_server(saying(*(answer[place : place + 1] for place in range(len(answer))))) as url:
        assert await outcome_of(url) == b"{}"


async def test_a_redirect_is_not_followed_and_the_key_stays_here() -> None:
    reached = asyncio.Event()

    async def elsewhere(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        reached.set()

    async with raw_server(elsewhere) as other:
        location = f"Location: {other}/chat/completions\r\n".encode()
        redirect = saying(b"HTTP/1.1 307 Go\r\n" + location + b"Content-Length: 0\r\n\r\n")
        async with raw_server(redirect) as url, AiohttpTransport(SystemClock()) as transport:
            answer = await transport.send(call_of(url), Times())
            assert answer.status == 307
            answer.close()
        assert not reached.is_set()


async def test_cookies_are_forgotten() -> None:
    heads: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = HEAD + b"Set-Cookie: tenant=a\r\nContent-Length: 2\r\n\r\n{}"
        writer.write(answer)
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)

    async with raw_server(play) as url, AiohttpTransport(SystemClock()) as transport:
        for _ in range(2):
            answer = await transport.send(call_of(url.replace("127.0.0.1", "localhost")), Times())
            assert await all_of(answer) == b"{}"
    assert heads
    assert all(b"tenant" not in head for head in heads)


DRIP = saying(HEAD, *[b"X-More: y\r\n"] * 100, every=0.02)


@pytest.mark.parametrize("drip", [saying(hang=True), saying(HEAD, hang=True), DRIP])
async def test_headers_have_a_clock_that_a_drip_does_not_stop(drip: Play) -> None:
    async with raw_server(drip) as url:
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await outcome_of(url) == Failed(kind=Kind.TIMEOUT, detail="timeout")
        assert loop.time() - start < 1


async def test_the_clock_of_the_headers_starts_when_the_connection_is_up() -> None:
    async with raw_server(saying(b"", HEAD + b"Content-Length: 2\r\n\r\n{}", every=0.15)) as url:
        assert await outcome_of(url, connect=100 * MS, wait=2_000 * MS) == b"{}"
        slow = await outcome_of(url, connect=10_000 * MS, wait=100 * MS)
        assert slow == Failed(kind=Kind.TIMEOUT, detail="timeout")


async def test_an_answer_knows_when_its_request_could_be_written() -> None:
    clock = SystemClock()
    async with raw_server(saying(HEAD + b"Content-Length: 2\r\n\r\n{}")) as url, AiohttpTransport(clock) as transport:
        before, times = clock.monotonic(), Times()
        with closing(await transport.send(call_of(url), times)):
            assert times.connected is not None
            assert times.written is not None
            assert times.headers is not None
            assert before < times.connected <= times.written <= times.headers <= clock.monotonic()


async def test_a_used_connection_that_breaks_late_had_the_request_and_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 20 * MS)
    asked: list[bytes] = []

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0.1)

    async with raw_server(work) as url, AiohttpTransport(SystemClock()) as transport:
        with closing(await transport.send(call_of(url), Times())) as answer:
            assert await all_of(answer) == b"{}"
        times = Times()
        with pytest.raises(AttemptError, match="reset"):
            await transport.send(call_of(url), times)
    assert (len(asked), times.stale) == (1, 0)


async def test_a_handshake_that_does_not_come_to_an_end_is_no_connection() -> None:
    async with raw_server(saying(hang=True)) as url:
        outcome = await outcome_of(url.replace("http:", "https:"))
        assert outcome == Failed(kind=Kind.TIMEOUT, detail="connect")


async def test_what_is_no_tls_is_refused() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        outcome = await outcome_of(f"https://127.0.0.1:{port}/v1")
    assert isinstance(outcome, Failed)
    assert outcome.kind is Kind.REFUSED


@pytest.mark.parametrize(
    "url", ["http://does-not-exist.invalid/v1", "http:///v1", "ftp://127.0.0.1/v1", "http://127.0.0.1:1/v1"]
)
async def test_where_nobody_is_the_connection_is_refused(url: str) -> None:
    outcome = await outcome_of(url, connect=2_000 * MS)
    assert isinstance(outcome, Failed)
    assert outcome.kind is Kind.REFUSED


def test_a_call_does_not_show_its_key() -> None:
    assert KEY not in repr(call_of("http://127.0.0.1/v1"))


async def refusal(url: str) -> Reply:
    request = PROTOCOL.parse(b'{"messages": [{"role": "user", "content": "hi"}]}', Arrival(id="1"))
    async with chains() as it:
        policy = policy_of({"raw": url}, {"a": "raw"}, {})
        return await it.dispatcher.dispatch(request, decision_of("a"), policy, PROTOCOL)


async def test_a_refusal_that_quotes_our_key_and_address_is_passed_on_without_them() -> None:
    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")
        body = f'{{"error": {{"message": "Bearer {KEY} at http://{host}:{port}/v1 is wrong", "code": "x"}}}}'.encode()
        writer.write(b"HTTP/1.1 422 No\r\nSet-Cookie: a=b\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with raw_server(play) as url:
        reply = await refusal(url)
    assert reply.status == 422
    assert reply.body == b'{"error": {"message": "Bearer [redacted] at [redacted] is wrong", "code": "x"}}'
    assert dict(reply.headers).keys() == {"content-type", "x-should-retry"}


@pytest.mark.parametrize("sent", [b"10\r\n\r\n{", b"2000000\r\n\r\n" + b"[]" * 1_000_000])
async def test_a_refusal_whose_body_does_not_come_or_does_not_end_is_still_a_refusal(sent: bytes) -> None:
    async with raw_server(saying(b"HTTP/1.1 400 No\r\nContent-Length: " + sent)) as url:
        reply = await refusal(url)
    assert reply.status == 400
    assert isinstance(reply.body, bytes)
    assert b"refused the request" in reply.body


async def test_a_connection_that_does_not_come_up_costs_the_clock_of_connecting() -> None:
    async with raw_server(saying()) as url, asyncio.timeout(5):  # it waits for HTTP, and says nothing to TLS
        failed = await outcome_of(url.replace("http:", "https:"), connect=50 * MS, wait=60_000 * MS)
    assert failed == Failed(kind=Kind.TIMEOUT, detail="connect")


async def test_a_reset_of_a_connection_that_was_used_before_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{")
        await asyncio.sleep(0.02)  # what comes with its head is over before it is looked at
        writer.write(b"}")
        await reader.readuntil(b"\r\n\r\n")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with raw_server(play) as url, AiohttpTransport(SystemClock()) as transport:
        for times in (Times(), Times()):
            with closing(await transport.send(call_of(url), times)) as answer:
                assert await all_of(answer) == b"{}"
        assert times.stale == 1
    gc.collect()
    assert not caplog.records
