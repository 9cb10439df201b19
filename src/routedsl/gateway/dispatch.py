"""From a decision to a reply: along the chain, one call after the other, until a model answers or none is left."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from routedsl.engine.attempts import Attempts, Terms, Try, after, begin, terms_of
from routedsl.engine.classify import classify, read_failure
from routedsl.engine.decision import Decision
from routedsl.engine.outcome import Answered, Failed, Kind, Outcome
from routedsl.engine.protocol import Forwarding, Protocol, WholeAnswer
from routedsl.engine.request import Request
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.reply import AttemptRecord, Reply, answered, ended, record_of, records_of
from routedsl.gateway.secret import Secret
from routedsl.gateway.state import Ongoing, States
from routedsl.gateway.stream import Stream, manners_of
from routedsl.gateway.transport import Answer, AttemptError, Call, Transport, failure, within
from routedsl.language.policy import Policy, Upstream

LARGEST_ANSWER = 64 * 2**20
LARGEST_STREAM = 256 * 2**20
ERROR_TIME = 2 * SECOND
"""How long the body of an error may take: its status alone is enough to go on."""
SHORTEST_SECRET = 8
"""Shorter keys are stand-ins for none, and words that stand in any text."""

GONE = Failed(kind=Kind.GONE)
SLOW = Failed(kind=Kind.TIMEOUT, detail="timeout")
SLOW_START = Failed(kind=Kind.TIMEOUT, detail="first_token")
SQUEEZED = Failed(kind=Kind.TIMEOUT, detail="deadline")
RESTING = Failed(kind=Kind.OPEN, detail="it failed too often of late")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Runs chains. It owns no policy: what is true of models lives in `states`, keys in the `environment`."""

    transport: Transport
    states: States
    clock: Clock
    environment: Mapping[str, str]

    async def dispatch(self, request: Request, decision: Decision, policy: Policy, protocol: Protocol) -> Reply:
        """The reply to a request that is forwarded; never raises for what an upstream does."""
        return await _Walk(self, request, decision, policy, protocol).reply()


class _Walk:
    """One request on its way along its chain."""

    def __init__(
        self, dispatcher: Dispatcher, request: Request, decision: Decision, policy: Policy, protocol: Protocol
    ) -> None:
        self._transport = dispatcher.transport
        self._states = dispatcher.states
        self._clock = dispatcher.clock
        self._environment = dispatcher.environment
        self._request = request
        self._options = decision.options
        self._policy = policy
        self._protocol = protocol
        self._terms: Terms = terms_of(decision.options, stream=request.stream)
        contexts = {name: policy.models[name].context for name in decision.chain if name in policy.models}
        self._attempts: Attempts = begin(decision.chain, self._terms, contexts, self._clock.monotonic())
        self._last_resort = self._states.last_resort(decision.chain)

    async def reply(self) -> Reply:
        """Attempt after attempt, until one is answered or the chain says stop."""
        while isinstance(turn := self._attempts.turn, Try):
            if turn.pause:  # a sleep of nothing would let others decide before this call is counted
                await self._clock.sleep(turn.pause)
            started = self._clock.monotonic()
            result = await self._attempt(turn) if self._may(turn) else RESTING
            if isinstance(result, Reply):
                return result
            _warn(turn.model, result)
            now = self._clock.monotonic()
            self._attempts = after(self._attempts, result, now, now - started)
        return ended(turn, self._attempts, self._protocol, tuple(self._hidden()))

    def _may(self, turn: Try) -> bool:
        """Whether the breaker lets the attempt through; it has no say in a retry, nor where all of a chain are down."""
        return self._attempts.tries > 1 or turn.model == self._last_resort or self._states.is_up(turn.model)

    async def _attempt(self, turn: Try) -> Reply | Failed:
        ongoing = self._states.begin(turn.model)
        try:
            async with within(self._clock, turn.until, SQUEEZED):
                answer = await self._transport.send(self._call(turn.model))
                try:
                    return await self._answered(answer, turn.model, ongoing)
                except BaseException:
                    answer.close()
                    raise
        except AttemptError as error:
            ongoing.end(error.failed)
            return error.failed
        except BaseException:
            ongoing.end(GONE)
            raise

    # ── the call ────────────────────────────────────────────────────────────────────────────────

    def _call(self, name: str) -> Call:
        model = self._policy.models.get(name)
        upstream = self._policy.upstreams.get(model.upstream or "") if model is not None else None
        if model is None or upstream is None:
            raise failure(Kind.UNKNOWN, "no upstream is declared for it")
        stream = self._request.stream
        forwarding = Forwarding(model=model.id, max_tokens=self._options.max_output, include_usage=stream)
        return Call(
            url=self._url(upstream),
            headers=self._headers(),
            credentials=self._protocol.credentials,
            body=self._protocol.encode(self._request.body, forwarding),
            key=self._key(upstream),
            connect=upstream.connect,
            wait=self._terms.timeout,
            most=LARGEST_STREAM if stream else LARGEST_ANSWER,
        )

    def _url(self, upstream: Upstream) -> str:
        query = f"?{self._request.query}" if self._request.query else ""
        return upstream.url.rstrip("/") + self._protocol.path.removeprefix("/v1") + query

    def _headers(self) -> dict[str, str]:
        """What goes up: this, and what the dialect lets through of the client's own."""
        given = self._request.headers
        return {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if self._request.stream else "application/json",
            "X-Request-Id": self._request.id,
            **self._protocol.sends,
            **{name: given[name] for name in self._protocol.passes if name in given},
        }

    def _key(self, upstream: Upstream) -> Secret | None:
        if upstream.key is None:
            return None
        value = self._environment.get(upstream.key, "").strip()
        if not value:
            raise failure(Kind.UNAUTHORIZED, f"the environment has no `{upstream.key}`")
        return Secret(value)

    # ── the answer ──────────────────────────────────────────────────────────────────────────────

    async def _answered(self, answer: Answer, model: str, ongoing: Ongoing) -> Reply:
        if not 200 <= answer.status < 300:
            raise AttemptError(await self._refusal(answer))
        records = records_of(self._attempts)
        if self._request.stream:
            return await self._streamed(answer, model, ongoing, records)
        body, read = await self._whole(answer)
        outcome = Answered(usage=read.usage)
        ongoing.end(outcome)
        return answered(body, model, [*records, record_of(model, outcome, ongoing.took)])

    async def _refusal(self, answer: Answer) -> Failed:
        body = b""
        with suppress(AttemptError):
            async with within(self._clock, self._clock.monotonic() + ERROR_TIME, SQUEEZED):
                body = await _read_all(answer)
        return read_failure(answer.status, answer.headers, body)

    async def _whole(self, answer: Answer) -> tuple[bytes, WholeAnswer]:
        async with within(self._clock, answer.connected + self._terms.timeout, SLOW):
            body = await _read_all(answer)
        read = self._protocol.read_answer(body)
        if read.fault is not None:
            raise failure(Kind.MALFORMED, read.fault)
        return body, read

    async def _streamed(self, answer: Answer, model: str, ongoing: Ongoing, records: list[AttemptRecord]) -> Reply:
        manners = manners_of(self._request, self._terms.idle)
        stream = Stream(answer, self._protocol, self._clock, manners, self._attempts.deadline)
        async with within(self._clock, answer.connected + self._terms.first_token, SLOW_START):
            await stream.gate()
        if self._options.buffer == "whole":
            await stream.rest()
        ongoing.answering()
        records.append(record_of(model, Answered(), ongoing.took))

        def end(outcome: Outcome) -> None:
            ongoing.end(outcome)
            records[-1] = record_of(model, outcome, ongoing.took)

        frames = stream.frames(end)
        await anext(frames)
        return answered(frames, model, records)

    def _hidden(self) -> Iterator[str]:
        """What no client may read in an upstream's words: keys, and where upstreams are."""
        for upstream in self._policy.upstreams.values():
            address = urlsplit(upstream.url)
            yield from (upstream.url, address.netloc)
            if address.hostname and "." in address.hostname:
                yield address.hostname
            key = self._environment.get(upstream.key or "", "").strip()
            if len(key) >= SHORTEST_SECRET:
                yield key


async def _read_all(answer: Answer) -> bytes:
    pieces = []
    while piece := await answer.read():
        pieces.append(piece)
    return b"".join(pieces)


def _warn(model: str, failed: Failed) -> None:
    if classify(failed).config_fault:
        _LOG.warning("model `%s` needs an operator: %s", model, failed.text)
