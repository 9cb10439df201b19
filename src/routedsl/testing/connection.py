"""One connection to a scripted upstream: requests in, steps out, and what goes wrong below them."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import cast

from routedsl.testing.answer import End, Step, Wait
from routedsl.testing.http import LARGEST_HEAD, BadRequestError, Head, read_body, read_head

ABORT_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER, on, for no time: closing the socket sends a reset."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Trouble(StrEnum):
    """What goes wrong with a connection before it is known who is asked for."""

    ACCEPT_HANG = "accept-hang"
    ACCEPT_RESET = "accept-reset"
    ACCEPT_CLOSE = "accept-close"
    HEAD_RESET = "head-reset"


TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.ACCEPT_HANG: "takes the connection, and neither reads nor writes",
        Trouble.ACCEPT_RESET: "resets the connection as soon as it is there",
        Trouble.ACCEPT_CLOSE: "closes the connection as soon as it is there",
        Trouble.HEAD_RESET: "resets the connection after a request's headers, its body unread",
    }
)
_ENDS = {Trouble.ACCEPT_HANG: End.HANG, Trouble.ACCEPT_CLOSE: End.CLOSE}


class Closing(StrEnum):
    """How an answer ended: sent as it should be, broken off as a fault wants it, or because somebody left."""

    WHOLE = "whole"
    BROKEN = "broken"
    GONE = "gone"
    """The client closed the connection."""
    STOPPED = "stopped"
    """The upstream was stopped."""


class Connection(asyncio.Protocol):
    """Serves one request after the other, until somebody closes the connection."""

    def __init__(
        self,
        answer: "Callable[[Connection, Head, bytes], Awaitable[None]]",
        open_ones: "set[Connection]",
        trouble: Trouble | None,
    ) -> None:
        """Hold itself among `open_ones` while it is open; `answer` is called for each request."""
        self.closing = Closing.WHOLE
        self._answer = answer
        self._open_ones = open_ones
        self._trouble = trouble
        self._keeps_open = True
        self._stale = False
        self._reader = asyncio.StreamReader(LARGEST_HEAD)
        self._writable = asyncio.Event()
        self._writable.set()

    # ── what the event loop tells ───────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = cast("asyncio.Transport", transport)
        self._reader.set_transport(self._transport)
        self._open_ones.add(self)
        self._task = asyncio.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Take what comes."""
        self._reader.feed_data(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Stop, whatever is going on."""
        if not self._reader.at_eof():
            self._reader.feed_eof()
        if self.closing is Closing.WHOLE:
            self.closing = Closing.GONE
        self._task.cancel()

    def pause_writing(self) -> None:
        """The client is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    # ── requests and answers ────────────────────────────────────────────────────────────────────

    async def _serve(self) -> None:
        try:
            if self._trouble is not None:
                await self._fail(self._trouble)
            while await self._exchange():
                pass
        except BadRequestError as error:
            self._transport.write(f"HTTP/1.1 400 {error}\r\nContent-Length: 0\r\n\r\n".encode())
        except asyncio.CancelledError:
            pass  # the connection is lost, which is all that ends it from without
        finally:
            self._transport.close()
            self._open_ones.discard(self)

    async def _fail(self, trouble: Trouble) -> None:
        if trouble is Trouble.HEAD_RESET:
            await read_head(self._reader)
        await self._end(_ENDS.get(trouble, End.RESET))

    async def _exchange(self) -> bool:
        """Answer a request; whether there may be another."""
        head = await read_head(self._reader)
        if head is None or self._stale:
            return False
        if head.headers.get("Expect", "").lower() == "100-continue":
            self._transport.write(CONTINUE)
        body = await read_body(self._reader, head)
        self._keeps_open = head.keeps_open
        await self._answer(self, head, body)
        return self._keeps_open and not self._transport.is_closing()

    async def play(self, steps: Iterator[Step], *, keeps_open: bool) -> None:
        """Send an answer step by step; afterwards `closing` tells how that went."""
        self._keeps_open = self._keeps_open and keeps_open
        for step in steps:
            match step:
                case bytes():
                    await self._send(step)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case End():
                    await self._end(step)
                    return

    async def _send(self, data: bytes) -> None:
        self._transport.write(data)
        await asyncio.sleep(0)  # so that an answer without end leaves room for others
        await self._writable.wait()

    async def _end(self, end: End) -> None:
        match end:
            case End.HANG:
                await asyncio.Event().wait()
            case End.CLOSE:
                self.closing = Closing.BROKEN
                self._transport.close()
            case End.RESET:
                self.closing = Closing.BROKEN
                self._reset()
            case End.STALE:
                self._stale = True

    def _reset(self) -> None:
        connection = cast("socket.socket", self._transport.get_extra_info("socket"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT_ON_CLOSE)
        self._transport.abort()

    async def stop(self) -> None:
        """Drop the connection, and what is being sent."""
        self.closing = Closing.STOPPED
        self._transport.abort()
        self._task.cancel()
        await asyncio.wait([self._task])
