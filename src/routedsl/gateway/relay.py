"""A stream on its way to the client: piece by piece, and never a clean end for one that is not whole."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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


class Last(NamedTuple):
    """The last of a stream: its end `mark`; a `farewell` where it is cut off because the server ends."""

    mark: bytes
    farewell: bytes


async def relay(
    http: web.Request,
    response: web.StreamResponse,
    body: AsyncGenerator[bytes, None],
    traffic: Traffic,
    *,
    patience: Patience,
    last: Last,
) -> End:
    """Answer with all pieces of a stream. Anything but a whole one closes the connection without the end mark."""
    end = End.GONE
    try:
        async with aclosing(body):
            end = await _send(http, response, body, patience, last.mark)
    except asyncio.CancelledError:
        if not traffic.cut:
            raise
        end = End.CUT
        with suppress(ConnectionError):
            await response.write(last.farewell)
    finally:
        if end is not End.WHOLE:
            _cut(http)
    return end


async def _send(
    http: web.Request,
    response: web.StreamResponse,
    body: AsyncGenerator[bytes, None],
    patience: Patience,
    mark: bytes,
) -> End:
    loop, marked = asyncio.get_running_loop(), False
    try:
        await response.prepare(http)
        async for piece in body:
            async with asyncio.timeout_at(min(loop.time() + patience.piece, patience.until + _LAST_WORD)):
                await response.write(piece)
            marked = piece == mark
        await response.write_eof()
    except asyncio.CancelledError:
        if not marked:
            raise
        return End.WHOLE  # many clients leave as soon as they have the mark
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
