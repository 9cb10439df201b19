"""Records of a real server process: killed with no warning, on a disk that is full, told to end."""

import asyncio
import resource
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from aiohttp import ClientError, ClientSession

from routedsl.records.record import decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import ScriptedUpstream
from tests.effort import TORTURE
from tests.gateway.harness import BY_SIZE, PATIENCE, got, write_policy
from tests.gateway.process import Server, serving

COMPLETIONS = "/v1/chat/completions"
HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
MAY_BE_LOST = 0.25
"""Seconds before a kill."""
KILLS = 50 if TORTURE else 3


@asynccontextmanager
async def upstream(folder: Path) -> AsyncIterator[None]:
    async with ScriptedUpstream() as server:
        write_policy(folder / "policy.route", BY_SIZE, server)
        yield


async def ask(server: Server, prefix: str, done: dict[str, float]) -> None:
    """Ask until nobody answers any more; when each answer was there is kept by its request's id."""
    async with ClientSession(server.url) as http:
        for number in range(10**6):
            identity = f"{prefix}-{number}"
            try:
                answer = await got(http.post(COMPLETIONS, json=HI, headers={"x-request-id": identity}))
            except (ClientError, ConnectionError):
                return
            assert answer.status == 200
            done[identity] = time.monotonic()


def ids(folder: Path) -> list[str]:
    with reading(folder / "state") as connection:
        return [decode(line).id for line in lines(connection, Wanted())]


async def test_a_kill_costs_a_quarter_of_a_second_and_spoils_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    lost = [await kill(tmp_path, f"k{number}", 0.4 + 0.017 * (number % 20)) for number in range(KILLS)]
    record_property("measured", f"{KILLS} kills, {max(lost) * 1000:.0f} ms of records lost at most")
    assert max(lost) <= MAY_BE_LOST
    async with upstream(tmp_path), serving(tmp_path) as server, ClientSession(server.url) as http:
        kept = ids(tmp_path)
        await got(http.post(COMPLETIONS, json=HI, headers={"x-request-id": "after"}))
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await server.process.wait() == 0
    assert ids(tmp_path) == [*kept, "after"], "an end that was asked for loses nothing"


async def kill(folder: Path, prefix: str, moment: float) -> float:
    """Kill a busy server that has served so long; returns how many seconds of records were lost.

    What it said was written is there, each once, and of what an asker asked only the last is lost.
    """
    done: dict[str, float] = {}
    async with upstream(folder), serving(folder) as server:
        askers = [asyncio.create_task(ask(server, f"{prefix}-{n}", done)) for n in range(3)]
        await server.until("routedsl_records_written_total", 1)
        await asyncio.sleep(moment)
        written = await server.metric("routedsl_records_written_total")
        killed = time.monotonic()
        server.process.kill()
        await asyncio.gather(*askers)
    kept = [identity for identity in ids(folder) if identity.startswith(f"{prefix}-")]
    assert len(kept) == len(set(kept)) >= written
    for asker in range(3):
        mine = [identity for identity in kept if identity.startswith(f"{prefix}-{asker}-")]
        assert mine == [f"{prefix}-{asker}-{number}" for number in range(len(mine))]
    with closing(sqlite3.connect(folder / "state" / "records.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    lost = [killed - done[identity] for identity in done.keys() - set(kept)]
    return max(lost, default=0)


async def test_a_full_disk_costs_records_and_no_request(tmp_path: Path) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    async with upstream(tmp_path), serving(tmp_path) as server, ClientSession(server.url) as http:
        for _ in range(5):
            assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
        await server.until("routedsl_records_written_total", 5)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
        asked = 0
        while await server.metric("routedsl_records_lost_total") == 0:
            assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
            asked += 1
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)
        written = await server.metric("routedsl_records_written_total")
        async with asyncio.timeout(PATIENCE):
            while await server.metric("routedsl_records_written_total") <= written:
                assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
                asked += 1
        await server.until(
            "routedsl_records_written_total", asked + 5 - await server.metric("routedsl_records_lost_total")
        )
        assert server.process.stderr is not None
        server.process.send_signal(signal.SIGTERM)
        told = (await server.process.stderr.read()).decode()
    assert told.count("records are lost") == 1
    assert told.count("records are written again") == 1
    assert "Traceback" not in told
