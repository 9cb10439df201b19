"""A stream on its way to the client: piece by piece, and never a clean end for one that is not whole."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from routedsl.gateway.reply import StreamBroken
from routedsl.gateway.traffic import Traffic

_LAST_WORD = 0.02
"""Seconds after the end of a stream's time in which its last frame may still go out."""
_FLUSH = 5.0
"""Seconds that a cut connection gets to take what was already written."""


class End(StrEnum):
    """How a stream ended: all of it was sent, it broke off, or the client left or stopped taking it."""

    WHOLE = "whole"
    CUT = "cut"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client may take: so many seconds for each `piece`, and for all of them `until` a time of the loop."""

    piece: float
    until: float


async def relay(
    http: web.Request,
    response: web.StreamResponse,
    body: AsyncGenerator[bytes, None],
    traffic: Traffic,
    *,
    patience: Patience,
    farewell: bytes,
) -> End:
    """Answer with all pieces of a stream.

    Anything but a whole stream closes the connection without the end mark. `farewell` is what a
    client is told whose stream is cut off because the server ends.
    """
    end = End.GONE
    try:
        async with aclosing(body):
            end = await _send(http, response, body, patience)
    except asyncio.CancelledError:
        if not traffic.cut:
            raise
        end = End.CUT
        with suppress(ConnectionError):
            await response.write(farewell)
    finally:
        if end is not End.WHOLE:
            _cut(http)
    return end


async def _send(
    http: web.Request,
    response: web.StreamResponse,
    body: AsyncGenerator[bytes, None],
    patience: Patience,
) -> End:
    loop = asyncio.get_running_loop()
    try:
        await response.prepare(http)
        async for piece in body:
            async with asyncio.timeout_at(min(loop.time() + patience.piece, patience.until + _LAST_WORD)):
                await response.write(piece)
        await response.write_eof()
    except StreamBroken:
        return End.CUT
    except (TimeoutError, ConnectionError):
        return End.GONE
    return End.WHOLE


def _cut(http: web.Request) -> None:
    # What was written still goes out; the mark of a whole answer never does.
    transport = http.transport
    if transport is not None:
        transport.close()
        asyncio.get_running_loop().call_later(_FLUSH, transport.abort)
