"""An upstream on a loopback port that answers as scripted by model name, and remembers what it was asked."""

import asyncio
import json
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from routedsl.testing.answer import Answer, error_answer, json_answer
from routedsl.testing.bad_heads import INVALID
from routedsl.testing.connection import Closing, Connection, Trouble
from routedsl.testing.faults import apply_fault
from routedsl.testing.http import Head, sent
from routedsl.testing.mock import CREATED, Endpoint
from routedsl.testing.mock_anthropic import COUNT, MESSAGES
from routedsl.testing.mock_openai import CHAT, OPENAI
from routedsl.testing.script import Script

HOST = "127.0.0.1"
ANY = Script()
REMEMBERED = 100_000
ENDPOINTS: Mapping[str, Endpoint] = {
    "/v1/chat/completions": CHAT,
    "/v1/messages": MESSAGES,
    "/v1/messages/count_tokens": COUNT,
}
MODELS = "/v1/models"


@dataclass(slots=True, eq=False)
class Seen:
    """One request for an answer as the upstream saw it.

    `query` stands behind the path's `?`. `request_id` is its `x-request-id`, `begun` the Unix time at
    which its body was there. `closing` tells how it ended, None while it has not; `ended` is set then.
    """

    path: str
    query: str
    model: str | None
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    begun: float
    closing: Closing | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def request_id(self) -> str | None:
        """What the caller names the request by."""
        return self.headers.get("x-request-id")

    @property
    def gone(self) -> bool:
        """Whether the caller left before the end."""
        return self.closing is Closing.GONE


class ScriptedUpstream:
    """A server of mock models, up inside `async with`.

    `scripts` says how each model behaves and that there are no others, or how any model behaves; it
    may be changed at any time. `trouble` is with every connection, whoever is asked for. With `tls`
    it speaks TLS. `seen` are the latest requests for answers, in the order of their arrival; `watch`
    is told of each when it has ended. Stopped, it refuses connections; started again, it has the
    same port.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script] | Script = ANY,
        *,
        port: int = 0,
        trouble: Trouble | None = None,
        tls: ssl.SSLContext | None = None,
        watch: Callable[[Seen], None] | None = None,
    ) -> None:
        """Nothing listens before `start`."""
        self.scripts = scripts
        self.port = port
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._trouble = trouble
        self._tls = tls
        self._watch = watch
        self._calls: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._arrived = asyncio.Condition()
        self._started = 0.0

    @property
    def url(self) -> str:
        """The base of the API, as a policy's `url` wants it."""
        return f"http{'s' if self._tls else ''}://{HOST}:{self.port}/v1"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen; raises OSError where the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._connect, HOST, self.port, ssl=self._tls, backlog=1024)
        self._server, self._started = server, time.monotonic()
        self.port = server.sockets[0].getsockname()[1]

    def _connect(self) -> Connection:
        return Connection(self._answer, self._connections, self._trouble)

    async def stop(self) -> None:
        """Refuse connections from now on, and drop those there are."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await asyncio.gather(*[connection.stop() for connection in tuple(self._connections)])

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

    async def _answer(self, connection: Connection, head: Head, raw: bytes) -> None:
        endpoint = ENDPOINTS.get(head.path)
        if endpoint is None or head.method != "POST":
            await connection.play(sent(self._page(head.path)), keeps_open=True)
            return
        seen = await self._see(head, raw)
        try:
            answer = self._scripted(seen, endpoint)
            await connection.play(sent(answer), keeps_open=answer.keeps_open)
        finally:
            seen.closing = connection.closing
            seen.ended.set()
            if self._watch is not None:
                self._watch(seen)

    def _page(self, path: str) -> Answer:
        if path != MODELS:
            return error_answer(OPENAI, 404, INVALID, None, "there is nothing at this address")
        names = () if isinstance(self.scripts, Script) else self.scripts
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "mock"} for name in names]
        return json_answer(OPENAI, 200, {"object": "list", "data": data})

    async def _see(self, head: Head, raw: bytes) -> Seen:
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        fields = body if isinstance(body, dict) else {}
        seen = Seen(head.path, head.query, fields.get("model"), fields, head.headers, time.time())
        async with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()
        return seen

    def _scripted(self, seen: Seen, endpoint: Endpoint) -> Answer:
        if seen.model is None or not endpoint.takes(seen.body):
            return error_answer(endpoint.dialect, 400, INVALID, None, "the body does not ask a model for an answer")
        script = self.scripts if isinstance(self.scripts, Script) else self.scripts.get(seen.model)
        if script is None:
            message = f"the model `{seen.model}` does not exist"
            return error_answer(endpoint.dialect, 404, INVALID, "model_not_found", message)
        self._calls[seen.model] += 1
        fault = script.fault_of(self._calls[seen.model] - 1, time.monotonic() - self._started)
        answer = endpoint.respond(seen.body, script)
        return answer if fault is None else apply_fault(fault, answer)
