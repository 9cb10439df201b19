"""A stream from upstream to client: the first-chunk gate, the relay, and the rule that a cut stream is no clean end."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass

from routedsl.engine.outcome import Answered, Failed, Kind, Outcome, Passage, Usage
from routedsl.engine.protocol import Protocol, StreamEvent
from routedsl.engine.request import Request
from routedsl.engine.sse import EventTooLargeError, ServerEvent, SseDecoder, encode_event
from routedsl.engine.terms import Terms
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.reply import STREAM_TYPE, StreamBroken
from routedsl.gateway.transport import Answer, AttemptError, failure, within

MOST_MALFORMED = 3
TAIL = SECOND
"""How long a finished answer is waited for to tell its usage and its end."""
BITE = 16 * 1024
"""Bytes that are understood at once, before others have their turn: a flood of tiny events must not stop them."""
DRAIN = SECOND // 20
"""How long an ended stream is read on, so that its connection can be used again."""
SILENT = Failed(kind=Kind.TIMEOUT, detail="idle")
LATE = Failed(kind=Kind.LATE, detail="the request's deadline came")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a stream is passed on.

    `idle` is the microseconds between two events, comments included. It is finished when `choices`
    answers are. `hide_usage` keeps back the token counts that the client did not ask for. Where
    `filtered_fails` an answer that a filter has ended is a failure, if the client has nothing of it yet.
    """

    idle: int
    choices: int = 1
    hide_usage: bool = False
    filtered_fails: bool = False


def manners_of(request: Request, terms: Terms) -> Manners:
    """How the answer to a request is passed on."""
    return Manners(
        idle=terms.idle,
        choices=request.choices,
        hide_usage=not request.wants_usage,
        filtered_fails=Kind.FILTERED in terms.fallback_on,
    )


class Stream:
    """One upstream's stream, event by event.

    It holds to `manners`, and once the client has some of it ends by the `deadline`, a time. Until then, and for its
    first event, whoever reads it sets the time.
    """

    def __init__(self, answer: Answer, protocol: Protocol, clock: Clock, manners: Manners, deadline: int) -> None:
        """Nothing is read yet."""
        self._answer = answer
        self._protocol = protocol
        self._clock = clock
        self._manners = manners
        self._deadline = deadline
        self._decoder = SseDecoder()
        self._events: deque[ServerEvent] = deque()
        self._bytes = b""  # not yet decoded
        self._no_more_bytes = False
        self._heard = False
        self._held: list[bytes] = []
        self._given = 0  # events with something of the answer in them
        self._committed = False
        self.usage: Usage | None = None
        self.malformed = 0
        self._malformed = 0  # in a row
        self._begun = False
        self._spoken = False
        self._finished_choices: set[int] = set()
        self._tail: int | None = None  # once all is finished: until when it may say more
        self._over = False

    @property
    def tokens(self) -> int:
        """How many tokens of the answer there are: as the upstream counts, or about as many as events."""
        return max(self._given, 0 if self.usage is None else self.usage[1])

    async def gate(self) -> None:
        """Wait for the first real event, holding back all before it; raises `AttemptError`."""
        while not self._begun:
            frame = await self._step()
            if frame is None:
                raise failure(Kind.MALFORMED, "its stream says nothing")
            self._held.append(frame)

    async def rest(self) -> None:
        """Hold back all the rest as well, so that even a broken stream can fall back; raises `AttemptError`."""
        while (frame := await self._step()) is not None:
            self._held.append(frame)

    async def frames(self, on_end: Callable[[Outcome], None]) -> AsyncGenerator[bytes, None]:
        """The frames for the client; the first is empty: with it the generator has begun, and will free the upstream.

        Raises `StreamBroken` after its last frame where the answer is not whole.
        """
        outcome: Outcome = Failed(kind=Kind.GONE)
        self._committed = True
        try:
            yield b""
            yield b"".join(self._held)
            self._held.clear()
            while (frame := await self._step()) is not None:
                if frame:
                    yield frame
            outcome = Answered(usage=self.usage)
            yield self._protocol.done
            await self._drain()
        except AttemptError as error:
            outcome = error.failed
            yield self._protocol.stream_error(f"the answer broke off: {error.failed.text}")
            raise StreamBroken from None
        finally:
            self._answer.close()
            on_end(outcome)

    async def _step(self) -> bytes | None:
        """The frame of the next event, empty where it is not passed on; None at the good end."""
        if self._over:
            return None
        try:
            return self._read(await self._next())
        except AttemptError:
            if self._tail is None:
                raise
            self._over = True
            return None

    def _read(self, event: ServerEvent | None) -> bytes | None:
        if event is None:
            raise failure(Kind.CUT, "its stream broke off")
        return b"" if event.data is None else self._understand(self._protocol.read_event(event))

    def _understand(self, event: StreamEvent) -> bytes | None:
        self.usage = _counted(self.usage, event.usage)
        self._malformed = self._malformed + 1 if event.kind == "malformed" else 0
        self._spoken = self._spoken or event.spoken
        match event.kind:
            case "error":
                raise failure(Kind.STREAM_ERROR, "there is an error in its stream")
            case "malformed":
                return self._passed_over()
            case "usage" if self._manners.hide_usage:
                return b""
            case "done":
                self._over = True
                return None
            case "finish":
                self._finished(event)
            case "content":
                self._begun = True
                self._given += 1
            case _:
                pass
        return self._frame(event)

    def _passed_over(self) -> bytes:
        self.malformed += 1
        if self._malformed == MOST_MALFORMED:
            raise failure(Kind.MALFORMED, "its stream cannot be read")
        return b""

    def _finished(self, event: StreamEvent) -> None:
        self._finished_choices.update(event.finished)
        whole = len(self._finished_choices) >= self._manners.choices
        if event.filtered and self._manners.filtered_fails and not self._committed:
            raise AttemptError(self._filtered(event, whole=whole))
        if not (self._begun or self._spoken or event.filtered):
            raise failure(Kind.MALFORMED, "its stream says nothing")
        self._begun = True
        if whole and self._tail is None:
            self._tail = self._clock.monotonic() + TAIL

    def _filtered(self, event: StreamEvent, *, whole: bool) -> Failed:
        """The failure, with the stream in case that nobody does better, unless others of its choices are not done."""
        body = b"".join((*self._held, self._frame(event), self._protocol.done))
        passage = Passage(status=200, content_type=STREAM_TYPE, body=body)
        return Failed(kind=Kind.FILTERED, detail="a filter ended its answer", passage=passage if whole else None)

    def _frame(self, event: StreamEvent) -> bytes:
        hidden = self._manners.hide_usage
        return encode_event(self._protocol.without_usage(event.data) if hidden else event.data, event.name)

    async def _next(self) -> ServerEvent | None:
        """The next event, as soon as it is there; None at the end of the bytes."""
        # A drip of bytes that is no event is silence. Until the first event it is bounded elsewhere.
        silent = (self._clock.monotonic() if self._heard else self._deadline) + self._manners.idle
        while not self._events:
            if self._no_more_bytes:
                return None
            self._bytes = await self._piece(silent)
            self._no_more_bytes = not self._bytes
            bite, self._bytes = self._bytes[:BITE], self._bytes[BITE:]
            self._events.extend(self._decoded(bite))
        self._heard = True
        return self._events.popleft()

    def _decoded(self, piece: bytes) -> list[ServerEvent]:
        try:
            return self._decoder.feed(piece) if piece else self._decoder.end()
        except EventTooLargeError:
            raise failure(Kind.MALFORMED, "an event of its stream does not end") from None

    async def _piece(self, until: int) -> bytes:
        failed = SILENT
        if self._tail is not None:
            until = self._tail
        elif self._committed and self._deadline < until:
            until, failed = self._deadline, LATE
        if self._clock.monotonic() >= until:  # where there is always more, nothing is waited for that could end
            raise AttemptError(failed)
        async with within(self._clock, until, failed):
            return await (self._bitten() if self._bytes else self._answer.read())

    async def _bitten(self) -> bytes:
        """What is left of the piece that was read last, after others had their turn."""
        await asyncio.sleep(0)
        return self._bytes

    async def _drain(self) -> None:
        """Read what comes after the end, and forget it."""
        with suppress(AttemptError):
            async with within(self._clock, self._clock.monotonic() + DRAIN, SILENT):
                while not self._no_more_bytes:
                    self._no_more_bytes = not await self._answer.read()


def _counted(known: Usage | None, told: Usage | None) -> Usage | None:
    """The counts so far: those of the prompt and of the answer may come in different events, and only ever grow."""
    if known is None or told is None:
        return told or known
    return max(known[0], told[0]), max(known[1], told[1])
