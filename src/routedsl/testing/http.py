"""Just enough of HTTP/1.1 to take requests, and to send answers that are anything but HTTP/1.1."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from multidict import CIMultiDict

from routedsl.testing.answer import Answer, Step, Wait

LARGEST_HEAD = 1 << 20
LARGEST_BODY = 64 << 20
REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequestError(Exception):
    """What came is no request that could be taken."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body. The names of headers may be asked for in any case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def keeps_open(self) -> bool:
        """Whether the client may send another request after this one."""
        return self.headers.get("Connection", "").lower() != "close"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The head of the next request; None where the client has no more. Raises `BadRequestError`."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        if isinstance(error, asyncio.IncompleteReadError) and not error.partial.strip():
            return None
        raise BadRequestError("the head of a request does not end") from error
    line, *lines = text.strip("\r\n").split("\r\n")
    try:
        method, target, _version = line.split(" ")
    except ValueError as error:
        raise BadRequestError("no request begins like this") from error
    fields = (each.partition(":") for each in lines)
    path, _, query = target.partition("?")
    return Head(method, path, query, CIMultiDict((name, value.strip()) for name, _, value in fields))


async def read_body(reader: asyncio.StreamReader, head: Head) -> bytes:
    """The body of a request; raises `BadRequestError`."""
    try:
        if head.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join([chunk async for chunk in _Chunks(reader)])
        return await reader.readexactly(_size(head.headers.get("Content-Length", "0"), 10))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BadRequestError("the body of a request does not end") from error


class _Chunks:
    """The chunks of a body."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def __aiter__(self) -> "_Chunks":
        return self

    async def __anext__(self) -> bytes:
        line = await self._reader.readuntil(b"\r\n")
        chunk = await self._reader.readexactly(_size(line.partition(b";")[0].strip().decode("latin-1"), 16))
        await self._reader.readexactly(2)
        if not chunk:
            raise StopAsyncIteration
        return chunk


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError as error:
        raise BadRequestError("the length of a body is no number") from error
    if not 0 <= size <= LARGEST_BODY:
        raise BadRequestError("a body is too long")
    return size


def sent(answer: Answer) -> Iterator[Step]:
    """All that an answer sends."""
    return iter(answer.wire(_framed(answer)))


def _framed(answer: Answer) -> Iterator[Step]:
    yield Wait(answer.delay)
    yield _head(answer)
    for step in answer.steps:
        yield chunk(step) if answer.chunked and isinstance(step, bytes) else step
    if answer.chunked:
        yield chunk(b"")


def _head(answer: Answer) -> bytes:
    headers = [("Date", formatdate(usegmt=True)), ("Server", "routedsl-mock"), *answer.headers]
    if answer.chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    lines = [
        f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Odd')}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a body; the empty one is its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)
