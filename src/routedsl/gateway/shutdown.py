"""The end of serving: take no more, let what runs finish, cut off the rest; and the signals that ask for it."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from routedsl.gateway.traffic import Traffic
from routedsl.gateway.wiring import Gateway

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LAST_WORDS = 2.0
"""Seconds that requests which were cut off get to tell their clients."""


@dataclass(frozen=True, slots=True)
class Stop:
    """What the operator wants: `asked` to stop, and then in a `hurry`."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Ask to stop; the second time, at once."""
        if self.asked.is_set():
            self.hurry.set()
        self.asked.set()


@contextmanager
def on_signals(stop: Stop) -> Iterator[None]:
    """Has SIGTERM and Ctrl-C ask for the stop inside the block."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.tell)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def drain(
    gateway: Gateway, listener: asyncio.Server, server: web.Server, seconds: float, hurry: asyncio.Event
) -> int:
    """Take no more requests, give those in flight so many seconds, cut off the rest; returns how many those were.

    Requests that wait for a place are told at once.
    """
    traffic = gateway.traffic
    traffic.draining = True
    listener.close()
    await _close_idle(traffic, server)
    gateway.intake.close()
    await _first_of(seconds, traffic.finished(), hurry.wait())
    left = traffic.cut_off()
    await _first_of(_LAST_WORDS, traffic.finished())
    return left


async def _close_idle(traffic: Traffic, server: web.Server) -> None:
    # What has been read from the sockets gets to its handler first.
    for _ in range(3):
        await asyncio.sleep(0)
    for connection in server.connections:
        if not traffic.carries(connection):
            connection.force_close()


async def _first_of(seconds: float, *waits: Coroutine[object, object, object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
