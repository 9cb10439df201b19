"""What comes in that is no plain request: smuggling, bombs, odd framing. One answer at most, and service goes on."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
import pytest_asyncio

from routedsl.gateway.settings import Limits
from tests.gateway.harness import PATIENCE, Served, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = json.dumps({"model": "auto", "messages": [{"role": "user", "content": "hi"}]}).encode()
HOST = "Host: localhost\r\n"
JSON = "Content-Type: application/json\r\n"
PATH = "/v1/chat/completions"
POST = f"POST {PATH} HTTP/1.1\r\n{HOST}{JSON}"
LENGTH = f"Content-Length: {len(BODY)}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
CLOSE = "Connection: close\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
INNER = f"POST {PATH} HTTP/1.1\r\n{HOST}{JSON}{CLOSE}{LENGTH}\r\n".encode() + BODY
"""A second request, which must never be answered where the first one's end is in doubt."""
MIB = 2**20
BOMB = gzip.compress(b" " * 50 * MIB)


def get(more: str = "", line: str = "GET /healthz HTTP/1.1") -> bytes:
    return f"{line}\r\n{HOST}{CLOSE}{more}\r\n".encode()


def post(more: str, body: bytes = b"") -> bytes:
    return f"{POST}{more}\r\n".encode() + body


@dataclass(frozen=True)
class Probe:
    """What is sent, and the statuses of the answers; none: closed without a word."""

    sent: bytes
    statuses: tuple[int, ...]


PROBES = {
    # ── plain requests, so that the rest says something ──
    "a get": Probe(get(), (200,)),
    "a post with a length": Probe(post(CLOSE + LENGTH, BODY), (200,)),
    "a post in chunks": Probe(post(CLOSE + CHUNKED, CHUNKS), (200,)),
    "two requests in a row": Probe(post(LENGTH, BODY) + post(CLOSE + LENGTH, BODY), (200, 200)),
    "blank lines before": Probe(b"\r\n\r\n" + get(), (200,)),
    # ── where does the body end? ──
    "a length and chunks": Probe(post(LENGTH + CHUNKED, CHUNKS + INNER), (400,)),
    "chunks and a length": Probe(post(CHUNKED + "Content-Length: 4\r\n", CHUNKS + INNER), (400,)),
    "two lengths": Probe(post(LENGTH + "Content-Length: 3\r\n", BODY + INNER), (400,)),
    "one length twice": Probe(post(LENGTH + LENGTH, BODY + INNER), (400,)),
    "a list of lengths": Probe(post(f"Content-Length: {len(BODY)}, {len(BODY)}\r\n", BODY + INNER), (400,)),
    "a length with a sign": Probe(post(f"Content-Length: +{len(BODY)}\r\n", BODY + INNER), (400,)),
    "a length below nothing": Probe(post("Content-Length: -1\r\n", BODY + INNER), (400,)),
    "a length with an underscore": Probe(post("Content-Length: 1_0\r\n", BODY + INNER), (400,)),
    "a length in hexadecimal": Probe(post("Content-Length: 0x10\r\n", BODY + INNER), (400,)),
    "a length with a point": Probe(post("Content-Length: 10.0\r\n", BODY + INNER), (400,)),
    "an empty length": Probe(post("Content-Length:\r\n", BODY + INNER), (400,)),
    "a length of 20 digits": Probe(post("Content-Length: 99999999999999999999\r\n", BODY + INNER), (400,)),
    "a length too large": Probe(post(f"Content-Length: {30 * MIB}\r\n"), (413,)),
    "another script's digits": Probe(post("Content-Length: \u0661\u0660\r\n", BODY + INNER), (400,)),
    "space before the colon": Probe(post(f"Content-Length : {len(BODY)}\r\n", BODY + INNER), (400,)),
    "space before another colon": Probe(post(f"x-a : 1\r\n{LENGTH}", BODY + INNER), (400,)),
    "chunked by another name": Probe(post("Transfer-Encoding: xchunked\r\n", CHUNKS + INNER), (400,)),
    "chunked and identity": Probe(post("Transfer-Encoding: chunked, identity\r\n", CHUNKS + INNER), (400,)),
    "identity and chunked": Probe(post("Transfer-Encoding: identity, chunked\r\n", CHUNKS + INNER), (400,)),
    "identity alone": Probe(post("Transfer-Encoding: identity\r\n", BODY + INNER), (400,)),
    "chunked twice": Probe(post("Transfer-Encoding: chunked, chunked\r\n", CHUNKS + INNER), (400,)),
    "two headers of chunked": Probe(post(CHUNKED + CHUNKED, CHUNKS + INNER), (400,)),
    "gzip and chunked": Probe(post("Transfer-Encoding: gzip, chunked\r\n", CHUNKS + INNER), (400,)),
    "chunked after a tab": Probe(post("Transfer-Encoding:\x0bchunked\r\n", CHUNKS + INNER), (400,)),
    "chunks in HTTP/1.0": Probe(f"POST {PATH} HTTP/1.0\r\n{HOST}{JSON}{CHUNKED}\r\n".encode() + CHUNKS + INNER, (400,)),
    "a folded header": Probe(post(f"x-a: 1\r\n b\r\n{LENGTH}", BODY + INNER), (400,)),
    "a folded encoding": Probe(post("Transfer-Encoding:\r\n chunked\r\n", CHUNKS + INNER), (400,)),
    "bare line feeds": Probe(get().replace(b"\r\n", b"\n"), (400,)),
    "one bare line feed": Probe(post(f"x-a: 1\n{LENGTH}", BODY + INNER), (400,)),
    "a bare carriage return": Probe(post(f"x-a: 1\rx-b: 2\r\n{LENGTH}", BODY + INNER), (400,)),
    "NUL in a value": Probe(post(f"x-a: 1\0\r\n{LENGTH}", BODY + INNER), (400,)),
    "NUL in a name": Probe(post(f"x\0a: 1\r\n{LENGTH}", BODY + INNER), (400,)),
    "a header without a name": Probe(post(f": 1\r\n{LENGTH}", BODY + INNER), (400,)),
    "a header without a colon": Probe(post(f"x-a\r\n{LENGTH}", BODY + INNER), (400,)),
    "a name in quotes": Probe(post(f'"x": 1\r\n{LENGTH}', BODY + INNER), (400,)),
    # ── chunks ──
    "a chunk size that is none": Probe(post(CHUNKED, b"zz\r\n" + BODY + b"\r\n0\r\n\r\n" + INNER), (400,)),
    "a chunk size with 0x": Probe(post(CHUNKED, b"0x5\r\nhello\r\n0\r\n\r\n" + INNER), (400,)),
    "a chunk size below nothing": Probe(post(CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n" + INNER), (400,)),
    "a chunk size of 20 digits": Probe(post(CHUNKED, b"F" * 20 + b"\r\nhello\r\n0\r\n\r\n" + INNER), (400,)),
    "a chunk longer than said": Probe(post(CHUNKED, b"3\r\nhello\r\n0\r\n\r\n" + INNER), (400,)),
    "a chunk that ends in a line feed": Probe(post(CHUNKED, b"5\r\nhello\n0\r\n\r\n" + INNER), (400,)),
    "a line feed after a size": Probe(post(CHUNKED, b"5\nhello\r\n0\r\n\r\n" + INNER), (400,)),
    "a line feed in an extension": Probe(post(CHUNKED, b"5;a\nb\r\nhello\r\n0\r\n\r\n" + INNER), (400,)),
    "a long extension": Probe(post(CHUNKED, b"5;" + b"a" * 20_000 + b"\r\nhello\r\n0\r\n\r\n" + INNER), (400, 200)),
    "a short extension": Probe(post(CLOSE + CHUNKED, b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)), (200,)),
    "a trailer": Probe(post(CLOSE + CHUNKED, CHUNKS[:-2] + b"x-a: 1\r\n\r\n"), (200,)),
    "a trailer with a length": Probe(post(CHUNKED, CHUNKS[:-2] + b"Content-Length: 9\r\n\r\n" + INNER), (400,)),
    "5,000 trailers": Probe(post(CHUNKED, CHUNKS[:-2] + b"x-a: 1\r\n" * 5000 + b"\r\n" + INNER), (400,)),
    "small chunks without end": Probe(post(CHUNKED, b"1\r\n \r\n" * 300_000), (408,)),
    # ── the first line ──
    "HTTP/0.9": Probe(b"GET /healthz\r\n\r\n", (400,)),
    "HTTP/0.9 by number": Probe(get(line="GET /healthz HTTP/0.9"), (400,)),
    "HTTP/1.2": Probe(get(line="GET /healthz HTTP/1.2"), (400,)),
    "HTTP/2.0": Probe(get(line="GET /healthz HTTP/2.0"), (400,)),
    "the preface of HTTP/2": Probe(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", (400,)),
    "TLS": Probe(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400,)),
    "no version": Probe(get(line="GET /healthz HTTP/"), (400,)),
    "lower-case http": Probe(get(line="GET /healthz http/1.1"), (400,)),
    "another's proxy": Probe(get(line="GET http://evil.example/healthz HTTP/1.1"), (400,)),
    "its own absolute form": Probe(get(line="GET http://localhost/healthz HTTP/1.1"), (200,)),
    "a target with a control character": Probe(get(line="GET /health\x01z HTTP/1.1"), (400,)),
    "CONNECT": Probe(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n" + INNER, (400,)),
    "OPTIONS *": Probe(get(line="OPTIONS * HTTP/1.1"), (404,)),
    "a huge method": Probe(get(line="A" * 20_000 + " / HTTP/1.1"), (400,)),
    "a huge target": Probe(get(line="GET /" + "a" * 20_000 + " HTTP/1.1"), (400,)),
    "an unknown method": Probe(get(line="BREW /healthz HTTP/1.1"), (400,)),
    "a method of others": Probe(get(line="DELETE /healthz HTTP/1.1"), (405,)),
    # ── headers ──
    "no host": Probe(f"GET /healthz HTTP/1.1\r\n{CLOSE}\r\n".encode(), (400,)),
    "two hosts": Probe(get("Host: evil.example\r\n"), (400,)),
    "a huge header": Probe(get(f"x-a: {'a' * 20_000}\r\n"), (400,)),
    "5,000 headers": Probe(get("x-a: 1\r\n" * 5000), (400,)),
    "Expect of something": Probe(post(f"Expect: magic\r\n{CLOSE}{LENGTH}", BODY), (417,)),
    "Expect: 100-continue": Probe(post(f"Expect: 100-continue\r\n{CLOSE}{LENGTH}", BODY), (100, 200)),
    "Expect, of a request that is refused": Probe(
        f"POST {PATH} HTTP/1.1\r\n{HOST}Expect: 100-continue\r\n{LENGTH}{CLOSE}\r\n".encode(), (415,)
    ),
    "an upgrade to h2c": Probe(
        get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
        (200,),
    ),
    "an upgrade to a web socket": Probe(
        get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), (200,)
    ),
    # ── bodies ──
    "a gzip bomb": Probe(post(f"Content-Encoding: gzip\r\n{CLOSE}Content-Length: {len(BOMB)}\r\n", BOMB), (415,)),
    "deflate": Probe(post(f"Content-Encoding: deflate\r\n{CLOSE}{LENGTH}", BODY), (415,)),
    "a body to a get": Probe(get(LENGTH)[:-2] + b"\r\n" + BODY, (200,)),
    "NaN": Probe(post(CLOSE + "Content-Length: 37\r\n", b'{"model":"auto","messages":[],"t":NaN}'[:37]), (400,)),
    "a body shorter than said": Probe(post(CLOSE + "Content-Length: 9999\r\n", BODY), (408,)),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    limits = Limits(headers=2, body=0.3, linger=0.1)
    async with serving(tmp_path_factory.mktemp("probes"), limits=limits) as served:
        yield served


async def answers(served: Served, sent: bytes) -> bytes:
    """All that comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    received = b""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            writer.write(sent)
            while piece := await reader.read(65536):
                received += piece
    writer.close()
    return received


def statuses(received: bytes) -> tuple[int, ...]:
    return tuple(int(status) for status in re.findall(rb"HTTP/\d\.\d (\d{3}) ", received))


async def test_each_probe_is_another(record_property: Callable[[str, object], None]) -> None:
    assert len({probe.sent for probe in PROBES.values()}) == len(PROBES) >= 60
    record_property("measured", f"{len(PROBES)} probes on raw sockets")


@pytest.mark.parametrize("name", PROBES)
async def test_a_probe_gets_what_it_must_and_no_more(
    name: str, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    probe = PROBES[name]
    received = await answers(served, probe.sent)
    assert statuses(received) == probe.statuses
    heads = [part.partition(b"\r\n\r\n")[0].lower() for part in re.split(rb"HTTP/\d\.\d (?!100 )(?=\d)", received)[1:]]
    assert all(f"\r\n{name}: ".encode() in head for head in heads for name in ("x-request-id", "request-id"))
    assert not any(b"\r\nserver:" in head for head in heads)
    assert statuses(await answers(served, get())) == (200,)
    assert not caplog.records
