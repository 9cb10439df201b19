"""A listening socket whose new connections must send a request's headers in time; aiohttp's have all the time."""

import asyncio
from typing import cast

from aiohttp import web

_END_OF_HEADERS = b"\r\n\r\n"
_BACKLOG = 1024
"""Connections that may wait to be accepted: a burst must not run into the second that TCP waits to try again."""


class FirstHeaders(asyncio.Protocol):
    """Hands a connection's events on to aiohttp's protocol; drops the connection if no whole header comes in time."""

    def __init__(self, inner: asyncio.Protocol, seconds: float) -> None:
        """Wrap a protocol that has not met its transport."""
        self._inner = inner
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock."""
        abort = cast(asyncio.Transport, transport).abort  # uvloop's have it too, and are no such class
        self._timer = asyncio.get_running_loop().call_later(self._seconds, abort)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Stop the clock at the end of the first headers."""
        if self._timer is not None:
            # Blank lines may come before a request, and end nothing.
            seen = self._tail + data if self._tail else data.lstrip(b"\r\n")
            if _END_OF_HEADERS in seen:
                self._stop()
            self._tail = seen[1 - len(_END_OF_HEADERS) :]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hand on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on."""
        self._inner.resume_writing()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def listen(server: web.Server, host: str, port: int, seconds: float) -> asyncio.Server:
    """Accept connections for aiohttp's server; raises OSError where the address is taken or not this machine's."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: FirstHeaders(server(), seconds), host, port, backlog=_BACKLOG)


def port_of(listener: asyncio.Server) -> int:
    """The port that a listener got."""
    port: int = listener.sockets[0].getsockname()[1]
    return port
