"""A dispatcher over real loopback upstreams, for the tests of forwarding."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from routedsl.base.source import NOWHERE
from routedsl.engine.decision import Action, Decision
from routedsl.engine.protocol import Arrival
from routedsl.gateway.clock import SystemClock
from routedsl.gateway.dispatch import Dispatcher
from routedsl.gateway.reply import AttemptRecord, Reply, StreamBroken
from routedsl.gateway.state import States
from routedsl.gateway.transport import AiohttpTransport
from routedsl.language.policy import Model, Options, Policy, Upstream
from routedsl.protocols.openai_chat import PROTOCOL
from routedsl.testing import Script, ScriptedUpstream

MS = 1_000
KEY = "sk-test-canary-0123456789"
QUICK = Options(timeout=200 * MS, first_token=150 * MS, idle=150 * MS)


def middle() -> int:
    """The draw that changes nothing."""
    return 500_000


def decision_of(*chain: str, options: Options = QUICK) -> Decision:
    return Decision(
        action=Action.FORWARD, route="auto", rule="auto:1", at=None, chain=chain, options=options, facts={}, policy="d"
    )


@dataclass
class Chains:
    """One scripted upstream for all models but `gone`, whose port nobody listens on."""

    upstream: ScriptedUpstream
    policy: Policy
    dispatcher: Dispatcher
    states: States

    async def ask(
        self,
        *chain: str,
        options: Options = QUICK,
        stream: bool = False,
        tried: list[AttemptRecord] | None = None,
        ago: int = 0,
        **body: Any,
    ) -> Reply:
        value = {"model": "auto", "messages": [{"role": "user", "content": "hi"}], "stream": stream, **body}
        request = PROTOCOL.parse(json.dumps(value).encode(), Arrival(id="request-1"))
        decision = decision_of(*chain, options=options)
        accepted = self.dispatcher.clock.monotonic() - ago
        return await self.dispatcher.dispatch(request, decision, self.policy, PROTOCOL, tried, accepted=accepted)

    def called(self) -> list[str | None]:
        return [seen.model for seen in self.upstream.seen]


@asynccontextmanager
async def chains(contexts: Mapping[str, int] | None = None, /, **scripts: Script | str) -> AsyncIterator[Chains]:
    """Models by name, each with its script or just its fault. Afterwards nothing may be left running or open."""
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        given = {name: Script(fault=it) if isinstance(it, str) else it for name, it in scripts.items()}
        upstream = await stack.enter_async_context(ScriptedUpstream(given))
        gone = ScriptedUpstream()
        async with gone:
            pass
        clock = SystemClock()
        transport = await stack.enter_async_context(AiohttpTransport(clock))
        states = States(clock, draw=middle)
        policy = policy_of(
            {"here": upstream.url, "away": gone.url}, {**dict.fromkeys(given, "here"), "gone": "away"}, contexts or {}
        )
        yield Chains(upstream, policy, Dispatcher(transport, states, clock, {"TEST_KEY": KEY}, draw=middle), states)
        assert states.in_flight == 0
    assert asyncio.all_tasks() - before == set()


def policy_of(urls: Mapping[str, str], upstream_of: Mapping[str, str], contexts: Mapping[str, int]) -> Policy:
    return Policy(
        upstreams={name: Upstream(name, url, "TEST_KEY", connect=500 * MS, span=NOWHERE) for name, url in urls.items()},
        models={
            name: Model(name, name, upstream, contexts.get(name), span=NOWHERE)
            for name, upstream in upstream_of.items()
        },
        routes={},
        rules=(),
        defaults=Options(),
    )


def told(reply: Reply) -> list[str]:
    """The attempts as the header `x-route-attempts` tells them."""
    return [f"{record.model}:{record.outcome}" for record in reply.attempts]


def error_of(reply: Reply) -> dict[str, Any]:
    assert isinstance(reply.body, bytes)
    error: dict[str, Any] = json.loads(reply.body)["error"]
    return error


async def read(reply: Reply) -> tuple[list[Any], bool]:
    """The data of a stream's events, `[DONE]` as a text, and whether it broke."""
    assert not isinstance(reply.body, bytes)
    text, broken = b"", False
    try:
        async for piece in reply.body:
            text += piece
    except StreamBroken:
        broken = True
    assert text == b"" or text.endswith(b"\n\n")
    events = [event.removeprefix("data: ") for event in text.decode().split("\n\n") if event]
    return [event if event == "[DONE]" else json.loads(event) for event in events], broken


def words(events: list[Any]) -> str:
    """What a stream's events say together."""
    deltas = [choice["delta"] for event in events if "choices" in event for choice in event["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)
