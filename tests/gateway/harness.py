"""A whole gateway in the test's own loop, on loopback ports, before a scripted upstream."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from openai import AsyncOpenAI

from routedsl.base.diagnostic import Diagnostic
from routedsl.discover import discover
from routedsl.engine.catalog import Catalog
from routedsl.gateway.admission import with_keys
from routedsl.gateway.host import Verdict
from routedsl.gateway.serve import Deployment, Running, running
from routedsl.gateway.settings import LIMITS, Limits, Settings
from routedsl.loading.policy import Loading
from routedsl.testing import Script, ScriptedUpstream

TOKEN = "a-token-for-tests"
CATALOG = discover()
PATIENCE = 10.0
"""Seconds after which something that should have happened has not."""

MODELS = """
upstream mock { url "URL" }
model tiny   { upstream mock }
model medium { upstream mock }
model large  { upstream mock }
"""
BY_SIZE = """
when messages <= 2 and chars < 200 -> tiny as small
else medium as rest
fallback [large]
timeout 2s
"""


@dataclass(frozen=True)
class Served:
    """A running gateway, what it calls, the file it reads, and the verdicts on what it read."""

    running: Running
    upstream: ScriptedUpstream
    path: Path
    verdicts: "asyncio.Queue[tuple[Verdict, tuple[Diagnostic, ...]]]"

    @property
    def url(self) -> str:
        """Where clients go."""
        return self.running.url

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.url.rpartition(":")[2])

    def client(self) -> AsyncOpenAI:
        """OpenAI's own client, pointed here."""
        return AsyncOpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0)

    def write(self, text: str) -> None:
        """Save another policy over the one that serves."""
        write_policy(self.path, text, self.upstream)

    async def verdict(self, *awaited: Verdict) -> tuple[Diagnostic, ...]:
        """Wait for a verdict; returns what was found."""
        async with asyncio.timeout(PATIENCE):
            while True:
                verdict, diagnostics = await self.verdicts.get()
                if verdict in awaited:
                    return diagnostics


@dataclass(frozen=True)
class Got:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.json["error"]["code"])


async def got(asked: AbstractAsyncContextManager[ClientResponse]) -> Got:
    """What aiohttp's client is answered."""
    async with asked as answer:
        return Got(answer.status, answer.headers, await answer.read())


async def exchange(served: Served, sent: bytes) -> bytes:
    """What comes back on a connection of its own, until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        received = await reader.read()
    writer.close()
    return received


def write_policy(path: Path, text: str, upstream: ScriptedUpstream) -> None:
    """Save a policy, models included, that calls the upstream."""
    path.write_text((MODELS + text).replace("URL", upstream.url), encoding="utf-8")


@asynccontextmanager
async def serving(
    folder: Path,
    text: str = BY_SIZE,
    *,
    scripts: Mapping[str, Script] | Script | None = None,
    catalog: Catalog = CATALOG,
    limits: Limits = LIMITS,
    environment: Mapping[str, str] | None = None,
    gate: Callable[[Path], Callable[[Loading], Loading]] = lambda _: lambda loading: loading,
    **settings: object,
) -> AsyncIterator[Served]:
    """Serve a policy; settings are those of `Settings`, ports are free ones unless said, nothing is watched.

    `gate` makes the gate of the policy at a path.
    """
    verdicts: asyncio.Queue[tuple[Verdict, tuple[Diagnostic, ...]]] = asyncio.Queue()
    async with ScriptedUpstream(scripts or Script()) as upstream:
        path = folder / "policy.route"
        write_policy(path, text, upstream)
        deployment = Deployment(
            path=path,
            settings=Settings.model_validate({"port": 0, "admin_port": 0, "watch": False, **settings}),
            catalog=catalog,
            admit=with_keys(environment or {}),
            environment=environment or {},
            token=TOKEN,
            report=lambda host: lambda verdict, diagnostics: verdicts.put_nowait((verdict, diagnostics)),
            gate=gate(path),
            limits=limits,
        )
        async with running(deployment) as server:
            assert verdicts.get_nowait()[0] is Verdict.SWAPPED
            yield Served(server, upstream, path, verdicts)
