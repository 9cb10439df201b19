"""One cell: a fault in one place of a chain of three, asked through a whole gateway, and everything that came of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from routedsl.discover import discover
from routedsl.gateway.admission import with_keys
from routedsl.gateway.host import Generation
from routedsl.gateway.serve import Deployment, running
from routedsl.gateway.settings import Settings
from routedsl.records.record import decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import Closing, Script, Seen
from tests.matrix.oracle import ALONE, Row, Then, script_of
from tests.matrix.telling import REDACTED, TellingUpstream
from tests.matrix.tongues import CHAT, MESSAGES, Tongue

CATALOG = discover()
KEY = "sk-canary-5f0e1d2c3b4a"
QUESTION = "grüße, 你好 🙂 and good evening"
PLACES = ("first", "middle", "last")
ROOM = ("8k", "4k", "16k")
"""What a model in each place declares to have: the middle one is of no help to the first."""
DEADLINE = 3.0
SLACK = 0.05
"""Seconds by which a request may be longer."""
TERMS = "timeout 700ms first_token 600ms idle 400ms deadline 3s"
WELL = "well"
DOWN = "529"
MOST_STALE = 3
TOKEN = "a-token-for-tests"
OPEN_FILES = Path("/proc/self/fd")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A fault, where in the chain, and whether in a stream."""

    fault: str
    place: str
    stream: bool
    tongue: Tongue = CHAT

    @property
    def name(self) -> str:
        """The route's."""
        return f"{self.tongue.name}-{self.place}-{'stream' if self.stream else 'whole'}"

    @property
    def well(self) -> str:
        """A model that has nothing to do with it."""
        return f"{WELL}-{self.tongue.name}"

    @property
    def chain(self) -> tuple[str, str, str]:
        """Its models: those before the bad one are down, those after it well."""
        bad = PLACES.index(self.place)
        one, two, three = (
            f"{self.name}-{'down' if at < bad else 'bad' if at == bad else 'well'}-{at}" for at in range(3)
        )
        return one, two, three

    @property
    def bad(self) -> str:
        """The model that has the fault."""
        return self.chain[PLACES.index(self.place)]

    def helps(self, row: Row) -> str | None:
        """Who answers where the bad one fails and another may."""
        well = [name for name in self.chain if "-well-" in name]
        return None if not well else well[-1] if row.then is Then.LARGER else well[0]

    @property
    def scripts(self) -> Mapping[str, Script]:
        """How its models behave."""
        down = {name: Script(fault=DOWN) for name in self.chain if "-down-" in name}
        return {**dict.fromkeys(self.chain, Script()), **down, self.bad: script_of(self.fault)}


CELLS = tuple((place, stream, tongue) for tongue in (CHAT, MESSAGES) for place in PLACES for stream in (False, True))


@dataclass(frozen=True, kw_only=True)
class Got:
    """What the client got: `clean` says whether the answer ended as HTTP has it, `took` is seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    clean: bool
    took: float
    tongue: Tongue

    @property
    def attempts(self) -> list[tuple[str, str]]:
        """What the gateway says was tried."""
        told = self.headers.get("x-route-attempts", "")
        return [(model, word) for model, _, word in (each.rpartition(":") for each in told.split(",") if each)]

    @property
    def events(self) -> list[str]:
        """The data of a stream's events."""
        return [line.removeprefix("data: ") for line in self.body.decode().split("\n") if line.startswith("data: ")]

    @property
    def streams(self) -> bool:
        """Whether it is a stream."""
        return "event-stream" in self.headers["content-type"]

    @property
    def said(self) -> str:
        """The words of a stream or of a whole answer."""
        return self.tongue.said(self.events) if self.streams else self.tongue.text(json.loads(self.body))

    @property
    def error(self) -> Mapping[str, Any]:
        """The error that it is, or that ends it."""
        error: Mapping[str, Any] = json.loads(self.events[-1] if self.streams else self.body)["error"]
        return error

    @property
    def everything(self) -> bytes:
        """All that a client could read."""
        return repr(dict(self.headers)).encode() + self.body


def words_of(model: str) -> str:
    """What a mock model says to the question."""
    return f'{model} (mock): you said "{QUESTION}"'


@dataclass
class Scene:
    """A gateway, the upstream behind it, and a client."""

    url: str
    upstream: TellingUpstream
    generation: Generation
    client: aiohttp.ClientSession
    hidden: tuple[bytes, ...]
    heard: list[Got] = field(default_factory=list)

    async def ask(self, model: str, tongue: Tongue, *, stream: bool) -> Got:
        """The answer to the question, however it ends."""
        messages = [{"role": "user", "content": QUESTION}]
        body = {"model": model, "stream": stream, "messages": messages, **tongue.more}
        loop = asyncio.get_running_loop()
        begun = loop.time()
        received, clean = b"", True
        async with self.client.post(f"{self.url}{tongue.path}", json=body) as response:
            try:
                async for piece in response.content.iter_any():
                    received += piece
            except aiohttp.ClientPayloadError:
                clean = False
            headers = {name.lower(): value for name, value in response.headers.items()}
        took = loop.time() - begun
        got = Got(status=response.status, headers=headers, body=received, clean=clean, took=took, tongue=tongue)
        self.heard.append(got)
        return got

    def calls(self, cell: Cell) -> list[Seen]:
        """What the upstream saw of a cell."""
        return [seen for seen in self.upstream.seen if seen.model in cell.chain]


def policy_of(cells: Iterable[Cell], urls: Mapping[str, str], options: str) -> str:
    """A route for each cell; the bad models may have an upstream of their own."""
    lines = [f"defaults {{ {TERMS} {options} }}"]
    for tongue in (CHAT, MESSAGES):
        more = f"protocol {tongue.protocol} key $CANARY"
        lines += [f'upstream {place}-{tongue.name} {{ url "{url}" {more} }}' for place, url in urls.items()]
        lines.append(f"model {WELL}-{tongue.name} {{ upstream here-{tongue.name} }}")
    for cell in cells:
        places = {name: "away" if name == cell.bad else "here" for name in cell.chain}
        lines += [
            f"model {name} {{ upstream {place}-{cell.tongue.name} context {room} }}"
            for (name, place), room in zip(places.items(), ROOM, strict=True)
        ]
        one, two, three = cell.chain
        lines.append(f"route {cell.name} {{ else {one} fallback [{two}, {three}] }}")
    return "\n".join(lines)


@asynccontextmanager
async def staged(
    folder: Path, cells: Iterable[Cell], *, options: str = "", bad_url: str | None = None
) -> AsyncIterator[Scene]:
    """A gateway over the cells' models, with a client; the bad models may be elsewhere."""
    cells = tuple(cells)
    scripts = {cell.well: Script() for cell in cells}
    for cell in cells:
        scripts |= cell.scripts
    async with TellingUpstream(scripts) as upstream:
        path = folder / "policy.route"
        urls = {"here": upstream.url, "away": bad_url or upstream.url}
        path.write_text(policy_of(cells, urls, options), "utf-8")
        environment, state = {"CANARY": KEY}, folder / "state"
        deployment = Deployment(
            path=path,
            settings=Settings.model_validate({"port": 0, "admin_port": 0, "watch": False, "state": state}),
            catalog=CATALOG,
            admit=with_keys(environment),
            environment=environment,
            token=TOKEN,
            report=lambda _host: lambda _verdict, _found: None,
        )
        timeout = aiohttp.ClientTimeout(total=DEADLINE + 5)
        connector = aiohttp.TCPConnector(force_close=True)
        async with running(deployment) as server, aiohttp.ClientSession(timeout=timeout, connector=connector) as client:
            hidden = (KEY.encode(), f":{upstream.port}".encode(), (bad_url or upstream.url).encode())
            scene = Scene(server.url, upstream, server.gateway.host.generation, client, hidden)
            yield scene
            metrics = f"{server.admin_url}/metrics"
            async with client.get(metrics, headers={"authorization": f"Bearer {TOKEN}"}) as told:
                check_hidden(scene, await told.read())
        check_records(state, scene)


def open_files() -> int:
    """How many files and sockets this process has open, where the system tells."""
    return len(list(OPEN_FILES.iterdir())) if OPEN_FILES.is_dir() else 0


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Afterwards sockets and tasks are back to where they were."""
    tasks, files = asyncio.all_tasks(), open_files()
    yield
    for _ in range(50):
        if open_files() <= files:
            break
        await asyncio.sleep(0.01)  # a closed socket is given back a turn of the loop later
    assert open_files() <= files
    assert asyncio.all_tasks() - tasks == set()


# ── the invariants ──────────────────────────────────────────────────────────────────────────────


def expected_attempts(cell: Cell, row: Row) -> list[tuple[str, str]]:
    """What must be tried: each model with its word."""
    before = [(name, "status_529") for name in cell.chain if "-down-" in name]
    last = cell.helps(row) if row.then in {Then.NEXT, Then.LARGER} else cell.bad if row.then is Then.AGAIN else None
    return [*before, *[(cell.bad, row.word)] * row.calls, *([] if last is None else [(last, "ok")])]


def check_attempts(scene: Scene, cell: Cell, row: Row, got: Got, *, unseen: bool) -> None:
    """What is told was tried, and what is told is what the upstream saw."""
    expected = expected_attempts(cell, row)
    assert [model for model, _ in got.attempts] == [model for model, _ in expected], got.attempts
    assert all(told in words.split("|") for (_, told), (_, words) in zip(got.attempts, expected, strict=True)), (
        got.attempts,
        expected,
    )
    called = [model for model, _ in got.attempts if not (unseen and model == cell.bad)]
    resent = MOST_STALE if row.word == "reset" else 0
    assert within(resent, called, [str(seen.model) for seen in scene.calls(cell)], cell.bad)
    assert {seen.request_id for seen in scene.calls(cell)} <= {got.headers["x-request-id"]}


def within(resent: int, called: list[str], seen: list[str], bad: str) -> bool:
    """Whether the upstream saw the calls.

    One that dies on a connection which was used before may be sent again: nobody can tell whether the
    upstream had read it.
    """
    more = seen.count(bad) - called.count(bad)
    place = called.index(bad) if bad in called else 0
    return 0 <= more <= resent * called.count(bad) and seen == [*called[:place], *[bad] * more, *called[place:]]


def check_answer(scene: Scene, cell: Cell, row: Row, got: Got) -> None:
    """What the client got is what the tables say, and never less that looks like it."""
    at_end = cell.place == "last"
    match row.then:
        case Then.BREAK:
            check_broken(cell, got)
        case Then.STOP:
            check_refused(scene, cell, row, got)
        case Then.LARGER if at_end:
            check_refused(scene, cell, row, got)
        case Then.NEXT if at_end:
            code = (504, "deadline_exceeded") if row.late else (503, "all_models_unavailable")
            assert (got.status, got.error["code"], got.clean) == (*code, True)
            check_retry_after(row, got)
        case Then.ANSWER | Then.AGAIN:
            check_whole(cell, cell.bad, row.lost, got)
        case _:
            check_whole(cell, str(cell.helps(row)), "", got)


def check_whole(cell: Cell, model: str, lost: str, got: Got) -> None:
    """The whole answer of a model."""
    assert (got.status, got.headers["x-route-model"], got.clean) == (200, model, True)
    silent = cell.fault == "null-content" and model == cell.bad
    assert got.said == ("" if silent else words_of(model).replace(lost, "", 1))
    if cell.stream:
        *before, last = got.tongue.ends(got.events)
        assert last
        assert not any(before)


def check_refused(scene: Scene, cell: Cell, row: Row, got: Got) -> None:
    """The model's refusal as it came, without our keys and addresses."""
    assert (got.status, got.headers["x-should-retry"], got.clean) == (row.status, "false", True)
    assert got.error["message"].startswith(f"{scene.upstream.refusals[cell.bad]} ({{")
    assert REDACTED in got.error["message"]


def check_broken(cell: Cell, got: Got) -> None:
    """Some words, an error, and no end."""
    assert (got.status, got.clean) == (200, False)
    assert got.error["code"] == "stream_interrupted"
    assert not any(got.tongue.ends(got.events))
    said = got.said
    assert said
    assert cell.fault.startswith("endless") or words_of(cell.bad).startswith(said)


def check_retry_after(row: Row, got: Got) -> None:
    """The client is told when to come back where that is known."""
    told = got.headers.get("retry-after")
    assert told == row.retry_after or (told or "") in (row.retry_after or "").split("|")


def check_hidden(scene: Scene, told: bytes) -> None:
    """No key and no address of an upstream is told."""
    assert not any(hidden in told for hidden in scene.hidden)


def check_records(state: Path, scene: Scene) -> None:
    """Each request has one record, of what was told and of how it really ended; it has no secret."""
    with reading(state) as connection:
        text = list(lines(connection, Wanted()))
    check_hidden(scene, b"".join(text))
    records = [decode(line) for line in text]
    heard = {got.headers["x-request-id"]: got for got in scene.heard}
    assert sorted(record.id for record in records) == sorted(heard)
    for record in records:
        got = heard[record.id]
        attempts = [(attempt.model, attempt.outcome) for attempt in record.attempts]
        assert (record.status, record.end == "whole") == (got.status, got.clean)
        assert (record.policy, record.generation) == (scene.generation.policy.digest, scene.generation.number)
        assert (attempts if got.clean else attempts[:-1]) == (got.attempts if got.clean else got.attempts[:-1])
        assert got.clean or (attempts[-1][0] == got.attempts[-1][0] and attempts[-1][1] != "ok")


async def check_after(scene: Scene, cell: Cell) -> None:
    """A healthy call works, and no call of the cell goes on."""
    if cell.fault in ALONE:  # all that it does is done
        await asyncio.gather(*(seen.ended.wait() for seen in scene.calls(cell)))
    got = await scene.ask(cell.well, cell.tongue, stream=cell.stream)
    assert (got.status, got.said, got.clean) == (200, words_of(cell.well), True), got
    async with asyncio.timeout(1):
        for seen in scene.calls(cell):
            await seen.ended.wait()
    assert all(seen.closing is not Closing.STOPPED for seen in scene.calls(cell))


async def heard(scene: Scene, cell: Cell) -> Got:
    """What is answered: in time, by the policy that serves, and without a secret."""
    got = await scene.ask(cell.name, cell.tongue, stream=cell.stream)
    assert got.took < DEADLINE + SLACK
    assert got.headers["x-route-policy"] == scene.generation.policy.digest[:12]
    check_hidden(scene, got.everything)
    return got


async def check(scene: Scene, cell: Cell, row: Row, *, unseen: bool = False) -> None:
    """Ask, and hold what came of it against the row."""
    got = await heard(scene, cell)
    check_attempts(scene, cell, row, got, unseen=unseen)
    check_answer(scene, cell, row, got)
    await check_after(scene, cell)


async def check_hedged(scene: Scene, cell: Cell, row: Row) -> None:
    """Ask where silence has another model called beside: who answers first is heard, and the other is let go."""
    got = await heard(scene, cell)
    if row.word == "timeout" and row.then is Then.NEXT:
        assert (cell.bad, "lost") in got.attempts  # its clocks were not waited for
    assert sorted(model for model, _ in got.attempts) == sorted(str(seen.model) for seen in scene.calls(cell))
    check_answer(scene, cell, row, got)
    await check_after(scene, cell)
