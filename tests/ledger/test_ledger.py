"""Many requests, some of whose upstream calls fail in all ways at once: three books that agree to the last line."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from routedsl.records.record import Record, decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import Script, ScriptedUpstream
from routedsl.testing.upstream import Seen
from tests.effort import effort
from tests.gateway.harness import write_policy
from tests.gateway.process import Server, serving
from tests.ledger.asking import Client
from tests.ledger.books import Call, Heard, differences

REQUESTS = effort(2_000, 300_000, ci=20_000)
GATEWAYS = 2
"""Each with a core, where there are two."""
CLIENTS = 16
"""Of each gateway, beside each other."""
ONE_IN = 20
"""Calls of which one meets a fault."""
FAULTS = (
    *("reset", "close", "stale", "bad-status-line", "both-lengths", "redirect"),
    *("400", "408", "422", "429:1", "429-bare", "500", "503", "529", "content-filter"),
    *("cut-json", "html", "empty", "200-error", "empty-choices", "too-short", "cut-chunk:3"),
    *("first-event-error", "cut:3", "reset-at:3", "error-at:3", "malformed-event", "malformed-events", "no-done"),
    *("no-finish", "no-end", "two-done", "split-characters", "crlf", "tiny-chunks", "hang", "stall:3", "pings-only"),
)
POLICY = """
route auto {
  when stream -> tiny
  else medium
  fallback [medium, large]
  timeout 1s first_token 1s idle 1s
}
"""


class Fortune(Mapping[str, Script]):
    """Models that are well, but for one call in so many."""

    def __init__(self, seed: int) -> None:
        self.met: Counter[str] = Counter()
        self._draw = Random(seed)
        self._well = Script()
        self._sick = {fault: Script(fault=fault) for fault in FAULTS}

    def __getitem__(self, model: str) -> Script:
        if self._draw.randrange(ONE_IN):
            return self._well
        fault = self._draw.choice(FAULTS)
        self.met[fault] += 1
        return self._sick[fault]

    def get(self, model: str, default: object = None) -> Script:
        return self[model]

    def __iter__(self) -> Iterator[str]:
        return iter(("tiny", "medium", "large"))

    def __len__(self) -> int:
        return 3


async def ask_all(server: Server, place: int, count: int) -> list[Heard]:
    """Ask so many requests of a gateway; every third for a stream."""
    left = iter(range(count))

    async def asking() -> list[Heard]:
        client = Client(server.url)
        heard = [await client.ask(f"g{place}-{number}", "auto", stream=number % 3 == 0) for number in left]
        client.close()
        return heard

    return [each for heard in await asyncio.gather(*(asking() for _ in range(CLIENTS))) for each in heard]


def recorded(folder: Path) -> Iterator[Record]:
    with reading(folder / "state") as connection:
        yield from map(decode, lines(connection, Wanted()))


async def test_three_books_agree(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    calls: list[Call] = []

    def note(seen: Seen) -> None:
        calls.append(Call(str(seen.request_id), str(seen.model), seen.begun))
        upstream.seen.clear()

    fortune = Fortune(7)
    upstream = ScriptedUpstream(fortune, watch=note)
    folders = [tmp_path / str(place) for place in range(GATEWAYS)]
    async with upstream, AsyncExitStack() as stack:
        servers = []
        for folder in folders:
            folder.mkdir()
            write_policy(folder / "policy.route", POLICY, upstream)
            servers.append(await stack.enter_async_context(serving(folder)))
        asked = (ask_all(server, place, REQUESTS // GATEWAYS) for place, server in enumerate(servers))
        heard = [each for some in await asyncio.gather(*asked) for each in some]
        for server in servers:
            assert await server.ended() == 0
    books = list(differences(heard, (record for folder in folders for record in recorded(folder)), calls))
    assert not books, books[:10]
    assert len(heard) == REQUESTS
    assert set(fortune.met) == set(FAULTS) or ONE_IN * len(FAULTS) * 10 > REQUESTS
    failed = sum(not each.whole or each.status != 200 for each in heard)
    record_property(
        "measured",
        f"{len(heard):,} requests, {len(calls):,} calls, {fortune.met.total():,} of them with {len(FAULTS)} faults:"
        f" three books agree, {failed:,} requests had no answer",
    )
