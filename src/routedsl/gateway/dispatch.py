"""From a decision to a reply: along the chain, call after call, until a model answers or none is left."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from routedsl.engine.attempts import Attempts, Stop, Try, Wait, after, begin, beside, denied
from routedsl.engine.classify import classify
from routedsl.engine.decision import Decision
from routedsl.engine.outcome import Failed, Kind
from routedsl.engine.protocol import Protocol
from routedsl.engine.request import Request
from routedsl.engine.terms import terms_of
from routedsl.gateway.attempt import GONE, LOST, Attempt, Errand
from routedsl.gateway.clock import Clock
from routedsl.gateway.reply import AttemptRecord, Reply, ended, untried
from routedsl.gateway.state import Draw, States, chance
from routedsl.gateway.transport import Transport
from routedsl.language.policy import Policy

SHORTEST_SECRET = 8
"""Shorter keys are stand-ins for none, and words that stand in any text."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Runs chains. It owns no policy: what is true of models lives in `states`, keys in the `environment`."""

    transport: Transport
    states: States
    clock: Clock
    environment: Mapping[str, str]
    draw: Draw = chance

    async def dispatch(
        self,
        request: Request,
        decision: Decision,
        policy: Policy,
        protocol: Protocol,
        tried: list[AttemptRecord] | None = None,
        *,
        accepted: int | None = None,
    ) -> Reply:
        """The reply to a request that is forwarded; never raises for what an upstream does.

        `tried` is told of the attempts as they go on: a client that leaves is still recorded. The deadline
        is counted from when the request was `accepted`, or from now.
        """
        now = self.clock.monotonic()
        accepted = now if accepted is None else accepted
        terms = terms_of(decision.options, stream=request.stream)
        contexts = {name: policy.models[name].context for name in decision.chain if name in policy.models}
        attempts = begin(decision.chain, terms, contexts, now, accepted)
        errand = Errand(
            request=request,
            rule=decision.rule,
            options=decision.options,
            policy=policy,
            protocol=protocol,
            terms=terms,
            accepted=accepted,
            began=now,
            deadline=attempts.deadline,
            last_resort=self.states.last_resort(decision.chain),
            transport=self.transport,
            states=self.states,
            clock=self.clock,
            environment=self.environment,
            tried=[] if tried is None else tried,
        )
        errand.tried.extend(untried(miss, 0) for miss in attempts.misses)
        return await _Walk(errand, attempts, self.draw).reply()


class _Walk:
    """One request on its way along its chain."""

    def __init__(self, errand: Errand, attempts: Attempts, draw: Draw) -> None:
        self._errand = errand
        self._attempts = attempts
        self._draw = draw
        self._states = errand.states
        self._clock = errand.clock
        self._tasks: dict[asyncio.Task[Reply | Failed], Attempt] = {}
        self._winner: Attempt | None = None

    async def reply(self) -> Reply:
        """Attempt after attempt, until one is answered or the chain says stop; what else runs then is given up."""
        try:
            reply = await self._walked()
            await self._give_up(LOST)
        except BaseException:
            if self._winner is not None:
                self._winner.drop(GONE)
            await self._give_up(GONE)
            raise
        if not isinstance(reply.body, bytes):
            await anext(reply.body)
        return reply

    async def _walked(self) -> Reply:
        while not isinstance(turn := self._attempts.turn, Stop):
            reply = await self._took(turn)
            if reply is not None:
                return reply
        return ended(turn, self._attempts.misses, self._errand.tried, self._errand.protocol, tuple(self._hidden()))

    async def _took(self, turn: Try | Wait) -> Reply | None:
        """Do what the turn says; the reply, if it has come to one."""
        if isinstance(turn, Wait):
            return await self._first()
        if turn.extra and not self._states.take_extra(turn.model):
            self._go(denied(self._attempts, self._clock.monotonic()))
            return None
        attempt = Attempt(self._errand, turn)
        if not self._tasks and self._attempts.hedge_at is None:
            return self._heard(attempt, await attempt.run())
        self._tasks[attempt.start()] = attempt
        return await self._first()

    async def _first(self) -> Reply | None:
        """Wait for the first of what runs to end, or for the time to start another beside it."""
        due = self._attempts.hedge_at
        loop = asyncio.get_running_loop()
        timeout = None if due is None else max(0.0, self._clock.loop_time(due) - loop.time())
        done, _ = await asyncio.wait(self._tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            self._go(beside(self._attempts, self._clock.monotonic()))
            return None
        task = next(task for task in self._tasks if task in done)
        return self._heard(self._tasks.pop(task), task.result())

    def _heard(self, attempt: Attempt, result: Reply | Failed) -> Reply | None:
        if isinstance(result, Reply):
            self._winner = attempt
            return result
        model = attempt.turn.model
        if classify(result).config_fault and self._states.is_news(model):
            _LOG.warning("model `%s` needs an operator: %s", model, result.text)
        self._go(after(self._attempts, model, result, self._clock.monotonic(), self._draw()))
        return None

    def _go(self, attempts: Attempts) -> None:
        """Take the next turn; models that it passes over are on the record too."""
        now = self._clock.monotonic() - self._errand.began
        for miss in attempts.misses[len(self._attempts.misses) :]:
            if miss.failed.kind is Kind.SKIPPED:
                self._errand.tried.append(untried(miss, now))
        self._attempts = attempts

    async def _give_up(self, failed: Failed) -> None:
        for attempt in self._tasks.values():
            attempt.drop(failed)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _hidden(self) -> Iterator[str]:
        """What no client may read in an upstream's words: keys, and where upstreams are."""
        for upstream in self._errand.policy.upstreams.values():
            address = urlsplit(upstream.url)
            yield from (upstream.url, address.netloc)
            if address.hostname and "." in address.hostname:
                yield address.hostname
            key = self._errand.environment.get(upstream.key or "", "").strip()
            if len(key) >= SHORTEST_SECRET:
                yield key
