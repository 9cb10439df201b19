"""A stream on its way to the client: piece by piece, and never a clean end for one that is not whole."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from enum import StrEnum

from aiohttp import web

from routedsl.gateway.reply import StreamBroken
from routedsl.gateway.traffic import Traffic

_FLUSH = 5.0
"""Seconds that a cut connection gets to take what was already written."""


class End(StrEnum):
    """How a stream ended: all of it was sent, it broke off, or the client left or stopped taking it."""

    WHOLE = "whole"
    CUT = "cut"
    GONE = "gone"


async def relay(
    http: web.Request,
    response: web.StreamResponse,
    body: AsyncGenerator[bytes, None],
    traffic: Traffic,
    *,
    patience: float,
    farewell: bytes,
) -> End:
    """Answer with all pieces of a stream; a client may take `patience` seconds for each.

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
    http: web.Request, response: web.StreamResponse, body: AsyncGenerator[bytes, None], patience: float
) -> End:
    try:
        await response.prepare(http)
        async for piece in body:
            async with asyncio.timeout(patience):
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
