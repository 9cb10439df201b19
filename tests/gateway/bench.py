"""The sixteen scenarios of the public Failover Bench, re-created from their descriptions, and how they are scored.

Time flies by `pace`, for the gateway and for its upstreams alike; all seconds here are the gateway's.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import aiohttp

from routedsl.gateway.clock import SECOND, SystemClock
from routedsl.testing import Script
from routedsl.testing.mock import speak
from tests.gateway.harness import Served, serving

PROMPT = "Tell in sixty words why one trusts a gateway only once what is behind it has failed."
WORDS = 60
PRIMARY, FALLBACK, WELL = "primary", "fallback", "large"
OUTAGE = 60.0
"""Seconds for which the primary that flaps is down."""
UNSCALED = os.environ.get("HYPOTHESIS_PROFILE") == "torture"
PACE = 1 if UNSCALED else 10
AT_ONCE = 4


class Score(StrEnum):
    """How a scenario went, the best first."""

    PASS = "pass"
    PARTIAL = "partial"
    SAFE = "safe"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What one request got: `took` seconds; `model` and `usage` as the answer tells them; None for what is not told."""

    at: float
    took: float
    status: int
    text: str
    ended_well: bool
    model: str | None
    usage: bool
    error: bool

    @property
    def whole(self) -> bool:
        """Whether it is all of the answer of the model that it names."""
        return self.status == 200 and self.ended_well and self.text == canonical(str(self.model))

    def came_from(self, model: str) -> bool:
        """Whether it is all of the answer of such a model."""
        return self.whole and str(self.model).endswith(model)

    @property
    def truncated(self) -> bool:
        """Whether it looks like an answer and is not all of one."""
        return self.status == 200 and self.ended_well and not self.error and not self.whole


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What came of a scenario: what clients heard, when the primary was called, and a healthy call afterwards."""

    heard: Sequence[Heard]
    primary: Sequence[float]
    refused_prefill: bool
    after: Heard

    @property
    def only(self) -> Heard:
        """The one answer."""
        return self.heard[0]


SOUND = Script()
Check = Callable[[Seen], bool]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A fault of the primary, and what is checked; `advised` checks cost a full pass, the others any."""

    title: str
    primary: Script
    checks: tuple[Check, ...] = ()
    advised: tuple[Check, ...] = ()
    wall: float = 45
    refusal: bool = False
    fallback: Script = SOUND
    requests: int = 1
    every: float = 0


# ── checks ──────────────────────────────────────────────────────────────────────────────────────


def canonical(model: str) -> str:
    """The sixty words of a model."""
    body = {"model": model, "messages": [{"role": "user", "content": PROMPT}]}
    return speak(body, Script(tokens=WORDS)).text


def at_most(calls: int) -> Check:
    return lambda seen: len(seen.primary) <= calls


def at_least(calls: int) -> Check:
    return lambda seen: len(seen.primary) >= calls


def at_most_within(calls: int, seconds: float) -> Check:
    return lambda seen: sum(moment - seen.primary[0] <= seconds for moment in seen.primary) <= calls


def within(seconds: float) -> Check:
    return lambda seen: seen.only.took <= seconds


def waited(seconds: float) -> Check:
    return lambda seen: len(seen.primary) > 1 and seen.primary[1] - seen.primary[0] >= seconds


def never_cut(seen: Seen) -> bool:
    return not any(heard.truncated for heard in seen.heard)


def alive(seen: Seen) -> bool:
    return seen.after.came_from(WELL)


def told_usage(seen: Seen) -> bool:
    return seen.only.usage


def in_place(seen: Seen) -> bool:
    return seen.only.came_from(PRIMARY)


def names_fallback(seen: Seen) -> bool:
    return seen.only.came_from(FALLBACK)


def no_masking(seen: Seen) -> bool:
    return not (seen.only.error and seen.refused_prefill)


def served(seen: Seen) -> bool:
    return all(heard.whole for heard in seen.heard)


def recovered(seen: Seen) -> bool:
    return any(heard.came_from(PRIMARY) and heard.at <= OUTAGE + 30 for heard in seen.heard)


def clean_error(heard: Heard) -> bool:
    """Whether it says plainly that it is no answer."""
    return heard.error and not heard.truncated


SCENARIOS: Mapping[str, Scenario] = {
    "S01": Scenario(
        title="429 with Retry-After, once",
        primary=Script(fault="429:2", times=1),
        wall=20,
        checks=(at_most_within(2, 1.5),),
        advised=(at_least(2), waited(1.8)),
    ),
    "S02": Scenario(
        title="429 without Retry-After, for ever",
        primary=Script(fault="429-bare"),
        wall=40,
        checks=(at_most_within(4, 3), at_most(6)),
    ),
    "S03": Scenario(title="500 once", primary=Script(fault="500", times=1), wall=20, advised=(at_least(2),)),
    "S04": Scenario(title="503 for ever", primary=Script(fault="503"), wall=40, checks=(at_most(6),)),
    "S05": Scenario(title="reset before headers, once", primary=Script(fault="reset", times=1), wall=20),
    "S06": Scenario(
        title="no response", primary=Script(fault="hang"), wall=130, checks=(within(100),), advised=(at_most(1),)
    ),
    "S07": Scenario(title="first token after 20 s", primary=Script(first_token=20), wall=60, advised=(within(15),)),
    "S08": Scenario(
        title="cut after 40 of 60 words", primary=Script(fault=f"cut:{1 + 40}"), wall=40, checks=(never_cut,)
    ),
    "S09": Scenario(
        title="stall after 20 words",
        primary=Script(fault=f"stall:{1 + 20}"),
        wall=70,
        checks=(within(45), never_cut, alive),
    ),
    "S10": Scenario(
        title="one malformed chunk",
        primary=Script(fault="malformed-event:9"),
        wall=30,
        checks=(alive, never_cut),
        advised=(in_place,),
    ),
    "S11": Scenario(
        title="no [DONE]", primary=Script(fault="no-done"), wall=30, checks=(within(8),), advised=(told_usage,)
    ),
    "S12": Scenario(
        title="context length exceeded",
        primary=Script(fault="context-length"),
        wall=20,
        checks=(at_most(1), at_least(1)),
    ),
    "S13": Scenario(
        title="content filter",
        primary=Script(fault="content-filter"),
        wall=20,
        refusal=True,
        checks=(at_most(1), at_least(1)),
    ),
    "S14": Scenario(
        title="cut, and a fallback that takes no prefill",
        primary=Script(fault=f"cut:{1 + 40}"),
        fallback=Script(prefill=False),
        wall=40,
        checks=(no_masking, never_cut),
    ),
    "S15": Scenario(
        title="a primary that is down for a minute",
        primary=Script(fault="503", flap=OUTAGE),
        wall=30,
        requests=20,
        every=4,
        checks=(served, recovered),
    ),
    "S16": Scenario(
        title="accounting of a failover",
        primary=Script(fault="503"),
        wall=40,
        checks=(names_fallback, at_most(6)),
        advised=(told_usage,),
    ),
}


# ── playing and scoring ─────────────────────────────────────────────────────────────────────────


def score(scenario: Scenario, seen: Seen) -> Score:
    """The verdict on what came of a scenario."""
    rescued = all(clean_error(heard) if scenario.refusal else heard.whole for heard in seen.heard)
    bounded = all(heard.took <= scenario.wall and (heard.whole or clean_error(heard)) for heard in seen.heard)
    if not bounded or not all(check(seen) for check in scenario.checks):
        return Score.FAIL
    if not rescued:
        return Score.PARTIAL if scenario.refusal else Score.SAFE
    return Score.PASS if all(check(seen) for check in scenario.advised) else Score.PARTIAL


class Clock(SystemClock):
    """The gateway's: so many seconds in one."""

    def monotonic(self) -> int:
        return super().monotonic() * PACE

    def loop_time(self, at: int) -> float:
        return asyncio.get_running_loop().time() + (at - self.monotonic()) / SECOND / PACE

    async def sleep(self, duration: int) -> None:
        await asyncio.sleep(duration / SECOND / PACE)


def hurried(script: Script) -> Script:
    """A script at the pace of the clock; fifteen milliseconds a token."""
    flap = None if script.flap is None else script.flap / PACE
    return replace(script, tokens=WORDS, first_token=script.first_token / PACE, speed=PACE / 0.015, flap=flap)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A gateway with a route for each scenario, and a client."""

    served: Served
    client: aiohttp.ClientSession
    begun: float

    async def play(self, name: str, scenario: Scenario) -> Seen:
        """Put a scenario to it."""
        asked = []
        for number in range(scenario.requests):
            await asyncio.sleep(self.begun + number * scenario.every / PACE - time.monotonic())
            asked.append(asyncio.create_task(ask(self.client, self.served.url, name, self.begun)))
        heard = await asyncio.gather(*asked)
        after = await ask(self.client, self.served.url, WELL, self.begun)
        calls = [call for call in self.served.upstream.seen if str(call.model).startswith(f"{name}-")]
        moments = [call.begun for call in calls if str(call.model).endswith(PRIMARY)]
        return Seen(
            heard=heard,
            primary=[(moment - moments[0]) * PACE for moment in moments],
            refused_prefill=any(call.body["messages"][-1]["role"] == "assistant" for call in calls),
            after=after,
        )


def policy_of(names: Mapping[str, str]) -> str:
    """Routes by name, with their options; each has a primary and its fallback."""
    lines = []
    for name, options in names.items():
        primary, fallback = f"{name}-{PRIMARY}", f"{name}-{FALLBACK}"
        lines.append(f"model {primary} {{ upstream mock }} model {fallback} {{ upstream mock }}")
        lines.append(f"route {name} {{ else {primary} fallback [{fallback}] {options} }}")
    return "\n".join(lines)


@asynccontextmanager
async def staged(folder: Path, plays: Mapping[str, tuple[Scenario, str]]) -> AsyncIterator[Stage]:
    """A gateway for scenarios by name, each with the options of its route."""
    scripts = {WELL: Script()}
    for name, (scenario, _) in plays.items():
        scripts |= {f"{name}-{PRIMARY}": scenario.primary, f"{name}-{FALLBACK}": scenario.fallback}
    policy = policy_of({name: options for name, (_, options) in plays.items()})
    hurry = {name: hurried(script) for name, script in scripts.items()}
    async with serving(folder, policy, scripts=hurry) as served, aiohttp.ClientSession() as client:
        yield Stage(served=served, client=client, begun=time.monotonic())


async def ask(client: aiohttp.ClientSession, url: str, model: str, begun: float) -> Heard:
    """Stream the sixty words of a model."""
    started = time.monotonic()
    body = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": PROMPT}],
    }
    received, clean = b"", True
    async with client.post(f"{url}/v1/chat/completions", json=body) as answer:
        try:
            async for piece in answer.content.iter_any():
                received += piece
        except aiohttp.ClientPayloadError:
            clean = False
    taken = ((started - begun) * PACE, (time.monotonic() - started) * PACE)
    if answer.status != 200:
        error = "error" in json.loads(received)
        return Heard(
            at=taken[0],
            took=taken[1],
            status=answer.status,
            text="",
            ended_well=clean,
            model=None,
            usage=False,
            error=error,
        )
    return heard_of(received, *taken, clean=clean)


def heard_of(stream: bytes, at: float, took: float, *, clean: bool) -> Heard:
    """What a stream says, as a client reads it that asks for the end mark."""
    data = [line.removeprefix("data: ") for line in stream.decode().split("\n") if line.startswith("data: ")]
    chunks = [json.loads(each) for each in data if each != "[DONE]"]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk.get("choices", ())]
    return Heard(
        at=at,
        took=took,
        status=200,
        text="".join(delta.get("content") or "" for delta in deltas),
        ended_well=clean and data[-1] == "[DONE]",
        model=next((chunk["model"] for chunk in chunks if "model" in chunk), None),
        usage=any(chunk.get("usage") for chunk in chunks),
        error=any("error" in chunk for chunk in chunks),
    )


async def scores(folder: Path, *options: str) -> list[dict[str, Score]]:
    """How all sixteen go under each of these options of a route; few at once, so that they do not slow each other."""
    few = asyncio.Semaphore(AT_ONCE)

    async def played(stage: Stage, name: str, scenario: Scenario) -> Seen:
        async with AsyncExitStack() as stack:
            if scenario.requests == 1:
                await stack.enter_async_context(few)
            return await stage.play(name, scenario)

    named = {f"{name}-{at}": (SCENARIOS[name], more) for at, more in enumerate(options) for name in SCENARIOS}
    async with staged(folder, named) as stage:
        seen = await asyncio.gather(*(played(stage, name, scenario) for name, (scenario, _) in named.items()))
    scored = iter([score(scenario, each) for (scenario, _), each in zip(named.values(), seen, strict=True)])
    return [{name: next(scored) for name in SCENARIOS} for _ in options]


def card(scores: Mapping[str, Score]) -> str:
    """The scores on one line: how many of each, and which are not a full pass."""
    counts = ", ".join(f"{list(scores.values()).count(each)} {each}" for each in Score)
    rest = " ".join(f"{name}:{each}" for name, each in scores.items() if each is not Score.PASS)
    return f"{counts} ({rest})" if rest else counts
