"""How many requests are in flight, and how many bytes their bodies may be together; who does not fit waits, shortly."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from routedsl.engine.request import RequestError
from routedsl.gateway.keys import Client
from routedsl.gateway.line import Line, Ticket

_ANYBODY = Client(name="")
STOPPING = "the gateway is shutting down"


class Intake:
    """Places for requests in flight.

    `most` at once, as many waiting, for `patience` seconds. `memory` is how many bytes all bodies
    may have. Where there are several keys (`shared`), none has more than half of any of this.
    """

    def __init__(self, most: int, *, memory: int, patience: float, shared: bool = False) -> None:
        """Start with nobody in flight."""
        self._line = Line(most, most, shared=shared)
        self._most_of_one = (most + 1) // 2 if shared else most
        self._patience = patience
        self._memory = memory
        self._memory_of_one = memory // 2 if shared else memory
        self._bytes: Counter[str] = Counter()
        self._turns: dict[Ticket, asyncio.Future[None]] = {}
        self._closed = False

    @property
    def in_flight(self) -> int:
        """How many requests have a place."""
        return self._line.inside

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return self._line.waiting

    @property
    def held(self) -> int:
        """The bytes of all bodies."""
        return self._bytes.total()

    @asynccontextmanager
    async def taken(self, client: Client | None) -> "AsyncIterator[Place]":
        """A place inside the block; raises `RequestError` where there is none in time."""
        who = client or _ANYBODY
        place = Place(self, who.name, min(who.slots or self._most_of_one, self._most_of_one))
        try:
            await place.take()
            yield place
        finally:
            place.lend()
            self.shrink(place.key, place.size)

    async def admit(self, key: str, most: int) -> Ticket:
        """Wait to be inside, as one of `most` of a key; raises `RequestError` where that takes too long."""
        if self._closed:
            raise RequestError("overloaded", STOPPING)
        ticket = self._line.arrive(key, most)
        if ticket is None:
            raise self._refusal(key, most)
        try:
            if not ticket.inside:
                await self._turn(ticket)
        except BaseException:
            self.dismiss(ticket)
            raise
        return ticket

    def dismiss(self, ticket: Ticket) -> None:
        """Let someone go, and the next one in."""
        follower = self._line.leave(ticket)
        if follower is not None:
            _wake(self._turns[follower])

    def close(self) -> None:
        """Take nobody any more, and tell those who wait at once."""
        self._closed = True
        for turn in self._turns.values():
            _wake(turn)

    def grow(self, key: str, size: int) -> None:
        """So many bytes more are held for a key; raises `RequestError` where that is too much."""
        self._bytes[key] += size
        if self.held > self._memory or self._bytes[key] > self._memory_of_one:
            raise RequestError("overloaded", "the bodies of all requests together are too large")

    def shrink(self, key: str, size: int) -> None:
        """So many bytes less."""
        self._bytes[key] -= size
        if not self._bytes[key]:
            del self._bytes[key]

    async def _turn(self, ticket: Ticket) -> None:
        turn = self._turns[ticket] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except TimeoutError:
            raise self._refusal(ticket.key, ticket.most) from None
        finally:
            del self._turns[ticket]
        if not ticket.inside:
            raise RequestError("overloaded", STOPPING)

    def _refusal(self, key: str, most: int) -> RequestError:
        if key and self._line.is_full(key, most):
            return RequestError("rate_limited", f"this key has {most} requests in flight, which is all it may")
        return RequestError("overloaded", "the gateway has as many requests in flight as it takes")


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


class Place:
    """A request's place, and the memory of its body."""

    def __init__(self, intake: Intake, key: str, most: int) -> None:
        """Hold nothing yet."""
        self._intake = intake
        self._most = most
        self._ticket: Ticket | None = None
        self.key = key
        self.size = 0

    async def take(self) -> None:
        """Have the place; raises `RequestError` where there is none in time."""
        self._ticket = await self._intake.admit(self.key, self._most)

    def lend(self) -> None:
        """Let another have it, who may be quicker. `take` asks for one again."""
        if self._ticket is not None:
            self._intake.dismiss(self._ticket)
            self._ticket = None

    def grow(self, size: int) -> None:
        """Hold so many bytes more, until the request ends; raises `RequestError` where all bodies are too large."""
        self.size += size
        self._intake.grow(self.key, size)
