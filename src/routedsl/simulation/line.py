"""The calls of one upstream that declares its slots, as the gateway lets them through."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from routedsl.engine.waiting import MOST_WAITING

Waiter = TypeVar("Waiter")


class Line(Generic[Waiter]):
    """Slots that are taken, and who waits for one."""

    __slots__ = ("_queue", "most", "taken")

    def __init__(self, most: int | None) -> None:
        """Nobody calls; `most` is the number of slots, None where there is no bound."""
        self.most = most
        self.taken = 0
        self._queue: deque[Waiter] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def take(self) -> bool:
        """Whether a slot is free, which is then taken."""
        if self._is_free() and not self._queue:
            self.taken += 1
            return True
        return False

    def wait(self, waiter: Waiter) -> bool:
        """Whether there is room to wait, in which the waiter then waits."""
        if self.most is not None and len(self._queue) >= MOST_WAITING * self.most:
            return False
        self._queue.append(waiter)
        return True

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer."""
        self._queue.remove(waiter)

    def give(self) -> Iterator[Waiter]:
        """Give a slot back; who has one now in its place."""
        self.taken -= 1
        while self._queue and self._is_free():
            self.taken += 1
            yield self._queue.popleft()

    def _is_free(self) -> bool:
        return self.most is None or self.taken < self.most
