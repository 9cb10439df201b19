"""What may come in: bad bodies, bad framing, strange hosts and slow clients, over real sockets."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
import uvloop
from aiohttp import ClientSession, http_parser
from hypothesis import given
from hypothesis import strategies as st

from routedsl.gateway.ingress import request_id
from routedsl.gateway.settings import Limits
from routedsl.testing import Script
from routedsl.tools.serving import allow_files
from tests.gateway.harness import PATIENCE, Served, exchange, got, serving

JSON = {"content-type": "application/json"}
GOOD = json.dumps({"model": "auto", "messages": [{"role": "user", "content": "hi"}]}).encode()
MIB = 2**20
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def about(content: object) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": content}]}).encode()


BAD_BODIES = [
    pytest.param(b"", 400, "invalid_json", id="nothing"),
    pytest.param(b"hello", 400, "invalid_json", id="no JSON"),
    pytest.param(b'{"messages": [', 400, "invalid_json", id="cut JSON"),
    pytest.param(b'{"messages": [{"role": "user", "content": "\xff"}]}', 400, "invalid_json", id="no UTF-8"),
    pytest.param(b'{"model": "tiny", "model": "large", "messages": []}', 400, "duplicate_key", id="a doubled key"),
    pytest.param(b'{"model": "tiny", "Model": "large", "messages": []}', 400, "duplicate_key", id="a key in two cases"),
    pytest.param(b"[" * 10_000 + b"]" * 10_000, 400, None, id="10,000 deep"),
    pytest.param(b'{"messages": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400, None, id="messages 10,000 deep"),
    pytest.param(b"[]", 400, "invalid_request", id="no object"),
    pytest.param(b'{"model": "auto"}', 400, "invalid_request", id="no messages"),
    pytest.param(b'{"messages": "hi"}', 400, "invalid_request", id="messages of a wrong type"),
    pytest.param(b'{"messages": ["hi"]}', 400, "invalid_request", id="a message of a wrong type"),
    pytest.param(about(7), 400, "invalid_request", id="content of a wrong type"),
    pytest.param(b'{"model": 7, "messages": []}', 400, "invalid_request", id="a model of a wrong type"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD_BODIES)
async def test_a_bad_body_is_told_and_leaves_the_server_unmoved(
    tmp_path: Path, body: bytes, status: int, code: str | None
) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        bad = await got(http.post("/v1/chat/completions", data=body, headers=JSON))
        error = bad.json["error"]
        good = await got(http.post("/v1/chat/completions", data=GOOD, headers=JSON))
        assert good.status == 200
    assert bad.status == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] in ((code,) if code else ("invalid_json", "invalid_request"))
    assert bad.headers["x-request-id"]
    assert len(served.upstream.seen) == 1


async def test_30_mb_are_too_much_and_are_told_so_before_they_are_read(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        bad = await got(http.post("/v1/chat/completions", data=BytesIO(about("x" * 30 * MIB)), headers=JSON))
        good = await got(http.post("/v1/chat/completions", data=GOOD, headers=JSON))
        assert (bad.status, bad.code) == (413, "body_too_large")
        assert good.status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unsupported_media_type"),
        ({"content-type": "text/plain"}, "unsupported_media_type"),
        ({"content-type": "application/x-www-form-urlencoded"}, "unsupported_media_type"),
        ({**JSON, "content-encoding": "gzip"}, "unsupported_encoding"),
        ({**JSON, "content-encoding": "identity, br"}, "unsupported_encoding"),
    ],
)
async def test_a_body_of_another_kind_is_not_read(tmp_path: Path, headers: dict[str, str], code: str) -> None:
    sent = gzip.compress(GOOD) if headers.get("content-encoding") == "gzip" else GOOD
    async with serving(tmp_path) as served, ClientSession(served.url, skip_auto_headers={"Content-Type"}) as http:
        answer = await got(http.post("/v1/chat/completions", data=sent, headers=headers))
        assert answer.status == 415
        assert answer.code == code
    assert not served.upstream.seen


@pytest.mark.parametrize("type_", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"])
async def test_json_by_any_of_its_names_is_read(tmp_path: Path, type_: str) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        answer = await got(http.post("/v1/chat/completions", data=GOOD, headers={"content-type": type_}))
        assert answer.status == 200


async def test_a_body_without_a_length_is_bounded_all_the_same(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    async with serving(tmp_path, limits=Limits(size=MIB, linger=0.1)) as served, ClientSession(served.url) as http:
        answer = await got(http.post("/v1/chat/completions", data=endless(), headers=JSON))
        assert answer.status == 413


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("localhost:99", 200), ("127.0.0.1:8080", 200), ("[::1]:8080", 200), ("gateway.home", 200),
        ("GATEWAY.home:1", 200), ("evil.example", 403), ("localhost.evil.example", 403), ("", 403), ("[", 403),
    ],
)  # fmt: skip
async def test_only_its_own_names_reach_the_server(tmp_path: Path, host: str, status: int) -> None:
    async with serving(tmp_path, hosts=["gateway.home"]) as served:
        answer = await exchange(
            served, f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        probe = await exchange(served, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert probe.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "head",
    [
        "GET /v1/models HTTP/2.0\r\nHost: localhost",
        "GET /v1/models HTTP/0.9\r\nHost: localhost",
        "GET http://evil.example/v1/models HTTP/1.1\r\nHost: localhost",
        "POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked",
    ],
)
async def test_what_only_looks_like_http_1_1_is_refused(tmp_path: Path, head: str) -> None:
    async with serving(tmp_path, limits=Limits(linger=0.1)) as served:
        answer = await exchange(served, f"{head}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] == b"400"


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http_is_refused_and_fills_no_log(
    tmp_path: Path, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as served:
        answer = await exchange(served, sent)
    assert answer.split()[1] == b"400"
    assert not caplog.records


def test_the_http_parser_is_the_compiled_one_and_not_too_old() -> None:
    assert http_parser.HttpRequestParser is http_parser.HttpRequestParserC
    assert tuple(map(int, aiohttp.__version__.split(".")[:3])) >= (3, 14, 4)


async def test_headers_that_never_end_cost_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(headers=0.1)) as served:
        assert await exchange(served, b"GET /healthz HTTP/1.1\r\nHost: localh") == b""
        assert await exchange(served, b"") == b""
        assert await exchange(served, b"\r\n\r\nGET /healthz HTTP/1.1\r\n") == b""


def test_the_clock_of_headers_runs_on_the_quick_loop_too(tmp_path: Path) -> None:
    async def given_up() -> bytes:
        async with serving(tmp_path, limits=Limits(headers=0.1)) as served:
            return await exchange(served, b"GET /healthz HTTP/1.1\r\n")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(given_up()) == b""


async def test_a_kept_connection_outlives_the_clock_of_its_first_headers(tmp_path: Path) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with serving(tmp_path, limits=Limits(headers=0.1)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for piece in (ask[:10], ask[10:-3], ask[-3:]):
            writer.write(piece)
            await writer.drain()
        first = await reader.readuntil(b"}")
        await asyncio.sleep(0.2)
        writer.write(ask)
        second = await reader.readuntil(b"}")
        writer.close()
    assert b"200 OK" in first
    assert b"200 OK" in second


async def test_headers_may_come_byte_by_byte(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(headers=5)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for byte in b"\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()


@pytest.mark.parametrize("late", [b"G", b"\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n"])
async def test_headers_of_a_later_request_have_a_clock_too(tmp_path: Path, late: bytes) -> None:
    async with serving(tmp_path, limits=Limits(headers=0.1)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for _ in range(3):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"}")
        writer.write(late)
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_the_admin_port_has_the_same_clock(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(headers=0.1)) as served:
        port = int(served.running.admin_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\n")
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_a_body_that_never_ends_is_given_up(tmp_path: Path) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    async with serving(tmp_path, limits=Limits(body=0.1, linger=0.1)) as served:
        answer = await exchange(served, head + b"Content-Length: 10\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"request_timeout"' in answer


POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("begun", "drop", "answer"),
    [
        pytest.param(b"GET /healthz HTTP/1.1\r\n", b"x-a: 1\r\n", b"", id="headers"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nx-a: ", b"a", b"", id="a header"),
        pytest.param(POST + b"Content-Length: 9999\r\n\r\n", b" ", b"HTTP/1.1 408 ", id="a body"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"HTTP/1.1 408 ", id="chunks"),
    ],
)
async def test_who_drips_has_no_longer_than_who_is_silent(
    tmp_path: Path, begun: bytes, drop: bytes, answer: bytes
) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        while True:
            await asyncio.sleep(0.02)
            writer.write(drop)

    async with serving(tmp_path, limits=Limits(headers=0.2, body=0.2, linger=0.1)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        dripping = asyncio.create_task(drip(writer))
        received = b""
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionResetError):
                while piece := await reader.read(65536):
                    received += piece
        dripping.cancel()
        writer.close()
    assert received.startswith(answer)
    assert bool(received) is bool(answer)


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [("abc-1", True), ("a" * 128, True), ("a" * 129, False), ("a b", False), ("é", False), ("", False), ("a,b", False)],
)
async def test_a_sane_request_id_is_kept(tmp_path: Path, given_id: str, kept: bool) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        answer = await got(http.get("/healthz", headers={"x-request-id": given_id}))
    assert (answer.headers["x-request-id"] == given_id) is kept


@given(st.text(max_size=200))
def test_every_request_gets_an_id_that_is_safe_in_a_header(given_id: str) -> None:
    made = request_id({"x-request-id": given_id})
    assert made
    assert made.isascii()
    assert made.isprintable()
    assert len(made) <= 128


# ── very many connections ───────────────────────────────────────────────────────────────────────

HALF_OPEN = 1000


@asynccontextmanager
async def half_open(
    served: Served, count: int, sent: bytes = b"GET /healthz HTTP/1.1\r\nHo"
) -> AsyncIterator[list[Pair]]:
    pairs = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent)
        pairs.append((reader, writer))
    yield pairs
    for _, writer in pairs:
        writer.close()


async def is_closed(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionResetError):
            return await reader.read() == b""
    return True


async def test_half_open_connections_are_closed_in_time_and_keep_nobody_out(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    allow_files(3 * HALF_OPEN)  # both ends are in this process
    async with serving(tmp_path, limits=Limits(headers=1)) as served, half_open(served, HALF_OPEN) as pairs:
        async with ClientSession(served.url) as http:
            assert (await got(http.post("/v1/chat/completions", data=GOOD, headers=JSON))).status == 200
        assert all([await is_closed(reader) for reader, _ in pairs])
    record_property("measured", f"{HALF_OPEN:,} half-open connections, all closed, and another client served meanwhile")


async def test_where_all_connections_are_taken_one_without_a_request_gives_way(tmp_path: Path) -> None:
    slow = Script(tokens=1000, speed=50)
    async with (
        serving(
            tmp_path, connections=20, limits=Limits(headers=60), scripts={"tiny": slow, "medium": Script()}
        ) as served,
        ClientSession(served.url) as http,
        http.post("/v1/chat/completions", json=json.loads(GOOD) | {"stream": True}) as stream,
        half_open(served, 100) as pairs,
    ):
        async with ClientSession(served.url) as another:
            good = await got(another.post("/v1/chat/completions", json=json.loads(GOOD) | {"model": "medium"}))
            assert good.status == 200
        assert all([await is_closed(reader) for reader, _ in pairs[:80]]), "the oldest go first"
        assert await stream.content.readany(), "who is served stays"


async def test_where_all_connections_have_a_request_a_new_one_is_closed(tmp_path: Path) -> None:
    async with serving(tmp_path, connections=2, limits=Limits(body=5)) as served:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        async with half_open(served, 2, head + b"Content-Length: 9\r\n\r\n") as pairs:
            async with asyncio.timeout(PATIENCE):
                while served.running.gateway.traffic.count < 2:  # noqa: ASYNC110 - no bell rings for it
                    await asyncio.sleep(0.001)
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            assert await is_closed(reader)
            writer.close()
            pairs[0][1].write(b"123456789")
            assert (await pairs[0][0].readline()).startswith(b"HTTP/1.1 400 ")


async def test_who_takes_nothing_of_an_answer_is_dropped(tmp_path: Path) -> None:
    limits = Limits(write=0.1, headers=5)
    script = Script(tokens=2_000_000)
    async with serving(tmp_path, scripts=script, limits=limits) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD))
        assert await reader.read(1) == b"H"
        async with asyncio.timeout(PATIENCE):
            while served.running.server.connections:  # noqa: ASYNC110 - no bell rings for it
                await asyncio.sleep(0.01)
        writer.close()
