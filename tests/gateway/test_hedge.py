"""Hedges over loopback: the next model beside one that is late; one answers, the other is let go at once."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from routedsl.engine.outcome import Failed, Kind
from routedsl.gateway.reply import AttemptRecord, Reply
from routedsl.language.policy import Options
from routedsl.testing import Script
from tests.gateway.chains import MS, QUICK, Chains, chains, read, told, words

EARLY = replace(QUICK, timeout=2_000 * MS, first_token=2_000 * MS, idle=2_000 * MS, hedge=50 * MS)
STREAM = pytest.mark.parametrize("stream", [False, True])


async def ended(it: Chains, place: int) -> None:
    """Within a tenth of a second an upstream has seen that its caller left."""
    async with asyncio.timeout(0.1):
        await it.upstream.seen[place].ended.wait()
    assert it.upstream.seen[place].gone


async def whole(reply: Reply) -> Sequence[AttemptRecord]:
    if not isinstance(reply.body, bytes):
        events, broken = await read(reply)
        assert not broken
        assert words(events).startswith(f"{reply.served_by} (mock)")
    return reply.attempts


@STREAM
async def test_the_first_to_answer_wins_and_the_other_is_let_go(stream: bool) -> None:
    async with chains(a="hang", b=Script(), c=Script()) as it:
        reply = await it.ask("a", "b", "c", options=EARLY, stream=stream)
        assert (reply.status, reply.served_by, told(reply)) == (200, "b", ["a:lost", "b:ok"])
        await ended(it, 0)
        lost, won = await whole(reply)
        assert (lost.hedged, won.hedged) == (False, True)
        assert (lost.maybe_billed, won.maybe_billed, lost.wasted) == (True, False, 0)
        assert 50 * MS <= won.started < 500 * MS
        assert it.called() == ["a", "b"]
        assert it.states.world_models()["a"].errors == 0


@STREAM
async def test_the_one_that_was_first_may_win_all_the_same(stream: bool) -> None:
    async with chains(a=Script(latency=0.15), b="hang") as it:
        reply = await it.ask("a", "b", options=EARLY, stream=stream)
        assert (reply.served_by, told(reply)) == ("a", ["a:ok", "b:lost"])
        await ended(it, 1)
        await whole(reply)


@STREAM
async def test_one_that_answers_in_time_has_nobody_beside_it(stream: bool) -> None:
    async with chains(a=Script(), b=Script()) as it:
        assert [record.outcome for record in await whole(await it.ask("a", "b", options=EARLY, stream=stream))] == [
            "ok"
        ]
        assert it.called() == ["a"]


@STREAM
async def test_where_one_fails_the_other_is_waited_for_and_then_the_chain_goes_on(stream: bool) -> None:
    async with chains(a=Script(latency=0.1, fault="529"), b=Script(latency=0.2, fault="529"), c=Script()) as it:
        reply = await it.ask("a", "b", "c", options=EARLY, stream=stream)
        assert told(reply) == ["a:status_529", "b:status_529", "c:ok"]
        await whole(reply)


async def test_a_refusal_ends_both() -> None:
    async with chains(a="hang", b="400") as it:
        reply = await it.ask("a", "b", options=EARLY)
        assert (reply.status, told(reply)) == (400, ["a:lost", "b:status_400"])
        await ended(it, 0)


async def test_a_model_that_is_down_has_no_part_in_it() -> None:
    async with chains(a=Script(latency=0.2), b="529", c=Script()) as it:
        for _ in range(5):
            await it.ask("b")
        reply = await it.ask("a", "b", "c", options=EARLY)
        assert told(reply) == ["a:lost", "b:open", "c:ok"]


async def test_hedges_are_charged_to_the_retry_budget() -> None:
    async with chains(a=Script(latency=0.15), b=Script()) as it:
        outcomes = [told(await it.ask("a", "b", options=EARLY)) for _ in range(5)]
        assert outcomes == [["a:lost", "b:ok"]] * 3 + [["a:ok"]] * 2


@STREAM
async def test_a_client_that_leaves_takes_both_with_it(stream: bool) -> None:
    async with chains(a="hang", b="hang") as it:
        tried: list[AttemptRecord] = []
        task = asyncio.ensure_future(it.ask("a", "b", options=EARLY, stream=stream, tried=tried))
        await it.upstream.arrivals(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ended(it, 0)
        await ended(it, 1)
        assert [record.outcome for record in tried] == ["gone", "gone"]
        assert it.states.in_flight == 0


async def test_two_that_answer_at_once_are_one_answer() -> None:
    """Whatever the race, one is served whole, and the other is on the record as lost or not at all."""
    async with chains(a=Script(latency=0.052), b=Script()) as it:
        for stream in [False, True] * 10:
            it.states.begin("b").end(Failed(kind=Kind.GONE))  # five first calls for each hedge
            reply = await it.ask("a", "b", options=replace(EARLY, deadline=2_000 * MS), stream=stream)
            outcomes = sorted(record.outcome for record in await whole(reply))
            assert outcomes in (["ok"], ["lost", "ok"])


async def test_the_deadline_holds_for_both() -> None:
    async with chains(a="hang", b="hang", c="hang") as it:
        loop = asyncio.get_running_loop()
        start = loop.time()
        reply = await it.ask("a", "b", "c", options=Options(deadline=900 * MS, hedge=100 * MS))
        assert loop.time() - start < 0.95 + 0.1
        assert (reply.status, told(reply)) == (504, ["a:timeout", "b:timeout", "c:timeout"])
