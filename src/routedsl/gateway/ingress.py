"""HTTP on its way in: what may come at all, and a body as a `Request`."""

import asyncio
import re
import secrets
from collections.abc import Collection, Mapping

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from routedsl.engine.protocol import Arrival, Protocol
from routedsl.engine.request import Request, RequestError
from routedsl.gateway.entrance import CLIENT, CREDENTIALS, PLACE
from routedsl.gateway.settings import Limits, is_loopback

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_JSON_TYPE = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_CHUNKED = "chunked"
_CONTINUE = "100-continue"
_HOSTLESS = frozenset({"/healthz", "/readyz"})
"""Probes call by address."""
LARGE = 64 * 1024
"""Bytes of a body from which it is worked on in a thread: that takes long, and lets others run."""
_NOTHING: frozenset[str] = frozenset()


def request_id(headers: Mapping[str, str]) -> str:
    """The client's own id where it is sane, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else f"req_{secrets.token_hex(12)}"


def admit_hosts(hosts: Collection[str] | None) -> Middleware:
    """Turns away what was not meant for this server: a page that rebinds its name, a proxy's request.

    Loopback names always go, `hosts` too; None lets any name in.
    """
    known = None if hosts is None else frozenset(host.lower() for host in hosts)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _check_form(request)
        except RequestError:
            request.protocol.close()  # whatever comes after it is in doubt
            raise
        if known is not None and request.path not in _HOSTLESS:
            _check_host(request, known)
        return await handler(request)

    return admit


def _check_form(request: web.Request) -> None:
    if request.version not in (HttpVersion10, HttpVersion11):
        raise RequestError("invalid_request", "this server speaks HTTP/1.1")
    encoding = request.headers.get("Transfer-Encoding", _CHUNKED).lower()
    if encoding != _CHUNKED or (request.version == HttpVersion10 and "Transfer-Encoding" in request.headers):
        raise RequestError("invalid_request", "no transfer encoding is taken but `chunked` of HTTP/1.1")
    if request.headers.get("Expect", _CONTINUE).lower() != _CONTINUE:
        raise RequestError("expectation_failed", f"nothing but `{_CONTINUE}` may be expected")
    if request.method == "CONNECT" or not (request.raw_path.startswith("/") or _same_host(request)):
        raise RequestError("invalid_request", "this server is no proxy")


def _check_host(request: web.Request, known: Collection[str]) -> None:
    name = _hostname(request.headers.get("Host", ""))
    if not is_loopback(name) and name not in known:
        raise RequestError("host_not_allowed", f"`{name}` is no name of this server; its setting `hosts` may add it")


def _same_host(request: web.Request) -> bool:
    try:
        return request.url.authority == URL(f"http://{request.headers.get('Host', '')}").authority
    except ValueError:
        return False


def _hostname(host: str) -> str:
    try:
        return (URL(f"http://{host}").host or "").lower()
    except ValueError:
        return ""


async def read_request(request: web.Request, protocol: Protocol, limits: Limits, identity: str) -> Request:
    """The body as the protocol reads it; raises `RequestError`."""
    body = await read_body(request, limits)
    client = request.get(CLIENT)
    headers = _joined(request.headers, leave_out=_NOTHING if client is None else CREDENTIALS)
    key = None if client is None else client.name
    arrival = Arrival(headers=headers, query=dict(request.query), key=key, id=identity)
    if len(body) < LARGE:
        return protocol.parse(body, arrival)
    return await asyncio.to_thread(protocol.parse, body, arrival)


async def read_body(request: web.Request, limits: Limits) -> bytes:
    """The body, which says that it is JSON; raises `RequestError`."""
    _check_headers(request, limits)
    await _invite_body(request)
    return await _read_body(request, limits)


async def when_asked_for(_request: web.Request) -> None:
    """Leave it to `read_request` to say `100 Continue`: who is turned away need not send a body."""


async def _invite_body(request: web.Request) -> None:
    if "Expect" in request.headers and request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # this is no part of the answer


def _check_headers(request: web.Request, limits: Limits) -> None:
    # A page of a foreign site may send anything but this type without asking first.
    if not _JSON_TYPE.fullmatch(request.content_type):
        raise RequestError("unsupported_media_type", "send the body as `content-type: application/json`")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise RequestError("unsupported_encoding", "send the body as it is: no content encoding is taken")
    if (request.content_length or 0) > limits.size:
        raise _too_large(limits)


async def _read_body(request: web.Request, limits: Limits) -> bytes:
    """The body. One that is slow to come has no place in flight meanwhile, which many such would fill."""
    body, place = bytearray(), request[PLACE]
    try:
        prompt = min(limits.prompt, limits.body)
        if not await _filled(body, request, limits, prompt):
            place.lend()
            if not await _filled(body, request, limits, limits.body - prompt):
                raise RequestError("request_timeout", f"the body was not complete after {limits.body:g} s")
            await place.take()
    except web.RequestPayloadError:
        raise RequestError("invalid_request", "the body's framing is broken") from None
    return bytes(body)


async def _filled(body: bytearray, request: web.Request, limits: Limits, seconds: float) -> bool:
    """Whether all of a body came in time; what came of it stands in `body`."""
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > limits.size:
                    raise _too_large(limits)
                request[PLACE].grow(len(piece))
    except TimeoutError:
        return False
    return True


def _too_large(limits: Limits) -> RequestError:
    most = f"{limits.size // 2**20} MiB" if limits.size >= 2**20 else f"{limits.size} bytes"
    return RequestError("body_too_large", f"a body may have up to {most}")


def _joined(headers: Mapping[str, str], leave_out: Collection[str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers.items():
        folded = name.lower()
        if folded not in leave_out:
            joined[folded] = f"{joined[folded]}, {value}" if folded in joined else value
    return joined
