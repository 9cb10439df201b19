"""Servers that tell of themselves what a test gives them to tell, and a policy whose models lie there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from routedsl.base.source import NOWHERE
from routedsl.engine.probe import Answer
from routedsl.gateway.clock import SECOND, SystemClock
from routedsl.language.policy import Model, Options, Policy, Upstream

PATIENCE = 10.0
"""Seconds after which something that should have happened has not."""
NOT_FOUND = Answer(404, b"not found")


class HurriedClock(SystemClock):
    """Time flies: ten seconds in one."""

    pace = 10

    def monotonic(self) -> int:
        return super().monotonic() * self.pace

    def loop_time(self, at: int) -> float:
        return asyncio.get_running_loop().time() + (at - self.monotonic()) / SECOND / self.pace

    async def sleep(self, duration: int) -> None:
        await asyncio.sleep(duration / SECOND / self.pace)


@dataclass
class ToldServer:
    """A server on loopback that answers GETs by their path, after `delay` seconds. `asked` is what came in."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    delay: float = 0
    asked: list[web.BaseRequest] = field(default_factory=list)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [request.path for request in self.asked]

    async def told(self, times: int, path: str | None = None) -> None:
        """Wait until the server, or one path of it, was asked so often from now on."""

        def count() -> int:
            return len(self.asked) if path is None else self.paths.count(path)

        enough = count() + times
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: count() >= enough)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note the request, and answer it."""
        async with self._more:
            self.asked.append(request)
            self._more.notify_all()
        await asyncio.sleep(self.delay)
        answer = self.answers.get(request.path, NOT_FOUND)
        return web.Response(status=answer.status, body=answer.body, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def told_server(answers: Mapping[str, Answer]) -> AsyncIterator[ToldServer]:
    """A server for the time of the block."""
    server = ToldServer(answers=dict(answers))
    runner = web.ServerRunner(web.Server(server.answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def upstream_of(
    name: str, url: str, kind: str = "openai", slots: int | None = None, key: str | None = None
) -> Upstream:
    return Upstream(name=name, url=f"{url}/v1", kind=kind, slots=slots, key=key, span=NOWHERE)


def policy_of(*upstreams: Upstream, models: Mapping[str, str]) -> Policy:
    """A policy with these upstreams, and models that lie at them."""
    return Policy(
        upstreams={upstream.name: upstream for upstream in upstreams},
        models={name: Model(name=name, id=name, upstream=upstream, span=NOWHERE) for name, upstream in models.items()},
        routes={},
        rules=(),
        defaults=Options(),
    )
