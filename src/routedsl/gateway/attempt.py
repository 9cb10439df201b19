"""One attempt: a model's breaker, its upstream's slot, the call with its clocks, the answer, and the record of it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from routedsl.engine.attempts import LEAST_TIME, Try
from routedsl.engine.classify import classify, maybe_billed, read_failure
from routedsl.engine.outcome import Answered, Failed, Kind, Outcome, Passage, Usage
from routedsl.engine.protocol import Forwarding, Protocol
from routedsl.engine.request import Request
from routedsl.engine.terms import Terms, begins_within, patient
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.reply import JSON_TYPE, AttemptRecord, Reply, answered, streamed
from routedsl.gateway.secret import Secret
from routedsl.gateway.slots import Slots
from routedsl.gateway.state import Ongoing, States
from routedsl.gateway.stream import Stream, manners_of
from routedsl.gateway.transport import LARGE_BODY, Answer, AttemptError, Call, Times, Transport, failure, within
from routedsl.language.policy import Options, Policy, Upstream

LARGEST_ANSWER = 64 * 2**20
LARGEST_STREAM = 256 * 2**20
LARGEST_REFUSAL = 2**20
ERROR_TIME = 2 * SECOND
"""How long the body of an error may take: its status alone is enough to go on."""

GONE = Failed(kind=Kind.GONE)
LOST = Failed(kind=Kind.LOST)
SLOW = Failed(kind=Kind.TIMEOUT, detail="timeout")
SLOW_START = Failed(kind=Kind.TIMEOUT, detail="first_token")
SQUEEZED = Failed(kind=Kind.TIMEOUT, detail="deadline")

_UNSAID = frozenset({Kind.GONE, Kind.LOST})
_WASTED = frozenset(set(Kind) - {Kind.GONE})
"""What was given to a client that left was not given in vain by the upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What the attempts of one request have in common.

    `rule` decided the request. `accepted`, `began` and `deadline` are times: when it came, when its first attempt
    could begin, and when it is over. `last_resort` is the model that is called although it is down, since all are.
    `tried` is the record of what was done, in order, which the attempts write.
    """

    request: Request
    rule: str | None
    options: Options
    policy: Policy
    protocol: Protocol
    terms: Terms
    accepted: int
    began: int
    deadline: int
    last_resort: str | None
    transport: Transport
    states: States
    clock: Clock
    environment: Mapping[str, str]
    tried: list[AttemptRecord] = field(default_factory=list)


class Attempt:
    """One call of one model, as a turn of the chain wants it."""

    def __init__(self, errand: Errand, turn: Try) -> None:
        """Nothing is done yet."""
        self.turn = turn
        self._errand = errand
        self._terms = errand.terms
        self._clock = errand.clock
        self._task: asyncio.Task[Reply | Failed] | None = None
        self._start = 0
        self._times = Times()
        self._first_token: int | None = None
        self._usage: Usage | None = None
        self._answer: Answer | None = None
        self._stream: Stream | None = None
        self._ongoing: Ongoing | None = None
        self._slots: Slots | None = None
        self._place: int | None = None
        self._outcome: Outcome | None = None

    def start(self) -> "asyncio.Task[Reply | Failed]":
        """Run in a task of its own, which `drop` ends."""
        self._task = asyncio.ensure_future(self.run())
        return self._task

    async def run(self) -> Reply | Failed:
        """The reply, or why there is none. The body of a stream has to be begun, or this attempt dropped."""
        if self.turn.pause:  # a sleep of nothing would let others decide before this call is counted
            await self._clock.sleep(self.turn.pause)
        self._start = self._clock.monotonic()
        try:
            return await self._called()
        except AttemptError as error:
            self._free(error.failed)
            return error.failed
        except BaseException:
            self._free(GONE)
            raise

    def drop(self, failed: Failed) -> None:
        """Give it up at once, wherever it is; that is how it ended, unless it has failed before."""
        self._free(failed)
        if self._task is not None:
            self._task.cancel()

    def _free(self, failed: Failed) -> None:
        if self._answer is not None:
            self._answer.close()
        self._end(failed)

    # ── the call ────────────────────────────────────────────────────────────────────────────────

    async def _called(self) -> Reply:
        errand, turn = self._errand, self.turn
        upstream = self._upstream()
        self._ask_breaker()
        slots = errand.states.slots(upstream.name)
        await slots.take(upstream.slots, turn.until, self._clock)
        self._slots = slots
        self._ask_breaker()  # others may have found out while this one waited
        if errand.states.hardware.is_cold(turn.model):
            self._terms = patient(errand.terms)
        self._start = self._clock.monotonic()
        self._ongoing = errand.states.begin(
            turn.model, slots, extra=turn.extra, hurried=self._is_hurried(), rule=errand.rule
        )
        self._tell(GONE)
        async with within(self._clock, turn.until, SQUEEZED):
            self._answer = await errand.transport.send(self._call(upstream), self._times)
            return await self._answered(self._answer)

    def _ask_breaker(self) -> None:
        """Whether the breaker lets it through; it has no say in a retry, nor where all of a chain are down."""
        model, states = self.turn.model, self._errand.states
        if not (self.turn.retried or model == self._errand.last_resort or states.is_up(model)):
            resting = Failed(kind=Kind.OPEN, detail="it is to be left alone", retry_after=states.wait(model))
            raise AttemptError(resting)

    def _is_hurried(self) -> bool:
        """Whether it has less time than its route says because others took it: it is not to blame for that.

        Others are a client that was long in sending, and the attempts before it. A first attempt that a short deadline
        leaves little has the time that its route says.
        """
        errand = self._errand
        _, wait = begins_within(self._terms, stream=errand.request.stream)
        return self._start - errand.accepted > LEAST_TIME and self.turn.until - self._start < wait

    def _upstream(self) -> Upstream:
        policy = self._errand.policy
        model = policy.models.get(self.turn.model)
        upstream = policy.upstreams.get(model.upstream or "") if model is not None else None
        if upstream is None:
            raise failure(Kind.UNKNOWN, "no upstream is declared for it")
        return upstream

    def _call(self, upstream: Upstream) -> Call:
        errand, stream = self._errand, self._errand.request.stream
        model = errand.policy.models[self.turn.model]
        forwarding = Forwarding(model=model.id, max_tokens=errand.options.max_output, include_usage=stream)
        waited_by, wait = begins_within(self._terms, stream=stream)
        return Call(
            url=self._url(upstream),
            headers=self._headers(),
            credentials=errand.protocol.credentials,
            body=errand.protocol.encode(errand.request.body, forwarding),
            key=self._key(upstream),
            connect=upstream.connect,
            wait=wait,
            waited_by=waited_by,
            most=LARGEST_STREAM if stream else LARGEST_ANSWER,
        )

    def _url(self, upstream: Upstream) -> str:
        query = f"?{self._errand.request.query}" if self._errand.request.query else ""
        return upstream.url.rstrip("/") + self._errand.protocol.path.removeprefix("/v1") + query

    def _headers(self) -> dict[str, str]:
        """What goes up: this, and what the dialect lets through of the client's own."""
        request, protocol = self._errand.request, self._errand.protocol
        return {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if request.stream else "application/json",
            "X-Request-Id": request.id,
            **protocol.sends,
            **{name: request.headers[name] for name in protocol.passes if name in request.headers},
        }

    def _key(self, upstream: Upstream) -> Secret | None:
        if upstream.key is None:
            return None
        value = self._errand.environment.get(upstream.key, "").strip()
        if not value:
            raise failure(Kind.UNAUTHORIZED, f"the environment has no `{upstream.key}`")
        return Secret(value)

    # ── the answer ──────────────────────────────────────────────────────────────────────────────

    async def _answered(self, answer: Answer) -> Reply:
        if not 200 <= answer.status < 300:
            raise AttemptError(await self._refusal(answer))
        return await (self._streamed(answer) if self._errand.request.stream else self._whole(answer))

    async def _refusal(self, answer: Answer) -> Failed:
        body = b""
        with suppress(AttemptError):
            async with within(self._clock, self._clock.monotonic() + ERROR_TIME, SQUEEZED):
                body = await _read_all(answer, LARGEST_REFUSAL)
        return read_failure(answer.status, answer.headers, body, self._clock.now())

    async def _whole(self, answer: Answer) -> Reply:
        async with within(self._clock, self._written() + self._terms.timeout, SLOW):
            body = await _read_all(answer)
        read_answer = self._errand.protocol.read_answer
        read = read_answer(body) if len(body) < LARGE_BODY else await asyncio.to_thread(read_answer, body)
        self._usage = read.usage
        if read.fault is not None:
            raise failure(Kind.MALFORMED, read.fault)
        if read.filtered and Kind.FILTERED in self._errand.terms.fallback_on:
            passage = Passage(status=200, content_type=JSON_TYPE, body=body)
            raise AttemptError(Failed(kind=Kind.FILTERED, detail="a filter ended its answer", passage=passage))
        self._end(Answered(usage=read.usage))
        return answered(body, self.turn.model, self._errand.tried)

    async def _streamed(self, answer: Answer) -> Reply:
        errand = self._errand
        manners = manners_of(errand.request, errand.terms)
        self._stream = stream = Stream(answer, errand.protocol, self._clock, manners, errand.deadline)
        async with within(self._clock, self._written() + self._terms.first_token, SLOW_START):
            await stream.gate()
        self._first_token = self._clock.monotonic()
        if self._ongoing is not None:
            self._ongoing.answering()
        if errand.options.buffer == "whole":
            await stream.rest()
        self._tell(Answered())
        return streamed(stream.frames(self._end), self.turn.model, errand.tried, errand.deadline)

    def _written(self) -> int:
        return self._start if self._times.written is None else self._times.written

    # ── the end ─────────────────────────────────────────────────────────────────────────────────

    def _end(self, outcome: Outcome) -> None:
        """It is over; only an answer that is there may still be lost to another."""
        if isinstance(self._outcome, Failed):
            return
        self._outcome = outcome
        if self._slots is not None:
            self._slots.give()
            self._slots = None
        if self._ongoing is not None:
            self._ongoing.end(outcome)
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """Write the record, in the place where the call began. Who left before it was made has no part in it."""
        if self._place is not None:
            self._errand.tried[self._place] = self._record(outcome)
        elif self._ongoing is not None or not (isinstance(outcome, Failed) and outcome.kind in _UNSAID):
            self._place = len(self._errand.tried)
            self._errand.tried.append(self._record(outcome))

    def _record(self, outcome: Outcome) -> AttemptRecord:
        times, failed = self._times, outcome if isinstance(outcome, Failed) else None
        return AttemptRecord(
            model=self.turn.model,
            outcome="ok" if failed is None else failed.word,
            detail="" if failed is None else failed.detail,
            started=self._start - self._errand.began,
            connected=self._since(times.connected),
            headers=self._since(times.headers),
            first_token=self._since(self._first_token),
            took=self._clock.monotonic() - self._start,
            status=None if self._answer is None else self._answer.status,
            usage=self._used(),
            maybe_billed=failed is not None and maybe_billed(failed, connected=times.connected is not None),
            hedged=self.turn.hedged,
            wasted=self._tokens() if failed is not None and failed.kind in _WASTED else 0,
            stale=times.stale,
            malformed=0 if self._stream is None else self._stream.malformed,
            config_fault=failed is not None and classify(failed).config_fault,
        )

    def _since(self, at: int | None) -> int | None:
        return None if at is None else at - self._start

    def _used(self) -> Usage | None:
        return self._usage if self._stream is None else self._stream.usage

    def _tokens(self) -> int:
        if self._stream is not None:
            return self._stream.tokens
        return 0 if self._usage is None else self._usage[1]


async def _read_all(answer: Answer, most: int = LARGEST_ANSWER) -> bytes:
    pieces, left = [], most
    while piece := await answer.read():
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise failure(Kind.MALFORMED, "its answer does not end")
    return b"".join(pieces)
