"""An upstream on a loopback port that answers as scripted by model name, and remembers what it was asked."""

import asyncio
import json
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from routedsl.testing.answer import Answer, End, Wait, error_answer, json_answer
from routedsl.testing.faults import INVALID
from routedsl.testing.mock import CREATED, is_request, respond
from routedsl.testing.script import Script

HOST = "127.0.0.1"
ANY = Script()
REMEMBERED = 10_000
LARGEST_BODY = 64 << 20
PATIENCE = 0.01
"""Seconds that an answer in progress is given when the upstream stops."""
ABORT_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER, on, for no time: closing the socket sends a reset."""


@dataclass(slots=True, eq=False)
class Seen:
    """One request as the upstream saw it: `ended` is set when it is over, `gone` says that the client left early."""

    path: str
    model: str | None
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    gone: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class ScriptedUpstream:
    """An OpenAI-compatible server, up inside `async with`.

    `scripts` says how each model behaves and that there are no others, or how any model behaves; it
    may be changed at any time. `seen` are the latest requests for completions, in the order of
    their arrival; `watch` is told of each when it has ended. Stopped, it refuses connections;
    started again, it has the same port.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script] | Script = ANY,
        *,
        port: int = 0,
        watch: Callable[[Seen], None] | None = None,
    ) -> None:
        """Nothing listens before `start`."""
        self.scripts = scripts
        self.port = port
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._watch = watch
        self._calls: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None
        self._arrived = asyncio.Condition()

    @property
    def url(self) -> str:
        """The base of the API, as a policy's `url` wants it."""
        return f"http://{HOST}:{self.port}/v1"

    async def start(self) -> None:
        """Listen; raises OSError where the port is taken."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.add_routes([web.get("/v1/models", self._models), web.post("/v1/chat/completions", self._complete)])
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=PATIENCE)
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, HOST, self.port).start()
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuse connections from now on, and drop those there are."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def arrivals(self, count: int) -> Sequence[Seen]:
        """The requests seen, as soon as there are that many."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.seen) >= count)
        return self.seen

    async def _models(self, request: web.Request) -> web.StreamResponse:
        names = () if isinstance(self.scripts, Script) else self.scripts
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "mock"} for name in names]
        return await _play(request, json_answer(200, {"object": "list", "data": data}))

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        seen = await self._take(request)
        try:
            return await _play(request, self._answer(seen))
        finally:
            seen.gone = request.transport is None and self._runner is not None
            seen.ended.set()
            if self._watch is not None:
                self._watch(seen)

    async def _take(self, request: web.Request) -> Seen:
        raw = await request.read()
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        fields = body if isinstance(body, dict) else {}
        seen = Seen(request.path, fields.get("model"), fields, dict(request.headers))
        async with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()
        return seen

    def _answer(self, seen: Seen) -> Answer:
        if seen.model is None or not is_request(seen.body):
            return error_answer(400, INVALID, None, "the body does not ask a model for a completion")
        script = self.scripts if isinstance(self.scripts, Script) else self.scripts.get(seen.model)
        if script is None:
            return error_answer(404, INVALID, "model_not_found", f"the model `{seen.model}` does not exist")
        self._calls[seen.model] += 1
        return respond(seen.body, script, self._calls[seen.model] - 1)


async def _play(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send an answer step by step."""
    await asyncio.sleep(answer.delay)
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    if answer.head:
        await response.prepare(request)
    for step in answer.steps:
        match step:
            case bytes():
                await response.write(step)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case End():
                await _end(request, step)
                return response
    return response


async def _end(request: web.Request, end: End) -> None:
    """End an answer badly."""
    transport = request.transport
    if transport is None:
        return
    match end:
        case End.HANG:
            await asyncio.Event().wait()
        case End.CLOSE:
            transport.close()
        case End.RESET:
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT_ON_CLOSE)
            transport.abort()
