"""A client as cheap as can be: one connection, one request after the other, each read to its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.ledger.books import Heard

BROKEN = (asyncio.IncompleteReadError, ConnectionError)


class Client:
    """Asks at a gateway's address; a connection that broke is followed by another."""

    def __init__(self, url: str) -> None:
        """Connect when something is asked."""
        self._address = urlsplit(url)
        self._pipe: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, identity: str, model: str, *, stream: bool) -> Heard:
        """Ask for an answer to the request's own id."""
        reader, writer = self._pipe = self._pipe or await self._connect()
        writer.write(request(identity, model, stream=stream))
        answer = await _read(reader)
        if not answer.whole or "close" in answer.headers.get("connection", ""):
            self.close()
        said, whole = spoken(answer.body, stream=stream and answer.status == 200)
        served = answer.headers.get("x-route-model", "none")
        return Heard(identity, answer.status, answer.whole and whole, served, said)

    def close(self) -> None:
        """Let go of the connection."""
        if self._pipe is not None:
            self._pipe[1].close()
            self._pipe = None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._address.hostname, self._address.port)


def request(identity: str, model: str, *, stream: bool) -> bytes:
    """The bytes of a request that says its own id."""
    body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": identity}]})
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"X-Request-Id: {identity}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", body)).encode()


@dataclass(frozen=True)
class Answer:
    """What came; `whole` where HTTP says that this is all."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool


async def _read(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    pieces: list[bytes] = []
    try:
        if headers.get("transfer-encoding") == "chunked":
            async for piece in _chunks(reader):
                pieces.append(piece)
        else:
            pieces.append(await reader.readexactly(int(headers["content-length"])))
    except BROKEN:
        return Answer(int(first.split()[1]), headers, b"".join(pieces), whole=False)
    return Answer(int(first.split()[1]), headers, b"".join(pieces), whole=True)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)


def spoken(body: bytes, *, stream: bool) -> tuple[str, bool]:
    """What an answer says, and whether it is one from its beginning to its end."""
    if stream:
        events = [event.removeprefix(b"data: ") for event in body.split(b"\n\n") if event]
        values = [json.loads(event) for event in events if event != b"[DONE]"]
        return "".join(word for value in values for word in _words(value)), events[-1:] == [b"[DONE]"]
    value = json.loads(body)
    return value["choices"][0]["message"]["content"] if "choices" in value else "", True


def _words(value: dict[str, list[dict[str, dict[str, str]]]]) -> Iterator[str]:
    for choice in value.get("choices", ()):
        yield choice["delta"].get("content") or ""
