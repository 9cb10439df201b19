"""Attempts over loopback: what is recorded of each, what retries cost, and what no client waits for."""

import asyncio
import json
import logging
from contextlib import closing

import pytest
from msgspec.structs import replace

from routedsl.engine.decision import Decision
from routedsl.engine.outcome import Answered
from routedsl.engine.protocol import Arrival
from routedsl.gateway.clock import SECOND, SystemClock
from routedsl.gateway.reply import AttemptRecord, Reply
from routedsl.gateway.transport import AiohttpTransport, Times
from routedsl.language.policy import Options
from routedsl.protocols.openai_chat import PROTOCOL
from routedsl.testing import Script
from tests.gateway.chains import MS, QUICK, chains, decision_of, error_of, policy_of, read, told
from tests.gateway.test_transport import HEAD, all_of, call_of, outcome_of, raw_server, saying

# ── what is recorded ────────────────────────────────────────────────────────────────────────────


async def test_an_answer_has_its_clocks() -> None:
    async with chains(a=Script(latency=0.05)) as it:
        (record,) = (await it.ask("a")).attempts
        assert record.started < 50 * MS
        assert record.connected is not None
        assert record.headers is not None
        assert 0 <= record.connected < 50 * MS <= record.headers <= record.took
        assert (record.first_token, record.status, record.maybe_billed, record.wasted) == (None, 200, False, 0)


async def test_a_stream_has_its_first_token_and_what_it_took_at_its_end() -> None:
    async with chains(a=Script(first_token=0.05, tokens=10, speed=100)) as it:
        reply = await it.ask("a", stream=True)
        await read(reply)
        record = reply.attempts[0]
        assert record.first_token is not None
        assert 50 * MS <= record.first_token <= record.took - 50 * MS
        assert record.usage is not None


@pytest.mark.parametrize(
    ("fault", "stream", "billed", "wasted", "status"),
    [
        ("hang", False, True, 0, None),
        ("reset", False, True, 0, None),
        ("529", False, False, 0, 529),
        ("cut", False, True, 0, 200),
        ("cut:4", True, True, 3, 200),
        ("stall:4", True, True, 3, 200),
        ("stall:1", True, True, 0, 200),
    ],
)
async def test_what_may_be_billed_and_was_wasted(
    fault: str, stream: bool, billed: bool, wasted: int, status: int | None
) -> None:
    async with chains(bad=fault, good=Script()) as it:
        options = replace(QUICK, retry=0, buffer="whole")
        reply = await it.ask("bad", "good", options=options, stream=stream)
        if stream:
            await read(reply)
        bad, good = reply.attempts
        assert (bad.maybe_billed, bad.wasted, bad.status) == (billed, wasted, status)
        assert (good.maybe_billed, good.wasted) == (False, 0)
        assert good.started >= bad.started + bad.took


async def test_where_nobody_is_connected_to_nothing_is_billed() -> None:
    async with chains(good=Script()) as it:
        (gone, _) = (await it.ask("gone", "good")).attempts
        assert (gone.connected, gone.headers, gone.maybe_billed) == (None, None, False)


async def test_who_leaves_is_on_the_record() -> None:
    async with chains(a="529", b="hang") as it:
        tried: list[AttemptRecord] = []
        task = asyncio.ensure_future(it.ask("a", "b", options=Options(), tried=tried))
        await it.upstream.arrivals(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [record.outcome for record in tried] == ["status_529", "gone"]
        assert tried[1].maybe_billed


async def test_a_client_that_leaves_in_a_pause_is_let_go_at_once() -> None:
    async with chains(a="429:1") as it:
        tried: list[AttemptRecord] = []
        task = asyncio.ensure_future(it.ask("a", options=Options(), tried=tried))
        await it.upstream.arrivals(1)
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [record.outcome for record in tried] == ["status_429"]
        assert it.called() == ["a"]


async def test_models_passed_over_for_time_are_on_the_record() -> None:
    async with chains(a="hang", b="hang", c="hang") as it:
        reply = await it.ask("a", "b", "c", options=Options(deadline=450 * MS))
        assert told(reply) == ["a:timeout", "b:skipped", "c:timeout"]
        assert reply.attempts[1].took == 0


# ── retries ─────────────────────────────────────────────────────────────────────────────────────


async def test_retries_end_where_the_budget_does_and_the_next_model_has_its_turn() -> None:
    async with chains(bad="reset", good=Script()) as it:
        outcomes = []
        for _ in range(4):
            outcomes.append(told(await it.ask("bad", "good")))
            it.states.begin("bad", extra=True).end(Answered())  # so that the breaker stays out of it
        assert outcomes == [["bad:reset", "bad:reset", "good:ok"]] * 3 + [["bad:reset", "good:ok"]]


async def test_a_limited_model_that_others_left_alone_tells_when_it_is_back() -> None:
    async with chains(a="429:20", b="hang") as it:
        await it.ask("a")
        reply = await it.ask("b", "a")
        assert told(reply) == ["b:timeout", "a:open"]
        assert dict(reply.headers)["retry-after"] in ("19", "20")


async def test_a_retry_after_that_is_a_date() -> None:
    async with chains(a="429-date:20") as it:
        await it.ask("a")
        assert 17 * SECOND < it.states.wait("a") <= 20 * SECOND


async def test_a_fault_for_the_operator_is_told_once_and_not_for_each_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with chains(a="404", b=Script()) as it:
        with caplog.at_level(logging.WARNING, "routedsl.gateway"):
            for _ in range(3):
                reply = await it.ask("a", "b")
                assert reply.attempts[0].config_fault
        assert caplog.text.count("needs an operator") == 1


# ── filters ─────────────────────────────────────────────────────────────────────────────────────

FILTERED = {"index": 0, "finish_reason": "content_filter"}
WITHHELD = json.dumps({"choices": [{**FILTERED, "message": {"role": "assistant", "content": None}}]}).encode()
SAID = b'data: {"choices": [{"index": 0, "delta": {"content": "well"}}]}\n\n'
STOPPED = b"data: " + json.dumps({"choices": [{**FILTERED, "delta": {}}]}).encode() + b"\n\ndata: [DONE]\n\n"
ON = replace(QUICK, fallback_on=("filtered",))


async def filtered(body: bytes, *chain: str, options: Options, stream: bool = False) -> Reply:
    """The reply where model `a` says this, and `b` is well."""
    answer = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    async with raw_server(saying(answer)) as url, chains(b=Script()) as it:
        policy = policy_of({"raw": url, "here": it.upstream.url}, {"a": "raw", "b": "here"}, {})
        said = {"messages": [{"role": "user", "content": "hi"}], "stream": stream}
        request = PROTOCOL.parse(json.dumps(said).encode(), Arrival(id="1"))
        decision: Decision = decision_of(*chain, options=options)
        reply = await it.dispatcher.dispatch(request, decision, policy, PROTOCOL)
        if isinstance(reply.body, bytes):
            return reply
        pieces = [piece async for piece in reply.body]
        return Reply(status=reply.status, headers=(), body=b"".join(pieces), attempts=reply.attempts)


async def test_what_a_filter_withholds_is_an_answer_unless_the_route_says_otherwise() -> None:
    assert told(await filtered(WITHHELD, "a", "b", options=QUICK)) == ["a:ok"]
    assert told(await filtered(WITHHELD, "a", "b", options=ON)) == ["a:filtered", "b:ok"]


async def test_where_nobody_does_better_it_is_the_answer_all_the_same() -> None:
    reply = await filtered(WITHHELD, "a", options=ON)
    assert (reply.status, reply.body, reply.served_by) == (200, WITHHELD, "a")
    stream = await filtered(STOPPED, "a", options=ON, stream=True)
    assert stream.body == STOPPED
    assert dict(stream.headers)["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        (STOPPED, QUICK, ["a:ok"]),
        (STOPPED, ON, ["a:filtered", "b:ok"]),
        (SAID + STOPPED, ON, ["a:ok"]),
        (SAID + STOPPED, replace(ON, buffer="whole"), ["a:filtered", "b:ok"]),
    ],
)
async def test_a_stream_that_a_filter_ends(body: bytes, options: Options, expected: list[str]) -> None:
    assert told(await filtered(body, "a", "b", options=options, stream=True)) == expected


@pytest.mark.parametrize(("fault", "word"), [("400", "invalid"), ("context-length", "too_long")])
async def test_a_route_may_send_on_what_is_the_clients_own_fault(fault: str, word: str) -> None:
    async with chains({"bad": 200, "good": 100}, bad=fault, good=Script(), down="529") as it:
        options = replace(QUICK, fallback_on=(word,))
        assert told(await it.ask("bad", "good", options=options)) == ["bad:status_400", "good:ok"]
        nobody = await it.ask("bad", "down", options=options)
        assert (nobody.status, error_of(nobody)["type"]) == (400, "invalid_request_error")


# ── connections ─────────────────────────────────────────────────────────────────────────────────


async def test_pooled_connections_that_died_are_walked_past() -> None:
    """Each closes as its second request comes: that is no failure of the model, and no retry."""
    async with chains(a="stale") as it:
        at_once = await asyncio.gather(*(it.ask("a") for _ in range(3)))
        assert {tuple(told(reply)) for reply in at_once} == {("a:ok",)}
        (record,) = (await it.ask("a")).attempts
        assert (record.outcome, record.stale) == ("ok", 3)
        assert it.states.world_models()["a"].errors == 0


async def test_a_fresh_connection_that_dies_is_a_failure() -> None:
    async with chains(a="close") as it:
        (first, second) = (await it.ask("a")).attempts
        assert (first.outcome, first.stale, second.outcome, second.stale) == ("reset", 0, "reset", 0)


@pytest.mark.parametrize("size", [b"zz", b"-1", b"0x5", b""])
async def test_a_bad_chunk_is_noticed_when_it_comes(size: bytes) -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with raw_server(saying(chunked, size + b"\r\nhello\r\n", every=0.05, hang=True)) as url:
        clock, loop = SystemClock(), asyncio.get_running_loop()
        start = loop.time()
        async with AiohttpTransport(clock) as transport:
            answer = await transport.send(call_of(url), Times())
            with closing(answer), pytest.raises(Exception, match="malformed"):
                await asyncio.wait_for(all_of(answer), 2)
        assert loop.time() - start < 1


async def test_a_large_body_may_take_its_time_on_the_way_up() -> None:
    """The clock of the answer starts when the last of the request is written."""

    size = 24 << 20

    async def read_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(24):
            await reader.readexactly(size // 24)
            await asyncio.sleep(0.03)
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(read_slowly, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        start = asyncio.get_running_loop().time()
        assert await outcome_of(url, body=b"x" * size, wait=300 * MS) == b"{}"
        assert asyncio.get_running_loop().time() - start > 0.6
