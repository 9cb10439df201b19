"""Chains of streams over loopback: the gate before the first token, and the honest end after it."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace

from routedsl.gateway.reply import Reply
from routedsl.language.policy import Options
from routedsl.testing import Script
from tests.gateway.chains import KEY, MS, QUICK, chains, error_of, read, told, words

USAGE = {"include_usage": True}


def stream_of(reply: Reply) -> AsyncGenerator[bytes, None]:
    assert not isinstance(reply.body, bytes)
    return reply.body


async def test_a_stream_is_passed_on_event_by_event() -> None:
    async with chains(a=Script()) as it:
        reply = await it.ask("a", stream=True)
        assert (reply.status, reply.served_by) == (200, "a")
        assert dict(reply.headers) == {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
        }
        events, broken = await read(reply)
        assert not broken
        assert events[0]["choices"][0]["delta"]["role"] == "assistant"
        assert words(events).startswith("a (mock)")
        assert events[-2]["choices"][0]["finish_reason"] == "stop"
        assert events[-1] == "[DONE]"


async def test_usage_is_asked_for_and_kept_back_from_a_client_that_did_not_ask() -> None:
    async with chains(a=Script()) as it:
        reply = await it.ask("a", stream=True)
        events, _ = await read(reply)
        assert it.upstream.seen[0].body["stream_options"] == USAGE
        assert not any(event["choices"] == [] for event in events[:-1])
        usage = reply.attempts[-1].usage
        assert usage is not None
        assert usage[1] > 0


@pytest.mark.parametrize(("options", "shown"), [(USAGE, True), ({"include_usage": False}, False), (None, False)])
async def test_usage_is_shown_to_a_client_that_asked(options: object, shown: bool) -> None:
    async with chains(a=Script()) as it:
        events, _ = await read(await it.ask("a", stream=True, stream_options=options))
        assert (events[-2]["choices"] == []) is shown


@pytest.mark.parametrize(
    ("fault", "word", "calls"),
    [
        ("hang", "timeout", 1),
        ("slow-first-token:5", "timeout", 1),
        ("pings-only:20", "timeout", 1),
        ("stall:1", "timeout", 1),
        ("first-event-error", "stream_error", 1),
        ("cut:0", "cut", 2),
        ("cut:1", "cut", 2),
        ("reset-at:1", "cut", 2),
        ("html", "cut", 2),
        ("200-error", "cut", 2),
        ("null-content", "malformed", 2),
        ("reset", "reset", 2),
        ("529", "status_529", 1),
    ],
)
async def test_before_the_first_token_any_failure_falls_back(fault: str, word: str, calls: int) -> None:
    async with chains(bad=fault, good=Script()) as it:
        reply = await it.ask("bad", "good", stream=True)
        good = ["good:ok"] if word != "ok" else []
        assert told(reply) == [f"bad:{word}"] * calls + good
        events, broken = await read(reply)
        assert not broken
        if good:
            assert words(events).startswith("good (mock)")
            assert all(event == "[DONE]" or event["model"] == "good" for event in events)


async def test_the_gate_holds_on_every_rung() -> None:
    async with chains(a="stall:1", b="first-event-error", c="cut:1") as it:
        reply = await it.ask("a", "b", "c", stream=True)
        assert reply.status == 503
        assert told(reply) == ["a:timeout", "b:stream_error", "c:cut", "c:cut"]
        assert error_of(reply)["code"] == "all_models_unavailable"


async def test_the_first_token_is_waited_for_per_attempt() -> None:
    slow = Script(first_token=0.1)
    async with chains(a="stall:1", b=slow) as it:
        reply = await it.ask("a", "b", stream=True)
        assert told(reply) == ["a:timeout", "b:ok"]
        await read(reply)
        assert 80 * MS < (it.states.world_models()["b"].first_token or 0) < 500 * MS


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("cut:3", "cut"),
        ("reset-at:3", "cut"),
        ("stall:3", "timeout"),
        ("error-at:3", "stream_error"),
    ],
)
async def test_after_the_first_token_a_failure_is_an_error_and_no_clean_end(fault: str, word: str) -> None:
    async with chains(bad=fault, good=Script()) as it:
        reply = await it.ask("bad", "good", stream=True)
        assert told(reply) == ["bad:ok"]
        events, broken = await read(reply)
        assert broken
        assert "[DONE]" not in events
        error = events[-1]["error"]
        assert (error["type"], error["code"]) == ("upstream_error", "stream_interrupted")
        assert words(events) == "a (mock): you said"[: len(words(events))] or words(events).startswith("bad (mock)")
        assert told(reply) == [f"bad:{word}"]
        assert it.states.world_models()["bad"].errors == 1_000_000


async def test_a_stream_that_goes_on_past_the_deadline_is_broken_off_and_its_model_is_not_to_blame() -> None:
    async with chains(a=Script(tokens=1000, speed=50)) as it:
        reply = await it.ask("a", stream=True, options=replace(QUICK, deadline=300 * MS))
        events, broken = await read(reply)
        assert broken
        assert "deadline" in events[-1]["error"]["message"]
        assert told(reply) == ["a:late"]
        assert it.states.world_models()["a"].errors == 0


@pytest.mark.parametrize("fault", ["hang", "slow-head:50"])
async def test_headers_that_do_not_come_cost_a_stream_no_more_than_its_first_token(fault: str) -> None:
    options = Options(timeout=20_000 * MS, first_token=100 * MS)
    async with chains(a=fault, b=Script()) as it:
        reply = await it.ask("a", "b", options=options, stream=True)
        assert [(record.model, record.outcome, record.detail) for record in reply.attempts] == [
            ("a", "timeout", "first_token"),
            ("b", "ok", ""),
        ]
        await stream_of(reply).aclose()


async def test_a_slow_but_steady_stream_is_no_silence() -> None:
    async with chains(a=Script(tokens=8, speed=15)) as it:
        events, broken = await read(await it.ask("a", stream=True))
        assert not broken
        assert len(words(events).split()) == 8
        assert it.states.world_models()["a"].speed is not None


@pytest.mark.parametrize("fault", ["no-done", "two-done", "malformed-event:3"])
async def test_small_oddities_are_put_right(fault: str) -> None:
    async with chains(odd=fault, good=Script()) as it:
        events, broken = await read(await it.ask("odd", stream=True))
        assert not broken
        assert events.count("[DONE]") == 1
        assert events[-1] == "[DONE]"
        assert words(events).startswith("odd (mock)")


async def test_a_buffered_stream_falls_back_even_after_its_first_token() -> None:
    async with chains(bad="cut:3", good=Script()) as it:
        reply = await it.ask("bad", "good", stream=True, options=replace(QUICK, buffer="whole"))
        assert told(reply) == ["bad:cut", "bad:cut", "good:ok"]
        events, broken = await read(reply)
        assert not broken
        assert words(events).startswith("good (mock)")
        assert events.count("[DONE]") == 1


async def test_a_client_that_leaves_takes_the_stream_with_it() -> None:
    async with chains(a=Script(tokens=1000, speed=50)) as it:
        reply = await it.ask("a", stream=True, options=Options())
        stream = stream_of(reply)
        await anext(stream)
        assert it.states.in_flight == 1
        await stream.aclose()
        async with asyncio.timeout(0.1):
            await it.upstream.seen[0].ended.wait()
        assert told(reply) == ["a:gone"]
        assert (it.states.in_flight, it.states.world_models()["a"].errors) == (0, 0)


async def test_a_client_that_leaves_while_nothing_comes_takes_the_stream_with_it() -> None:
    async with chains(a="stall:3") as it:
        reply = await it.ask("a", stream=True, options=Options())
        task = asyncio.ensure_future(read(reply))
        assert await asyncio.wait({task}, timeout=0.05) == (set(), {task})
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(0.1):
            await it.upstream.seen[0].ended.wait()


async def test_a_stream_that_nobody_begins_to_read_is_let_go() -> None:
    async with chains(a="stall:3") as it:
        reply = await it.ask("a", stream=True)
        await stream_of(reply).aclose()
        assert it.states.in_flight == 0
        async with asyncio.timeout(0.1):
            await it.upstream.seen[0].ended.wait()


async def test_a_client_that_leaves_before_the_first_token_takes_the_call_with_it() -> None:
    async with chains(a="stall:1", b=Script()) as it:
        task = asyncio.ensure_future(it.ask("a", "b", stream=True, options=Options()))
        await it.upstream.arrivals(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(0.1):
            await it.upstream.seen[0].ended.wait()
        assert it.called() == ["a"]


async def test_a_good_stream_leaves_its_connection_for_the_next() -> None:
    async with chains(a=Script()) as it:
        for _ in range(3):
            await read(await it.ask("a", stream=True))
        assert len({id(seen.headers) for seen in it.upstream.seen}) == 3
        assert open_connections(it.dispatcher.transport) == 1


def open_connections(transport: object) -> int:
    connector = transport._session.connector  # type: ignore[attr-defined]  # aiohttp has no public count
    return sum(map(len, connector._conns.values()))


async def test_broken_streams_open_the_breaker_too() -> None:
    async with chains(bad="cut:3") as it:
        for _ in range(5):
            await read(await it.ask("bad", stream=True))
        assert not it.states.is_up("bad")


async def test_a_cut_stream_tells_no_secret_and_no_address() -> None:
    async with chains(bad="error-at:3") as it:
        events, _ = await read(await it.ask("bad", stream=True))
        for hidden in (KEY, "127.0.0.1", "crashed"):
            assert hidden not in str(events)
