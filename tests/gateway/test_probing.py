"""Servers are asked in time, carefully, and no longer than the policy has them; what goes wrong stays with them."""

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import ClientSession

from routedsl.base.units import WHOLE
from routedsl.discover import builtin
from routedsl.engine.probe import Answer, Answers, Probe, Readings
from routedsl.engine.world import UNMEASURED, ModelState
from routedsl.gateway.cards import open_cards
from routedsl.gateway.hardware import Hardware
from routedsl.gateway.host import Verdict
from routedsl.gateway.probing import Prober
from routedsl.gateway.slots import Slots
from routedsl.gateway.transport import AiohttpTransport
from routedsl.language.policy import Policy
from routedsl.testing import Script, ScriptedUpstream
from tests.gateway.harness import Served, got, serving
from tests.gateway.servers import PATIENCE, HurriedClock, ToldServer, policy_of, told_server, upstream_of

PS, TAGS = (json.dumps({"models": [{"name": name}]}).encode() for name in ("tiny:latest", "large:latest"))
OLLAMA = {"/api/ps": Answer(200, PS), "/api/tags": Answer(200, TAGS)}
KEY = "sk-test-canary-0123456789"


@asynccontextmanager
async def probing(probes: Mapping[str, Probe] = builtin().probes) -> AsyncIterator[tuple[Prober, Hardware]]:
    """A prober in hurried time. Afterwards nothing may be left running."""
    clock = HurriedClock()
    async with AiohttpTransport(clock) as transport:
        slots = Slots()
        hardware = Hardware(clock, lambda _: slots)
        async with Prober(probes, hardware, transport, clock, {"MY_KEY": KEY}, lambda: 0) as prober:
            yield prober, hardware
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("probe")]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that no server is told of."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - facts grow old, and nobody is told when
            await asyncio.sleep(0.005)


def at(server: ToldServer, kind: str = "ollama", key: str | None = None, name: str = "desk") -> Policy:
    """A policy with the model `tiny` at the server."""
    return policy_of(upstream_of(name, server.url, kind, key=key), models={"tiny": name})


def state(hardware: Hardware) -> ModelState:
    return hardware.merged({})["tiny"]


async def test_a_server_is_asked_again_and_again_one_question_at_a_time() -> None:
    async with told_server(OLLAMA) as server, probing() as (prober, hardware):
        prober.follow(at(server, key="MY_KEY"))
        await server.told(6)
        assert state(hardware).loaded
        server.answers["/api/ps"] = Answer(200, b'{"models": []}')
        await until(lambda: state(hardware).loaded is None)
    assert server.paths[:6] == ["/api/ps", "/api/tags"] * 3
    for request in server.asked:
        assert request.method == "GET"
        assert not request.can_read_body
        assert request.headers["Authorization"] == f"Bearer {KEY}"


async def test_an_upstream_of_no_kind_is_left_alone() -> None:
    async with told_server(OLLAMA) as server, probing() as (prober, hardware):
        prober.follow(at(server, "openai"))
        assert hardware.merged({}) == {}
        await asyncio.sleep(0.1)
        assert server.asked == []


async def test_a_server_that_no_model_is_at_is_not_asked() -> None:
    async with told_server(OLLAMA) as server, probing() as (prober, _):
        other = upstream_of("other", "http://127.0.0.1:9")
        prober.follow(policy_of(upstream_of("desk", server.url, "ollama"), other, models={"tiny": "other"}))
        await asyncio.sleep(0.1)
        assert server.asked == []


async def test_the_policy_says_who_is_asked() -> None:
    async with told_server(OLLAMA) as one, told_server(OLLAMA) as two, probing() as (prober, hardware):
        prober.follow(at(one))
        await until(lambda: state(hardware).loaded is True)
        prober.follow(at(one))
        assert state(hardware).loaded, "who is asked as before is no stranger"
        prober.follow(at(two))
        assert state(hardware) == UNMEASURED, "the name stands for another server now"
        asked = len(one.asked)
        await two.told(4)
        assert len(one.asked) == asked
        prober.follow(at(two, "openai"))
        assert hardware.merged({}) == {}


async def test_a_server_that_falls_silent_is_asked_less_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    async with told_server(OLLAMA) as server, probing() as (prober, hardware):
        prober.follow(at(server))
        await until(lambda: state(hardware).loaded is True)
        server.answers.clear()
        await until(lambda: state(hardware).loaded is None)
        assert state(hardware) == UNMEASURED, "what nobody tells is missing, and the model is up"
        asked = server.paths.count("/api/ps")
        await asyncio.sleep(1)  # five intervals
        assert server.paths.count("/api/ps") - asked <= 3
        server.answers.update(OLLAMA)
        await until(lambda: state(hardware).loaded is True)
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == ["upstream `desk` tells nothing of itself: it does not answer as `ollama` does"]


@pytest.mark.parametrize(
    ("answer", "delay", "told"),
    [
        pytest.param(Answer(200, PS), 1.0, "timeout", id="slow"),
        pytest.param(Answer(200, b"x" * 3_000_000), 0, "its answer does not end", id="huge"),
        pytest.param(Answer(307, b""), 0, "it does not answer as `ollama` does", id="elsewhere"),
        pytest.param(Answer(200, b"[" * 100_000), 0, "it does not answer as `ollama` does", id="deep"),
        pytest.param(Answer(500, b"boom"), 0, "it does not answer as `ollama` does", id="failing"),
    ],
)
async def test_a_server_that_answers_badly_tells_nothing(
    answer: Answer, delay: float, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with told_server({"/api/ps": answer}) as server, probing() as (prober, hardware):
        server.delay = delay
        prober.follow(at(server))
        await until(lambda: bool(caplog.records))
        assert told in caplog.text
        assert state(hardware) == UNMEASURED
        assert "/elsewhere" not in server.paths


async def test_a_server_that_is_not_there_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with told_server({}) as gone:
        pass
    async with told_server(OLLAMA) as server, probing() as (prober, hardware):
        upstreams = upstream_of("gone", gone.url, "vllm"), upstream_of("desk", server.url, "ollama")
        prober.follow(policy_of(*upstreams, models={"lost": "gone", "tiny": "desk"}))
        await until(lambda: state(hardware).loaded is True)
        await until(lambda: bool(caplog.records))
        assert hardware.merged({})["lost"] == UNMEASURED
        assert "`gone` tells nothing of itself: refused" in caplog.text


async def test_a_reader_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def read(_: Answers) -> Readings:
        raise RuntimeError("a mistake of its author")

    broken = Probe(name="broken", ask=lambda answers: "/x", read=read, doc="Fails.", since="1.0")
    async with told_server(OLLAMA) as server, probing({**builtin().probes, "broken": broken}) as (prober, hardware):
        upstreams = upstream_of("desk", server.url, "ollama"), upstream_of("odd", server.url, "broken")
        prober.follow(policy_of(*upstreams, models={"tiny": "desk", "odd": "odd"}))
        await server.told(8, "/x")  # it never has enough answers, and gets eight at most
        await until(lambda: state(hardware).loaded is True)
        await until(lambda: "a mistake of its author" in caplog.text)


# ── the cards of this machine ───────────────────────────────────────────────────────────────────

GIB = 2**30


def fail() -> None:
    raise OSError("no driver")


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a library in NVIDIA's place that has two cards of 8 GiB, none and 4 of which are free."""

    def install(**instead: object) -> None:
        library = {
            "nvmlInit": lambda: None,
            "nvmlDeviceGetCount": lambda: 2,
            "nvmlDeviceGetHandleByIndex": lambda number: number,
            "nvmlDeviceGetMemoryInfo": lambda card: SimpleNamespace(total=8 * GIB, free=4 * card * GIB),
        }
        monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(**{**library, **instead}))

    return install


async def test_the_free_memory_of_all_cards_is_told_for_servers_of_this_machine(nvml: Callable[..., None]) -> None:
    nvml()
    async with told_server(OLLAMA) as server, probing() as (prober, hardware):
        away = upstream_of("away", "http://192.0.2.1:9", "vllm")
        desk = upstream_of("desk", server.url, "ollama")
        prober.follow(policy_of(desk, away, models={"tiny": "desk", "far": "away"}))
        await until(lambda: state(hardware).memory_free == 250_000)
        assert hardware.merged({})["far"].memory_free is None


def test_what_is_installed_here_tells_a_share_or_nothing() -> None:
    look = open_cards()
    assert look is None or 0 <= (look() or 0) <= WHOLE


@pytest.mark.parametrize("broken", [{"nvmlInit": fail}, {"nvmlDeviceGetCount": int}, {"nvmlDeviceGetMemoryInfo": fail}])
async def test_without_cards_their_memory_is_missing(nvml: Callable[..., None], broken: dict[str, object]) -> None:
    nvml(**broken)
    async with told_server(OLLAMA) as server, probing() as (prober, hardware):
        prober.follow(at(server))
        await until(lambda: state(hardware).loaded is True)
        assert state(hardware).memory_free is None


# ── a whole gateway ─────────────────────────────────────────────────────────────────────────────

NEAR = """
upstream desk {{ url "{url}/v1"  {kind} }}
model near {{ upstream desk  id "tiny" }}
when near.loaded -> tiny as warm
else medium as cold
"""
DRY = {"x-route-dry-run": "1"}
HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}


async def rule_of(served: Served) -> str:
    async with ClientSession() as session:
        answer = await got(session.post(f"{served.url}/v1/chat/completions", json=HI, headers=DRY))
    return str(answer.json["rule"])


async def test_a_gateway_decides_by_what_is_told_until_its_policy_asks_no_more(tmp_path: Path) -> None:
    async with told_server(OLLAMA) as server:
        text = NEAR.format(url=server.url, kind="kind ollama")
        async with serving(tmp_path, text, watch=True) as served:
            assert await rule_of(served) == "cold", "nobody has told anything yet"
            await until(lambda: served.running.gateway.states.world_models()["near"].loaded is True)
            assert await rule_of(served) == "warm"
            served.write(NEAR.format(url=server.url, kind=""))
            await served.verdict(Verdict.SWAPPED)
            assert await rule_of(served) == "cold"
            assert not [task for task in asyncio.all_tasks() if "desk" in task.get_name() and not task.cancelling()]
            served.write(text)
            await served.verdict(Verdict.SWAPPED)
            await server.told(1)
        asked = len(server.asked)
    assert len(server.asked) == asked


SHARED = """
upstream one  {{ url "{url}"  slots 1 }}
upstream two  {{ url "{url}"  slots 2 }}
upstream four {{ url "{url}"  slots 4 }}
model a {{ upstream one }}
model b {{ upstream two }}
model c {{ upstream four }}
else least_busy of [a, b, c]
"""


async def test_requests_that_come_at_once_are_shared_by_slots(tmp_path: Path) -> None:
    scripts = dict.fromkeys("abc", Script(latency=0.3))
    async with ScriptedUpstream(scripts) as upstream, serving(tmp_path, SHARED.format(url=upstream.url)) as served:
        async with ClientSession() as session:
            asks = (got(session.post(f"{served.url}/v1/chat/completions", json=HI)) for _ in range(14))
            answers = await asyncio.gather(*asks)
        assert {answer.status for answer in answers} == {200}
        assert Counter(answer.headers["x-route-model"] for answer in answers) == {"a": 2, "b": 4, "c": 8}
