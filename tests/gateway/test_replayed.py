"""Replay of what the gateway itself wrote: every record is decided as its request was."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import ClientSession, TCPConnector
from click.testing import CliRunner

from routedsl.testing import Script
from routedsl.tools.cli import main
from tests.effort import effort
from tests.gateway.harness import got, serving

REQUESTS = effort(160, 100_000)
CLIENTS = 16
POLICY = """
let urgent = header["x-tier"] in ["gold", "silver"] or text contains ["urgent", "now"]

route auto, "gpt-*" {
  when total_tokens > 2k -> reject 413 "too long" as too_long
  when metadata["team"] == "search" -> split of [tiny 30%, large 70%] by user as drawn
  when system matches /^be (brief|kind)/i and messages > 1 -> least_busy of [tiny, medium, large] as polite
  when urgent {
    when tools > 0 -> fastest of [large, tiny] as urgent_tools { sticky 10m }
    when draw < 40% -> tiny as some
  }
  when medium.up and chars < 60 -> medium as short { explore 20% }
  when tiny.errors > 10% or tiny.latency > 5ms -> large as ill
  when user is missing -> route guests
  when last like "*?" -> cheapest of [tiny, large] where latency < 50ms as asking
  else fastest of all as rest
  fallback [large, tiny]
  timeout 2s
}
route guests {
  when stream -> tiny as guests
  else medium
  fallback [large]
}
"""
SCRIPTS = {
    "tiny": Script(latency=0.002),
    "medium": Script(fault="503"),
    "large": Script(),
}
SAID = ("it is urgent", "why?", "tell me now", "hello", "word " * 30, "a longer text " * 20, "many words " * 900)


def a_body(rng: Random) -> dict[str, Any]:
    """What a client sends."""

    def some(**fields: object) -> dict[str, object]:
        return {name: value for name, value in fields.items() if rng.random() < 0.4}

    system = (
        [{"role": "system", "content": rng.choice(("Be brief.", "Answer in verse."))}] if rng.random() < 0.3 else []
    )
    turns = [{"role": "user", "content": rng.choice(SAID)} for _ in range(rng.choice((1, 1, 2, 4)))]
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    return {
        "model": rng.choice(("auto", "auto", "auto", "gpt-4o", "large", "tiny", "guests", "nobody")),
        "messages": [*system, *turns],
        **some(tools=tools, user=f"u{rng.randrange(50)}", max_tokens=rng.randrange(1, 500), stream=True),
        **some(
            metadata={"team": rng.choice(("search", "mail"))}, temperature=0.5, response_format={"type": "json_object"}
        ),
    }


def headers(rng: Random) -> dict[str, str]:
    """Some of the headers that the policy asks."""
    told = {"x-tier": rng.choice(("gold", "bronze")), "x-session-id": f"s{rng.randrange(200)}"}
    return {name: value for name, value in told.items() if rng.random() < 0.5}


async def ask(url: str, seed: int, count: int) -> None:
    """Ask so often, one request after the other."""
    rng = Random(seed)
    async with ClientSession(url, connector=TCPConnector(limit=1)) as http:
        for _ in range(count):
            await got(http.post("/v1/chat/completions", json=a_body(rng), headers=headers(rng)))


async def test_each_record_of_the_gateway_is_decided_as_it_was(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    state = tmp_path / "state"
    async with serving(tmp_path, POLICY, scripts=SCRIPTS, state=state) as served:
        await asyncio.gather(*(ask(served.url, seed, REQUESTS // CLIENTS) for seed in range(CLIENTS)))
    replayed = await asyncio.to_thread(CliRunner().invoke, main, ["replay", str(served.path), str(state), "--json"])
    told = json.loads(replayed.stdout)
    assert (told["records"], told["moves"], told["unrecorded"]) == (REQUESTS, [], {})
    assert replayed.exit_code == 0
    record_property("measured", f"{told['records']:,} records, each decided as it was")
