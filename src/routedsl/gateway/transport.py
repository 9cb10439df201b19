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

from routedsl.engine.outcome import Failed, Kind
from routedsl.engine.protocol import bearer
from routedsl.gateway.clock import Clock
from routedsl.gateway.pool import Pool
from routedsl.gateway.secret import Secret

DNS_LIFETIME = 30
LARGE_BODY = 2**20
"""Bytes from which a body is written in pieces, so that the event loop does not wait for it."""


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
    """One POST. `connect` and `wait` are microseconds: until the connection is up, from there to the answer's headers.

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


class Answer(Protocol):
    """What came back. Header names are lower-case. `connected` is when the request could be written."""

    status: int
    headers: Mapping[str, str]
    connected: int

    async def read(self) -> bytes:
        """The next bytes, as many as are there; none at the end. Raises `AttemptError`."""
        ...

    def close(self) -> None:
        """Drop the connection, unless the answer was read to its end. May be called twice."""
        ...


class Transport(Protocol):
    """Where calls go out."""

    async def send(self, call: Call) -> Answer:
        """The answer, as soon as its headers are there; who gets it closes it. Raises `AttemptError`."""
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

    async def send(self, call: Call) -> Answer:
        """See `Transport`."""
        if self._session is None:
            raise RuntimeError("the transport is not open")
        dial = _Dial(self._clock, call)
        headers = dict(call.headers)
        if call.key is not None:
            headers |= call.credentials(call.key.reveal())
        body = io.BytesIO(call.body) if len(call.body) > LARGE_BODY else call.body
        with _translated(Kind.RESET):
            async with dial.clocks():
                response = await self._session.post(
                    call.url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=dial
                )
        return _AiohttpAnswer(response, dial.connected or self._clock.monotonic(), call.most)


class _Dial:
    """The clocks of a call until its headers: `connect`, and once the connection is up `wait`."""

    def __init__(self, clock: Clock, call: Call) -> None:
        self.connected: int | None = None
        self._clock = clock
        self._wait = call.wait
        self._timeout = asyncio.timeout_at(clock.loop_time(clock.monotonic() + call.connect))

    @asynccontextmanager
    async def clocks(self) -> AsyncIterator[None]:
        try:
            async with self._timeout:
                yield
        except TimeoutError:
            raise failure(Kind.TIMEOUT, "connect" if self.connected is None else "timeout") from None

    def on_connected(self) -> None:
        self.connected = self._clock.monotonic()
        self._timeout.reschedule(self._clock.loop_time(self.connected + self._wait))


async def _on_connected(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.on_connected()


def _tracing() -> TraceConfig:
    config = TraceConfig()
    config.on_connection_create_end.append(_on_connected)
    config.on_connection_reuseconn.append(_on_connected)
    return config


class _AiohttpAnswer:
    def __init__(self, response: aiohttp.ClientResponse, connected: int, most: int) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.connected = connected
        self._response = response
        self._left = most

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
        self._response.close()


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
