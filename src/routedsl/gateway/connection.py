"""Listening sockets, and connections with what aiohttp's lack: clocks, a bound on how many, errors of our own form."""

import asyncio
import logging
from collections.abc import Callable

from aiohttp import http_parser, web
from aiohttp.http_exceptions import HttpProcessingError

from routedsl.gateway.settings import Limits

_BACKLOG = 1024
"""Connections that may wait to be accepted: a burst must not run into the second that TCP waits to try again."""
_LOG = logging.getLogger(__name__)


def parser_is_compiled() -> bool:
    """Whether aiohttp reads requests with its compiled parser; the other one is slower, and reads some differently."""
    return http_parser.HttpRequestParser is getattr(http_parser, "HttpRequestParserC", None)


class Door:
    """A listener's connections: at most so many, all under the same limits.

    Where all places are taken, a connection that has no request gives way to a new one. `refuse`
    makes the answer to bytes that are no HTTP.
    """

    def __init__(self, most: int, limits: Limits, refuse: Callable[[], web.Response]) -> None:
        """Start with none."""
        self._most = most
        self.limits = limits
        self.refuse = refuse
        self._open: dict[Connection, None] = {}

    def let_in(self, new: "Connection") -> bool:
        """Whether there is a place for it."""
        if len(self._open) >= self._most:
            idle = [connection for connection in self._open if connection.idle]
            if not idle:
                return False
            oldest = min(idle, key=lambda connection: connection.served)  # who never asked goes before who did
            self.let_out(oldest)
            oldest.drop()
        self._open[new] = None
        return True

    def let_out(self, connection: "Connection") -> None:
        """Its place is free."""
        self._open.pop(connection, None)


class _Timer:
    """Does something after so many seconds, unless it is stopped before."""

    def __init__(self, seconds: float, then: Callable[[], None]) -> None:
        self._seconds = seconds
        self._then = then
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        return self._handle is not None

    def start(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._then)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Connection(web.RequestHandler):
    """aiohttp's connection, dropped where the headers of a request take too long to come, or an answer to be taken."""

    def __init__(self, server: web.Server, door: Door) -> None:
        """Wait for a transport."""
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            logger=_LOG,
            access_log=None,  # type: ignore[arg-type] # None is how it is turned off
            auto_decompress=False,
            keepalive_timeout=door.limits.keepalive,
            lingering_time=door.limits.linger,
        )
        self._door = door
        self._headers = _Timer(door.limits.headers, self.drop)
        self._writing = _Timer(door.limits.write, self.drop)

    @property
    def idle(self) -> bool:
        """Whether it has no request, or not all headers of one."""
        return self._waiter is not None and not self._waiter.done()

    @property
    def served(self) -> bool:
        """Whether it ever had one."""
        return self._request_count > 0

    def drop(self) -> None:
        """Close it, with no word."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock of the first headers."""
        super().connection_made(transport)
        if self._door.let_in(self):
            self._headers.start()
        else:
            self.drop()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the clocks."""
        self._door.let_out(self)
        self._headers.stop()
        self._writing.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the clock where headers begin, stop it where they end. Blank lines before a request are nothing."""
        requests = self._request_count
        super().data_received(data)
        if self._request_count != requests:
            self._headers.stop()
        elif not self._headers.runs and self.idle and data.strip(b"\r\n"):
            self._headers.start()

    def pause_writing(self) -> None:
        """Start the clock of a client that takes nothing."""
        super().pause_writing()
        self._writing.start()

    def resume_writing(self) -> None:
        """Stop it."""
        self._writing.stop()
        super().resume_writing()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP; it is no reason to fill the log."""
        if isinstance(exc, HttpProcessingError):
            return self._door.refuse()
        return super().handle_error(request, status, exc, message)


async def listen(server: web.Server, host: str, port: int, door: Door) -> asyncio.Server:
    """Accept connections for aiohttp's server; raises OSError where the address is taken or not this machine's."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(server, door), host, port, backlog=_BACKLOG)


def port_of(listener: asyncio.Server) -> int:
    """The port that a listener got."""
    port: int = listener.sockets[0].getsockname()[1]
    return port
