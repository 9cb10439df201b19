"""The one seam to upstreams: a call in, an answer out, and every failure translated to ours here and nowhere else."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Protocol, Self

import aiohttp
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TraceConfig
from aiohttp.http_exceptions import HttpProcessingError

from routedsl.base.units import DURATIONS
from routedsl.engine.outcome import Failed, Kind
from routedsl.engine.protocol import bearer
from routedsl.gateway.clock import Clock
from routedsl.gateway.pool import Pool
from routedsl.gateway.secret import Secret

DNS_LIFETIME = 30
MOST_STALE = 3
"""So many pooled connections may turn out to be dead before a call counts as failed."""
AT_ONCE = DURATIONS["s"]
"""Microseconds from a request's last byte in which a connection that was dead before shows it."""
LARGE_BODY = 2**20
"""Bytes from which a body is written in pieces, and read in a thread, so that the event loop does not wait for it."""


class AttemptError(Exception):
    """An attempt that failed, on its way to who decides what follows."""

    def __init__(self, failed: Failed) -> None:
        """Carry the failure."""
        super().__init__(failed.word)
        self.failed = failed


def failure(kind: Kind, detail: str) -> AttemptError:
    """An attempt's failure, to be raised."""
    return AttemptError(Failed(kind=kind, detail=detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, a POST unless said.

    `connect` and `wait` are microseconds: until the connection is up, from its last byte to the headers. `waited_by`
    names the clock that `wait` is of.
    `key` goes up in the headers that `credentials` makes of it. An answer of more than `most` bytes is
    none.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    key: Secret | None
    credentials: Callable[[str], Mapping[str, str]] = bearer
    connect: int
    wait: int
    most: int
    waited_by: str = "timeout"
    method: str = "POST"


@dataclass(slots=True)
class Times:
    """How far a call has come, and when, by the monotonic clock; None for what has not been.

    `connected` is when the request could be written, `written` when the last of it was, and `headers`
    when the answer's were there. `stale` counts pooled connections that had died in the meantime.
    """

    connected: int | None = None
    written: int | None = None
    headers: int | None = None
    stale: int = 0


class Answer(Protocol):
    """What came back. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]

    async def read(self) -> bytes:
        """The next bytes, as many as are there; none at the end. Raises `AttemptError`."""
        ...

    def close(self) -> None:
        """Drop the connection, unless the answer was read to its end. May be called twice."""
        ...


class Transport(Protocol):
    """Where calls go out."""

    async def send(self, call: Call, times: Times) -> Answer:
        """The answer, as soon as its headers are there; who gets it closes it. Raises `AttemptError`.

        `times` are written as they come.
        """
        ...


@asynccontextmanager
async def within(clock: Clock, until: int, failed: Failed) -> AsyncIterator[None]:
    """Interrupts its block when it is `until`, and raises this failure then."""
    try:
        async with asyncio.timeout_at(clock.loop_time(until)):
            yield
    except TimeoutError:
        raise AttemptError(failed) from None


# ── aiohttp ─────────────────────────────────────────────────────────────────────────────────────


class AiohttpTransport:
    """Calls over aiohttp: no limit of its own is left on that could cut, queue, redirect, unpack or remember anything.

    Open inside `async with`.
    """

    def __init__(self, clock: Clock) -> None:
        """Nothing is opened yet."""
        self._clock = clock
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool of connections."""
        self._session = ClientSession(
            connector=Pool(limit=0, ttl_dns_cache=DNS_LIFETIME),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            trace_configs=[_tracing()],
            headers={"User-Agent": "routedsl", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, call: Call, times: Times) -> Answer:
        """See `Transport`.

        A pooled connection may have died since it was used last; then the request is sent on the next. One that
        dies later had the request: to send that again would be a retry that nobody has allowed.
        """
        for _ in range(MOST_STALE):
            dial = _Dial(self._clock, call, times)
            try:
                return await self._sent(call, dial)
            except AttemptError as error:
                if error.failed.kind is not Kind.RESET or not dial.was_dead:
                    raise
            times.stale += 1
        return await self._sent(call, _Dial(self._clock, call, times))

    async def _sent(self, call: Call, dial: "_Dial") -> Answer:
        if self._session is None:
            raise RuntimeError("the transport is not open")
        headers = dict(call.headers)
        if call.key is not None:
            headers |= call.credentials(call.key.reveal())
        body = io.BytesIO(call.body) if len(call.body) > LARGE_BODY else call.body
        with _translated(Kind.RESET):
            async with dial.clocks():
                response = await self._session.request(
                    call.method,
                    call.url,
                    data=body or None,
                    headers=headers,
                    allow_redirects=False,
                    trace_request_ctx=dial,
                )
        dial.times.headers = self._clock.monotonic()
        return _AiohttpAnswer(response, call.most)


class _Dial:
    """The clocks of a call until its headers: `connect`, and once the request is written `wait`."""

    def __init__(self, clock: Clock, call: Call, times: Times) -> None:
        self.times = times
        self.reused = False
        self._clock = clock
        self._wait, self._waited_by = call.wait, call.waited_by
        self._timeout = asyncio.timeout_at(clock.loop_time(clock.monotonic() + call.connect))
        self._over = False
        times.connected = times.written = None

    @property
    def was_dead(self) -> bool:
        """Whether a connection that broke now was most likely dead before: it had been used, and broke at once."""
        return self.reused and self._clock.monotonic() - (self.times.written or 0) <= AT_ONCE

    @asynccontextmanager
    async def clocks(self) -> AsyncIterator[None]:
        try:
            async with self._timeout:
                yield
        except TimeoutError:
            clock = "connect" if self.times.connected is None else self._waited_by
            raise failure(Kind.TIMEOUT, clock) from None
        finally:
            self._over = True

    def on_connected(self) -> None:
        self.times.connected = self._clock.monotonic()
        self.on_written()

    def on_written(self) -> None:
        """Some more is written: the answer may take its whole time from here."""
        if not self._over:  # some servers answer before they have read it all
            self.times.written = self._clock.monotonic()
            self._timeout.reschedule(self._clock.loop_time(self.times.written + self._wait))


async def _on_connected(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.on_connected()


async def _on_reused(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.reused = True
    context.trace_request_ctx.on_connected()


async def _on_written(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.on_written()


def _tracing() -> TraceConfig:
    config = TraceConfig()
    config.on_connection_create_end.append(_on_connected)
    config.on_connection_reuseconn.append(_on_reused)
    config.on_request_chunk_sent.append(_on_written)
    return config


class _AiohttpAnswer:
    def __init__(self, response: aiohttp.ClientResponse, most: int) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._left = most
        self._protocol = None if response.connection is None else response.connection.protocol
        self._closed = None if self._protocol is None else self._protocol.closed
        if self._closed is None:
            self._notice()
        else:
            self._closed.add_done_callback(self._on_closed)
            self._closed.remove_done_callback(_asked)  # a connection that is used again has it already
            self._closed.add_done_callback(_asked)

    async def read(self) -> bytes:
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise failure(Kind.MALFORMED, "its answer is compressed, which nobody asked for")
        with _translated(Kind.CUT):
            piece = await self._response.content.readany()
        self._left -= len(piece)
        if self._left < 0:
            raise failure(Kind.MALFORMED, "its answer does not end")
        return piece

    def close(self) -> None:
        if self._closed is not None:
            self._closed.remove_done_callback(self._on_closed)
        self._response.close()

    def _on_closed(self, _closed: "asyncio.Future[None]") -> None:
        self._notice()

    def _notice(self) -> None:
        # aiohttp closes a connection whose chunks it cannot read, and leaves the reader waiting for more.
        broken = self._protocol is not None and isinstance(self._protocol.exception(), HttpProcessingError)
        if broken and not self._response.content.is_eof():
            self._response.content.set_exception(failure(Kind.MALFORMED, "it does not speak HTTP"))


def _asked(closed: "asyncio.Future[None]") -> None:
    """Ask why a connection was lost, or asyncio complains that nobody has: one may die while nobody uses it."""
    if not closed.cancelled():
        closed.exception()


_FAILURES: tuple[tuple[type[Exception], Kind | None, str], ...] = (
    (aiohttp.ClientConnectorDNSError, Kind.REFUSED, "its host is not found"),
    (aiohttp.ClientSSLError, Kind.REFUSED, "its certificate or TLS is not accepted"),
    (aiohttp.ClientConnectorError, Kind.REFUSED, "it cannot be connected to"),
    (aiohttp.ClientResponseError, Kind.MALFORMED, "it does not speak HTTP"),
    (aiohttp.ClientPayloadError, Kind.CUT, "its answer broke off"),
    (aiohttp.ClientConnectionError, None, "it closed the connection"),
    (OSError, None, "it closed the connection"),
    (aiohttp.ClientError, Kind.REFUSED, "its address is not valid"),
    (ValueError, Kind.REFUSED, "its address or key cannot be sent"),
)
"""What aiohttp raises, the first that fits; None stands for what a lost connection means at that moment."""


@contextmanager
def _translated(lost: Kind) -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError, ValueError) as error:
        kind, detail = next((kind, detail) for type_, kind, detail in _FAILURES if isinstance(error, type_))
        raise failure(kind or lost, detail) from None
