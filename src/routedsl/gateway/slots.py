"""An upstream's slots: so many calls in flight and no more, and a short queue before them."""

import asyncio
from collections import deque

from routedsl.engine.waiting import FULL, LONGEST_WAIT, MOST_WAITING
from routedsl.gateway.clock import Clock
from routedsl.gateway.transport import AttemptError, within


class Slots:
    """The calls in flight of one upstream: `taken` slots of `most`, which a reload may change."""

    def __init__(self) -> None:
        """Nobody calls."""
        self.taken = 0
        self.most: int | None = None
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many calls wait for a slot."""
        return len(self._queue)

    async def take(self, most: int | None, until: int, clock: Clock) -> None:
        """Have one of `most` slots, in order of asking, to be given back; raises `AttemptError` where none comes."""
        self.most = most
        self._wake()
        if self._is_free() and not self._queue:
            self.taken += 1
            return
        if most is not None and len(self._queue) >= MOST_WAITING * most:
            raise AttemptError(FULL)
        await self._turn(min(until, clock.monotonic() + LONGEST_WAIT), clock)

    def give(self) -> None:
        """Give a slot back, to whoever waits longest."""
        self.taken -= 1
        self._wake()

    def _wake(self) -> None:
        while self._queue and self._is_free():
            waiter = self._queue.popleft()
            if not waiter.done():  # else it has just stopped waiting
                self.taken += 1
                waiter.set_result(None)

    def _is_free(self) -> bool:
        return self.most is None or self.taken < self.most

    async def _turn(self, until: int, clock: Clock) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            async with within(clock, until, FULL):
                await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():  # it came together with the end of the waiting
                self.give()
            elif waiter in self._queue:
                self._queue.remove(waiter)
            raise
