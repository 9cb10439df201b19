"""How many come in: never more than may, nobody lost, nobody starved, nobody waits for long."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.request import RequestError
from routedsl.gateway.intake import Intake
from routedsl.gateway.keyfile import add_key, make_key
from routedsl.gateway.keys import Client
from routedsl.gateway.line import Line, Ticket
from routedsl.gateway.settings import Limits
from routedsl.gateway.shutdown import drain
from routedsl.testing import Script
from tests.gateway.harness import PATIENCE, Served, got, serving

HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
COMPLETIONS = "/v1/chat/completions"
KEYS = st.sampled_from("abc")
MIB = 2**20


# ── the line, as a value ────────────────────────────────────────────────────────────────────────


class Oracle:
    """The line told anew: every ticket that is there, and what must hold of them after each step."""

    def __init__(self, most: int, longest: int, bounds: dict[str, int], *, shared: bool) -> None:
        self.line = Line(most, longest, shared=shared)
        self.most, self.longest, self.bounds = most, longest, bounds
        self.fair = (longest + 1) // 2 if shared else longest
        self.there: list[Ticket] = []

    def arrive(self, key: str) -> None:
        before = [ticket for ticket in self.there if not ticket.inside]
        of_key = [ticket for ticket in before if ticket.key == key]
        ticket = self.line.arrive(key, self.bounds[key])
        if ticket is None:
            assert len(before) == self.longest or len(of_key) == self.fair
            assert not self.is_able(key)
        else:
            self.there.append(ticket)
            assert not ticket.inside or not of_key, "of one key, who came first goes first"

    def leave(self, ticket: Ticket) -> None:
        was_inside = ticket.inside
        waiting = [other for other in self.there if not other.inside and other is not ticket]
        self.there.remove(ticket)
        came = self.line.leave(ticket)
        assert came is None or (was_inside and came in waiting)
        if came is not None:
            others = [other for other in waiting if other.key == came.key]
            assert came is min(others, key=lambda other: other.number)
            count = self.inside()
            rivals = [other for other in waiting if count[other.key] < self.bounds[other.key] and not other.inside]
            assert all(count[came.key] - 1 <= count[other.key] for other in rivals), "who has fewest goes first"

    def inside(self) -> Counter[str]:
        return Counter(ticket.key for ticket in self.there if ticket.inside)

    def is_able(self, key: str) -> bool:
        count = self.inside()
        return count.total() < self.most and count[key] < self.bounds[key]

    def check(self) -> None:
        count = self.inside()
        assert count.total() == self.line.inside <= self.most
        assert all(count[key] <= bound for key, bound in self.bounds.items())
        waiting = [ticket for ticket in self.there if not ticket.inside]
        assert len(waiting) == self.line.waiting <= self.longest
        assert not any(self.is_able(ticket.key) for ticket in waiting), "nobody waits beside a free place"


@given(
    most=st.integers(1, 5),
    longest=st.integers(0, 6),
    bounds=st.fixed_dictionaries({key: st.integers(1, 5) for key in "abc"}),
    shared=st.booleans(),
    steps=st.lists(st.one_of(KEYS, st.integers(0, 20)), max_size=60),
)
def test_the_line_lets_in_who_may_and_forgets_nobody(
    most: int, longest: int, bounds: dict[str, int], shared: bool, steps: list[str | int]
) -> None:
    oracle = Oracle(most, longest, bounds, shared=shared)
    for step in steps:
        if isinstance(step, str):
            oracle.arrive(step)
        elif oracle.there:
            oracle.leave(oracle.there[step % len(oracle.there)])
        oracle.check()
    while oracle.there:
        oracle.leave(oracle.there[0])
        oracle.check()
    assert (oracle.line.inside, oracle.line.waiting) == (0, 0)


# ── the intake, with tasks that come, wait, are cancelled and go ────────────────────────────────


def intake(most: int, *, patience: float = PATIENCE, shared: bool = False, memory: int = MIB) -> Intake:
    return Intake(most, memory=memory, patience=patience, shared=shared)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@given(
    most=st.integers(1, 4),
    steps=st.lists(st.tuples(st.sampled_from(["come", "go", "cancel"]), KEYS, st.integers(0, 20)), max_size=40),
)
async def test_no_place_is_lost_however_tasks_end(most: int, steps: list[tuple[str, str, int]]) -> None:
    places = intake(most, shared=True)
    inside: dict[asyncio.Task[None], asyncio.Event] = {}
    running: list[asyncio.Task[None]] = []

    async def stay(key: str, leave: asyncio.Event) -> None:
        with suppress(RequestError):
            async with places.taken(Client(name=key)) as place:
                place.grow(10)
                if key == "c":
                    place.lend()
                    await asyncio.sleep(0)
                    await place.take()
                await leave.wait()

    for what, key, number in steps:
        if what == "come":
            leave = asyncio.Event()
            task = asyncio.create_task(stay(key, leave))
            inside[task] = leave
            running.append(task)
        elif running:
            task = running[number % len(running)]
            task.cancel() if what == "cancel" else inside[task].set()
        if number % 3:  # else the next step comes in the same turn of the loop
            await settled()
        running = [task for task in running if not task.done()]
        assert places.in_flight <= most
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert (places.in_flight, places.waiting, places.held) == (0, 0, 0)


async def test_nobody_waits_longer_than_is_said() -> None:
    places = intake(1, patience=0.05)
    clock = asyncio.get_running_loop().time
    async with places.taken(None):
        start = clock()
        with pytest.raises(RequestError) as raised:
            async with places.taken(None):
                pytest.fail("two are inside")
        assert 0.04 < clock() - start < 0.5
    assert raised.value.code == "overloaded"
    async with places.taken(None):
        assert (places.in_flight, places.waiting) == (1, 0)


async def test_a_key_that_has_all_it_may_is_told_so_and_others_are_not_kept_out() -> None:
    places = intake(4, patience=0.02, shared=True)
    greedy, modest = Client(name="greedy"), Client(name="modest", slots=1)
    async with places.taken(greedy), places.taken(greedy), places.taken(modest):
        for client in (greedy, modest):
            with pytest.raises(RequestError) as raised:
                async with places.taken(client):
                    pytest.fail("more than half, or more than its slots")
            assert raised.value.code == "rate_limited"
        async with places.taken(Client(name="third")):
            assert places.in_flight == 4


async def test_one_key_alone_has_all() -> None:
    places = intake(2)
    async with places.taken(Client(name="only")), places.taken(Client(name="only")):
        assert places.in_flight == 2


async def test_bodies_are_bounded_together_and_one_key_has_half() -> None:
    places = intake(9, memory=100, shared=True)
    async with places.taken(Client(name="a")) as first, places.taken(Client(name="b")) as second:
        first.grow(50)
        with pytest.raises(RequestError, match="too large"):
            first.grow(1)
        second.grow(49)
        assert places.held == 100
    async with places.taken(Client(name="a")) as first:
        first.grow(50)
    assert places.held == 0


# ── over sockets ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Served]:
    """A gateway with one place, which a stream has taken that goes on for long."""
    slow = Script(tokens=1000, speed=50)
    limits = Limits(queue=0.1, linger=0.1)
    async with (
        serving(
            tmp_path, scripts={"tiny": slow, "medium": Script(), "large": Script()}, in_flight=1, limits=limits
        ) as served,
        ClientSession(served.url) as http,
        http.post(COMPLETIONS, json={**HI, "stream": True}) as stream,
    ):
        await stream.content.readany()
        yield served


def queued(served: Served) -> int:
    return served.running.gateway.intake.waiting


async def until_queued(served: Served, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while queued(served) != count:  # noqa: ASYNC110 - no bell rings for it
            await asyncio.sleep(0.001)


async def test_what_does_not_fit_is_shed_before_its_body_is_read(full: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", full.port)
    writer.write(f"POST {COMPLETIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"overloaded"' in answer
    assert b"\r\nretry-after: 1\r\n" in answer.lower()


async def test_a_line_that_is_full_turns_away_at_once(full: Served) -> None:
    async with ClientSession(full.url) as http:
        waits = asyncio.create_task(got(http.post(COMPLETIONS, json=HI)))
        await until_queued(full, 1)
        answer = await got(http.post(COMPLETIONS, json=HI))
        assert not waits.done()
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "overloaded", "1")
        assert (await waits).status == 503
        for path in ("/healthz", "/v1/models"):
            assert (await got(http.get(path))).status == 200


async def test_who_leaves_the_line_or_its_place_makes_room(full: Served) -> None:
    async with ClientSession(full.url) as http:
        waits = asyncio.create_task(got(http.post(COMPLETIONS, json=HI)))
        await until_queued(full, 1)
        waits.cancel()
        await until_queued(full, 0)
        assert full.running.gateway.intake.in_flight == 1


async def test_a_place_is_free_again_when_its_answer_is_over(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, in_flight=2, scripts=Script(latency=0.02)) as served,
        ClientSession(served.url) as http,
    ):
        bodies = ({**HI, "stream": number % 2 == 0} for number in range(4))
        answers = await asyncio.gather(*(got(http.post(COMPLETIONS, json=body)) for body in bodies))
        assert [answer.status for answer in answers] == [200] * 4
        for bad in (b"", b"[1"):
            assert (await got(http.post(COMPLETIONS, data=bad))).status in {400, 415}
        assert served.running.gateway.intake.in_flight == 0
        assert served.running.gateway.intake.held == 0


async def test_who_waits_is_told_at_once_when_the_server_ends(full: Served) -> None:
    running = full.running
    async with ClientSession(full.url) as http:
        waits = asyncio.create_task(got(http.post(COMPLETIONS, json=HI)))
        await until_queued(full, 1)
        draining = asyncio.create_task(
            drain(running.gateway, running.listener, running.server, PATIENCE, hurry := asyncio.Event())
        )
        answer = await waits
        assert (answer.status, answer.code) == (503, "overloaded")
        assert "shutting down" in answer.json["error"]["message"]
        hurry.set()
        assert await draining == 1


async def test_a_deadline_runs_while_a_request_waits_for_its_place(tmp_path: Path) -> None:
    policy = "route auto { else tiny deadline 1s }\nroute long { else medium }\n"
    scripts = {"tiny": Script(), "medium": Script(latency=0.9), "large": Script()}
    async with (
        serving(tmp_path, policy, in_flight=1, scripts=scripts, limits=Limits(queue=5)) as served,
        ClientSession(served.url) as http,
    ):
        first = asyncio.create_task(got(http.post(COMPLETIONS, json={**HI, "model": "long"})))
        await served.upstream.arrivals(1)
        answer = await got(http.post(COMPLETIONS, json=HI))
        assert (await first).status == 200
        assert (answer.status, answer.code, answer.headers["x-route-attempts"]) == (
            504,
            "deadline_exceeded",
            "tiny:skipped",
        )


async def test_a_key_gets_429_where_another_is_served(tmp_path: Path) -> None:
    keys = {}
    for name in ("greedy", "other"):
        keys[name], entry = make_key(name, None, 1 if name == "greedy" else None)
        add_key(tmp_path / "keys.toml", entry)
    slow = Script(tokens=1000, speed=50)
    limits = Limits(queue=0.05)
    async with (
        serving(
            tmp_path, scripts={"tiny": slow, "medium": Script()}, limits=limits, keys=tmp_path / "keys.toml"
        ) as served,
        ClientSession(served.url, headers={"x-api-key": keys["greedy"]}) as greedy,
        ClientSession(served.url, headers={"x-api-key": keys["other"]}) as other,
        greedy.post(COMPLETIONS, json={**HI, "stream": True}) as stream,
    ):
        await stream.content.readany()
        asked = {**HI, "model": "medium"}
        answer = await got(greedy.post(COMPLETIONS, json=asked))
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "rate_limited", "1")
        assert (await got(other.post(COMPLETIONS, json=asked))).status == 200


async def test_bodies_that_are_slow_to_come_keep_nobody_out(tmp_path: Path) -> None:
    body = json.dumps(HI).encode()
    head = f"POST {COMPLETIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    async with serving(tmp_path, in_flight=3, limits=Limits(prompt=0.05, queue=5)) as served:
        slow = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(5)]
        for _, writer in slow:
            writer.write(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:9])
        async with ClientSession(served.url) as http:
            assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
        for reader, writer in slow:
            writer.write(body[9:])
            async with asyncio.timeout(PATIENCE):
                assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        assert served.running.gateway.intake.in_flight == 0


async def test_bodies_that_are_too_much_together_are_shed(tmp_path: Path) -> None:
    large = json.dumps({**HI, "user": "x" * MIB}).encode()
    async with (
        serving(tmp_path, limits=Limits(memory=MIB, linger=0.1)) as served,
        ClientSession(served.url, headers={"content-type": "application/json"}) as http,
    ):
        answer = await got(http.post(COMPLETIONS, data=BytesIO(large)))
        assert (answer.status, answer.code) == (503, "overloaded")
        assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
