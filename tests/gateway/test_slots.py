"""An upstream's slots: how many calls go at once, who waits, how long, and that none is ever lost."""

import asyncio

import pytest
from msgspec.structs import replace

from routedsl.engine.outcome import Kind
from routedsl.engine.waiting import LONGEST_WAIT, MOST_WAITING
from routedsl.gateway.clock import SECOND, SystemClock
from routedsl.gateway.reply import AttemptRecord
from routedsl.gateway.slots import Slots
from routedsl.gateway.transport import AttemptError
from routedsl.testing import Script
from tests.gateway.chains import MS, QUICK, Chains, chains, read, told

CLOCK = SystemClock()
PATIENT = replace(QUICK, timeout=5 * SECOND, first_token=5 * SECOND)


def soon(duration: int = 10 * SECOND) -> int:
    return CLOCK.monotonic() + duration


async def waiting(slots: Slots, count: int) -> None:
    async with asyncio.timeout(1):
        while slots.waiting != count:  # noqa: ASYNC110 - nobody tells of it but the count
            await asyncio.sleep(0)


async def test_so_many_at_once_and_the_others_in_their_order() -> None:
    slots, order = Slots(), list[int]()

    async def call(number: int) -> None:
        await slots.take(2, soon(), CLOCK)
        order.append(number)
        assert slots.taken <= 2
        await asyncio.sleep(0)
        slots.give()

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(call(number))
    assert (order, slots.taken, slots.waiting) == (list(range(8)), 0, 0)


async def test_without_a_bound_nobody_waits() -> None:
    slots = Slots()
    for _ in range(100):
        await slots.take(None, soon(), CLOCK)
    assert (slots.taken, slots.waiting) == (100, 0)


async def busy(slots: Slots, until: int) -> None:
    with pytest.raises(AttemptError) as caught:
        await slots.take(1, until, CLOCK)
    assert caught.value.failed.kind is Kind.BUSY


async def test_the_queue_is_short_and_the_wait_too() -> None:
    slots = Slots()
    await slots.take(1, soon(), CLOCK)
    start = CLOCK.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(MOST_WAITING):
            group.create_task(busy(slots, soon(100 * MS)))
        await waiting(slots, MOST_WAITING)
        await busy(slots, soon())  # at once: there are enough
    assert 100 * MS <= CLOCK.monotonic() - start < LONGEST_WAIT
    assert (slots.taken, slots.waiting) == (1, 0)


async def test_whoever_stops_waiting_takes_no_slot_with_him() -> None:
    slots = Slots()
    await slots.take(1, soon(), CLOCK)
    first = asyncio.ensure_future(slots.take(1, soon(), CLOCK))
    second = asyncio.ensure_future(slots.take(1, soon(), CLOCK))
    await waiting(slots, 2)
    slots.give()
    first.cancel()  # in the same moment as its turn comes
    await second
    assert first.cancelled()
    assert (slots.taken, slots.waiting) == (1, 0)


async def test_a_larger_bound_lets_those_in_who_wait() -> None:
    slots = Slots()
    await slots.take(1, soon(), CLOCK)
    held = [asyncio.ensure_future(slots.take(1, soon(), CLOCK)) for _ in range(3)]
    await waiting(slots, 3)
    await slots.take(5, soon(), CLOCK)
    await asyncio.gather(*held)
    assert slots.taken == 5


# ── in a chain ──────────────────────────────────────────────────────────────────────────────────


def bounded(it: Chains, slots: int) -> None:
    upstreams = {name: replace(upstream, slots=slots) for name, upstream in it.policy.upstreams.items()}
    it.policy = replace(it.policy, upstreams=upstreams)


async def test_a_full_upstream_is_waited_for_a_short_while() -> None:
    async with chains(a=Script(latency=0.05), b=Script()) as it:
        bounded(it, 1)
        replies = await asyncio.gather(*(it.ask("a", options=PATIENT) for _ in range(5)))
        assert [told(reply) for reply in replies] == [["a:ok"]] * 5
        assert replies[-1].attempts[0].started > 150 * MS  # its clocks ran from when its turn came
        assert replies[-1].attempts[0].took < 150 * MS


async def test_one_that_stays_full_is_passed_over_and_its_breaker_does_not_mind() -> None:
    async with chains(a="hang", b=Script()) as it:
        bounded(it, 1)
        it.policy = replace(
            it.policy, models={**it.policy.models, "b": replace(it.policy.models["b"], upstream="away")}
        )
        it.policy.upstreams["away"] = replace(it.policy.upstreams["here"], name="away")  # type: ignore[index]  # a dict
        first = asyncio.ensure_future(it.ask("a", options=PATIENT))
        await it.upstream.arrivals(1)
        state = it.states.world_models()["a"]
        assert (state.load, state.queue) == (1_000_000, 0)
        others = [asyncio.ensure_future(it.ask("a", "b", options=PATIENT)) for _ in range(5)]
        await waiting(it.states.slots("here"), MOST_WAITING)
        assert it.states.world_models()["a"].queue == MOST_WAITING
        replies = await asyncio.gather(*others)
        assert {tuple(told(reply)) for reply in replies} == {("a:busy", "b:ok")}
        assert max(reply.attempts[0].took for reply in replies) < LONGEST_WAIT + 200 * MS
        assert it.states.world_models()["a"].errors == 0
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert it.states.slots("here").taken == 0


async def test_who_waits_for_a_slot_finds_the_model_down_when_others_have_found_out() -> None:
    once = replace(PATIENT, retry=0)
    async with chains(a=Script(fault="500"), b=Script()) as it:
        bounded(it, 1)
        for _ in range(3):
            assert told(await it.ask("a", options=once)) == ["a:status_500"]
        replies = await asyncio.gather(*(it.ask("a", "b", options=once) for _ in range(4)))
        assert [told(reply)[0] for reply in replies] == ["a:status_500"] * 2 + ["a:open"] * 2
        assert it.called().count("a") == 5
        assert it.states.slots("here").taken == 0


async def test_a_stream_has_its_slot_to_its_end() -> None:
    async with chains(a=Script()) as it:
        bounded(it, 1)
        reply = await it.ask("a", stream=True)
        assert it.states.slots("here").taken == 1
        await read(reply)
        assert it.states.slots("here").taken == 0


async def test_a_client_that_leaves_the_queue_is_on_no_record_and_holds_nothing() -> None:
    async with chains(a=Script(latency=0.1)) as it:
        bounded(it, 1)
        first = asyncio.ensure_future(it.ask("a", options=PATIENT))
        tried: list[AttemptRecord] = []
        second = asyncio.ensure_future(it.ask("a", options=PATIENT, tried=tried))
        await waiting(it.states.slots("here"), 1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert told(await first) == ["a:ok"]
        assert tried == []
        assert it.states.slots("here").taken == 0


async def test_where_all_are_full_the_client_is_told_when_to_come_back() -> None:
    async with chains(a="hang") as it:
        bounded(it, 1)
        first = asyncio.ensure_future(it.ask("a", options=PATIENT))
        await it.upstream.arrivals(1)
        reply = await it.ask("a", options=PATIENT)
        assert (reply.status, told(reply)) == (503, ["a:busy"])
        assert dict(reply.headers)["retry-after"] == "1"
        first.cancel()
        await asyncio.wait([first])
