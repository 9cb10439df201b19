"""Clients that leave at random moments: in the head, before the body, in the line, while a model thinks or speaks."""

import asyncio
import gc
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from routedsl.records.record import Record, decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import Script
from routedsl.testing.connection import Closing
from routedsl.testing.upstream import Seen
from tests.effort import TORTURE, effort
from tests.gateway.harness import Served, serving
from tests.ledger.asking import request
from tests.matrix.cells import nothing_left

CLIENTS = effort(500, 5_000)
TOGETHER = 12
PLACES = 8
"""In flight at once: some clients leave while they wait."""
FREED = 0.1
"""Seconds until the upstream knows; a machine that other tests keep busy is no place to measure it."""
PATIENT = 0.15
"""Seconds that who leaves stays at most; an answer to him takes ten."""
POLICY = """
route auto {
  when stream -> tiny
  else medium
  fallback [large]
  timeout 200s first_token 10s
}
"""
SLOW = Script(latency=0.03, first_token=0.03, speed=20, tokens=200)
SCRIPTS = {"tiny": SLOW, "medium": SLOW, "large": Script()}
ENDS = (b"\r\n0\r\n\r\n", b"}")
"""Of a stream's last chunk, and of a JSON body."""
RESET = struct.pack("ii", 1, 0)


@dataclass
class Leaving:
    """When each client left, and when its upstream was free."""

    left: dict[str, float] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    """Whose whole request went out."""
    freed: dict[str, list[tuple[Closing | None, float]]] = field(default_factory=dict)

    def watch(self, seen: Seen) -> None:
        self.freed.setdefault(str(seen.request_id), []).append((seen.closing, time.monotonic()))

    @property
    def delays(self) -> Iterator[float]:
        """Seconds from a client's leaving to its upstream's being free."""
        for identity, ends in self.freed.items():
            yield from (at - self.left[identity] for closing, at in ends if closing is Closing.GONE)


async def leave(served: Served, leaving: Leaving, number: int, draw: Random) -> None:
    """Ask, or begin to, and leave at a random moment, by a close or by a reset; one in ten gets his answer."""
    identity, stays = f"a{number}", draw.random() < 0.1
    sent = request(identity, "large" if stays else "auto", stream=draw.random() < 0.5)
    cut = len(sent) if stays or draw.random() < 0.8 else draw.randrange(1, len(sent))
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(sent[:cut])
    if cut == len(sent):
        leaving.sent.add(identity)
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(None if stays else draw.random() * PATIENT):
            heard = b""
            while not heard.endswith(ENDS) and (piece := await reader.read(65536)):
                heard += piece
    if draw.random() < 0.5:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    leaving.left[identity] = time.monotonic()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def at_rest(served: Served) -> None:
    """Wait until nothing is in flight; fails where something stays."""
    for _ in range(1_000):
        if not any(in_flight(served)):
            break
        await asyncio.sleep(0.01)
    assert in_flight(served) == [0] * 6


def in_flight(served: Served) -> list[int]:
    """All that is counted while a request is there."""
    gateway, seen = served.running.gateway, served.upstream.seen
    models = sum(state.inflight for state in gateway.states.world_models().values())
    line = (gateway.intake.in_flight, gateway.intake.waiting, gateway.intake.held)
    return [gateway.traffic.count, *line, models, sum(each.closing is None for each in seen)]


def recorded(folder: Path) -> list[Record]:
    with reading(folder) as connection:
        return [decode(line) for line in lines(connection, Wanted())]


async def test_who_leaves_takes_all_with_him(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    draw, leaving, state = Random(11), Leaving(), tmp_path / "state"
    gc.collect()
    gc.freeze()  # to look through all that pytest holds takes longer than an upstream may be kept
    numbers = iter(range(CLIENTS))

    async def come_and_go(served: Served) -> None:
        for number in numbers:
            await leave(served, leaving, number, draw)

    async with nothing_left(), serving(tmp_path, POLICY, scripts=SCRIPTS, state=state, in_flight=PLACES) as served:
        served.upstream._watch = leaving.watch
        await asyncio.gather(*(come_and_go(served) for _ in range(TOGETHER)))
        await at_rest(served)
        calls = list(served.upstream.seen)
    gc.unfreeze()
    records = recorded(state)
    check_records(records, leaving, calls)
    late = max(leaving.delays)
    record_property("measured", told(records, leaving, late))
    assert late <= FREED or not TORTURE


def check_records(records: list[Record], leaving: Leaving, calls: list[Seen]) -> None:
    """One record of each that was decided, whose attempts are what the upstream saw."""
    by_id = {record.id: record for record in records}
    assert len(by_id) == len(records)
    assert by_id.keys() <= leaving.sent, "who has not sent a whole request is no request"
    assert {str(call.request_id) for call in calls} <= by_id.keys()
    for call in calls:
        record = by_id[str(call.request_id)]
        assert [attempt.model for attempt in record.attempts] == [call.model], record
        end = "whole" if call.model == "large" else "gone"
        assert (record.end, call.closing) == (end, Closing(end)), record
    assert {record.end for record in records} == {"whole", "gone"}


def told(records: list[Record], leaving: Leaving, late: float) -> str:
    gone = sum(record.end == "gone" for record in records)
    unsent, waited = CLIENTS - len(leaving.sent), len(leaving.sent) - len(records)
    return (
        f"{CLIENTS:,} clients left: {unsent:,} before they had asked, {waited:,} before a decision, {gone:,} before the"
        f" end of an answer; {len(records):,} records, upstreams free {late * 1000:.0f} ms later at most, nothing left"
    )
