"""The requests in flight, and how serving ends: stop taking new ones, let these finish, cut off what is left."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web


class Traffic:
    """Counts what is in flight on the data port.

    `draining` is set when no new requests are wanted; `cut` once those in flight have had their
    time: a handler that is cancelled then still has to tell its client.
    """

    def __init__(self) -> None:
        """Start with nothing in flight."""
        self._running: dict[web.RequestHandler, asyncio.Task[object] | None] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.draining = False
        self.cut = False

    @property
    def count(self) -> int:
        """How many requests are in flight."""
        return len(self._running)

    @contextmanager
    def carrying(self, request: web.BaseRequest) -> Iterator[None]:
        """Counts the request, which the current task answers; a connection has one at a time."""
        self._running[request.protocol] = asyncio.current_task()
        self._empty.clear()
        try:
            yield
        finally:
            del self._running[request.protocol]
            if not self._running:
                self._empty.set()

    def carries(self, connection: web.RequestHandler) -> bool:
        """Whether a request of this connection is in flight."""
        return connection in self._running

    async def finished(self) -> None:
        """Wait until nothing is in flight."""
        await self._empty.wait()

    def cut_off(self) -> int:
        """Interrupt all that is in flight, and say how many that were."""
        self.cut = True
        for task in self._running.values():
            if task is not None:
                task.cancel()
        return len(self._running)
