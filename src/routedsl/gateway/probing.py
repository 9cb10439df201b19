"""Asks the servers of the policy that serves how they are, each on a clock of its own."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from routedsl.base.units import WHOLE
from routedsl.engine.outcome import Failed, Kind
from routedsl.engine.probe import Answer, Probe, Readings
from routedsl.gateway.cards import open_cards
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.hardware import Hardware, is_local
from routedsl.gateway.host import PolicyHost, Verdict
from routedsl.gateway.secret import Secret
from routedsl.gateway.state import Draw, chance
from routedsl.gateway.transport import AttemptError, Call, Times, Transport, within
from routedsl.language.policy import Policy, Upstream

EVERY = 2 * SECOND
APART = EVERY // 4
"""The first questions are spread over so long."""
TIMEOUT = SECOND
MOST_DOUBLINGS = 3
"""A server that does not answer is asked less and less, every 16 seconds at last."""
LARGEST = 2 * 2**20
"""Bytes of one answer: metrics of a large server have some hundred thousand."""
MOST_QUESTIONS = 8
SLOW = Failed(kind=Kind.TIMEOUT, detail="it takes too long to tell")

_LOG = logging.getLogger(__name__)

Task = asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class _Server:
    """A server that is asked: where, with which key, and how. Two that are equal are one."""

    name: str
    url: str
    key: str | None
    probe: Probe


class Prober:
    """The questions to all servers. Used inside `async with`; `follow` says which servers there are.

    `draw` is chance, so that not all are asked at the same moment.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        hardware: Hardware,
        transport: Transport,
        clock: Clock,
        environment: Mapping[str, str],
        draw: Draw = chance,
    ) -> None:
        """Ask nobody yet."""
        self._probes = probes
        self._hardware = hardware
        self._transport = transport
        self._clock = clock
        self._environment = environment
        self._draw = draw
        self._asking: dict[_Server, Task] = {}
        self._cards: Task | None = None

    async def __aenter__(self) -> Self:
        """Nothing to open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ask no more."""
        tasks = [*self._asking.values(), *([] if self._cards is None else [self._cards])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def attend(self, host: PolicyHost) -> None:
        """Follow the policy of a host that serves, and each that takes its place."""
        self.follow(host.generation.policy)

        def swapped(verdict: Verdict, _: object) -> None:
            if verdict is Verdict.SWAPPED:
                self.follow(host.generation.policy)

        host.listeners.append(swapped)

    def follow(self, policy: Policy) -> None:
        """Ask the servers of this policy from now on, and no others; who is in it as before is asked as before."""
        used = {model.upstream for model in policy.models.values()}
        upstreams = [upstream for upstream in policy.upstreams.values() if upstream.name in used]
        wanted = {server for upstream in upstreams if (server := self._server(upstream))}
        for server in self._asking.keys() - wanted:
            self._asking.pop(server).cancel()
            self._hardware.forget(server.name)
        self._hardware.place(policy, {server.name for server in wanted})
        for server in wanted - self._asking.keys():
            self._asking[server] = asyncio.create_task(self._keep_asking(server), name=f"probe of {server.name}")
        if self._cards is None and any(is_local(policy.upstreams[server.name]) for server in wanted):
            self._cards = asyncio.create_task(self._keep_looking(), name="probe of the cards")

    def _server(self, upstream: Upstream) -> _Server | None:
        probe = self._probes.get(upstream.kind)
        if probe is None or probe.ask({}) is None:
            return None
        return _Server(upstream.name, upstream.url.rstrip("/").removesuffix("/v1"), upstream.key, probe)

    # ── one server ──────────────────────────────────────────────────────────────────────────────

    async def _keep_asking(self, server: _Server) -> None:
        await self._clock.sleep(self._draw() * APART // WHOLE)
        silent = 0
        while True:
            trouble = await self._ask(server)
            if trouble and not silent:
                _LOG.warning("upstream `%s` tells nothing of itself: %s", server.name, trouble)
            silent = silent + 1 if trouble else 0
            # The first silence may be an accident: the next question comes before what was told is stale.
            await self._clock.sleep(EVERY << min(max(silent - 1, 0), MOST_DOUBLINGS))

    async def _ask(self, server: _Server) -> str | None:
        """Ask once, and pass on what is told; else say why nothing is."""
        try:
            async with within(self._clock, self._clock.monotonic() + TIMEOUT, SLOW):
                answers = await self._answers(server)
            readings = server.probe.read(answers)
        except AttemptError as error:
            return error.failed.text
        except Exception:  # noqa: BLE001 - whatever a reader raises, the others go on
            _LOG.exception("the probe `%s` failed", server.probe.name)
            return "its answers cannot be read"
        if readings == Readings():
            return f"it does not answer as `{server.probe.name}` does"
        self._hardware.tell(server.name, readings)
        return None

    async def _answers(self, server: _Server) -> Mapping[str, Answer]:
        answers: dict[str, Answer] = {}
        for _ in range(MOST_QUESTIONS):
            path = server.probe.ask(answers)
            if path is None:
                break
            answers[path] = await self._get(server, path)
        return answers

    async def _get(self, server: _Server, path: str) -> Answer:
        call = Call(
            method="GET",
            url=server.url + path,
            headers={"Accept": "application/json, text/plain"},
            body=b"",
            key=self._key(server),
            connect=TIMEOUT,
            wait=TIMEOUT,
            most=LARGEST,
        )
        answer = await self._transport.send(call, Times())
        try:
            pieces = []
            while piece := await answer.read():
                pieces.append(piece)
        finally:
            answer.close()
        return Answer(answer.status, b"".join(pieces))

    def _key(self, server: _Server) -> Secret | None:
        value = self._environment.get(server.key or "", "").strip()
        return Secret(value) if value else None

    # ── this machine ────────────────────────────────────────────────────────────────────────────

    async def _keep_looking(self) -> None:
        look = await asyncio.to_thread(open_cards)
        while look is not None:
            self._hardware.tell_memory(await asyncio.to_thread(look))
            await self._clock.sleep(EVERY)
