"""A stream to a client over a real socket: whole, broken, and to one that does not read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from routedsl.gateway.relay import End, Last, Patience, relay
from routedsl.gateway.reply import StreamBroken
from routedsl.gateway.traffic import Traffic
from tests.gateway.harness import PATIENCE

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
MARK = b"that is all"


class Relaying:
    """An application that relays one body to whoever asks."""

    def __init__(self, body: AsyncGenerator[bytes, None], patience: float, time: float) -> None:
        loop = asyncio.get_running_loop()
        self.body = body
        self.patience = Patience(piece=patience, until=loop.time() + time)
        self.end: asyncio.Future[End] = loop.create_future()
        self.traffic = Traffic()
        self.task: asyncio.Task[object] | None = None
        self.port = 0

    async def answer(self, http: web.Request) -> web.StreamResponse:
        self.task, response = asyncio.current_task(), web.StreamResponse()
        end = await relay(http, response, self.body, self.traffic, patience=self.patience, last=Last(MARK, b"bye"))
        self.end.set_result(end)
        return response


@asynccontextmanager
async def relaying(body: AsyncGenerator[bytes, None], patience: float = 5, time: float = 60) -> AsyncIterator[Relaying]:
    relaying = Relaying(body, patience, time)
    app = web.Application()
    app.router.add_get("/", relaying.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    relaying.port = runner.addresses[0][1]
    async with asyncio.timeout(PATIENCE):
        yield relaying
    await runner.cleanup()


async def whole() -> AsyncGenerator[bytes, None]:
    yield b"one"
    yield b"two"


async def broken() -> AsyncGenerator[bytes, None]:
    yield b"one"
    yield b"x" * 100_000
    raise StreamBroken


@pytest.mark.parametrize(("body", "end"), [(whole, End.WHOLE), (broken, End.CUT)])
async def test_only_a_whole_stream_ends_cleanly(body: Callable[[], AsyncGenerator[bytes, None]], end: End) -> None:
    async with relaying(body()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASK)
        received = await reader.read()
        assert await server.end is end
        writer.close()
    assert b"one" in received
    assert received.endswith(LAST_CHUNK) is (end is End.WHOLE)
    assert (b"x" * 100_000 in received) is (end is End.CUT), "what was written still goes out"


@pytest.mark.parametrize("bounds", [{"patience": 0.1}, {"time": 0.1}])
async def test_a_client_that_takes_nothing_is_given_up(bounds: dict[str, float]) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.set()

    async with relaying(endless(), **bounds) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(ASK)
        assert await server.end is End.GONE
        assert closed.is_set()
        writer.close()


async def lingering() -> AsyncGenerator[bytes, None]:
    yield b"one"
    yield MARK
    await asyncio.Event().wait()  # for what its upstream still says


async def test_a_client_that_leaves_once_it_has_it_all_had_it_all() -> None:
    async with relaying(lingering()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASK)
        await reader.readuntil(MARK)
        writer.transport.abort()
        assert await server.end is End.WHOLE


async def test_who_has_it_all_is_told_of_no_shutdown() -> None:
    async with relaying(lingering()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASK)
        await reader.readuntil(MARK)
        server.traffic.cut = True
        assert server.task is not None
        server.task.cancel()
        assert await server.end is End.WHOLE
        assert (await reader.read()).endswith(LAST_CHUNK)
        writer.close()
