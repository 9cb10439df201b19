"""What happens when, in virtual time: the next event first, and of one moment the one that was set first."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, TypeVar

Subject = TypeVar("Subject")
Act = Callable[[Subject, int, int], None]
"""What is done with a subject that is at some stage, at a time in microseconds."""


class Agenda:
    """Events that lie ahead."""

    def __init__(self) -> None:
        """Nothing lies ahead."""
        self._events: list[tuple[int, int, Act[Any], Any, int]] = []
        self._set = 0

    def put(self, at: int, act: Act[Subject], subject: Subject, stage: int = 0) -> None:
        """Something is to happen to a subject at this `stage`; one that is at another by then is past it."""
        self._set += 1
        heappush(self._events, (at, self._set, act, subject, stage))

    def run(self) -> None:
        """All that happens, until nothing lies ahead."""
        events = self._events
        while events:
            now, _, act, subject, stage = heappop(events)
            act(subject, stage, now)
