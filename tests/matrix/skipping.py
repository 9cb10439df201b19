"""An event loop that skips what it would wait: time passes only while nothing is left to do.

Clients, gateway and upstreams run in one loop, so nobody but they can end a wait. How busy the
machine is has no say in what a clock finds, and waiting costs nothing.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, ParamSpec

P = ParamSpec("P")
PAUSE = 0.002
"""Seconds for which others really are waited for, before time is skipped: sockets of the kernel, and threads."""
SECOND = 1_000_000


class _Skipping(selectors.DefaultSelector):
    """Waits a moment where it was to wait long, and notes the rest as `skipped`."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        found = super().select(min(timeout, PAUSE))
        if not found:
            self.skipped += timeout
        return found


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its `time` is what was skipped."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped


def skipping_waits(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test in such a loop."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


class LoopClock:
    """A gateway's clock that goes by the loop in which it was made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> int:
        return round(self._loop.time() * SECOND)

    def loop_time(self, at: int) -> float:
        return at / SECOND

    async def sleep(self, duration: int) -> None:
        await asyncio.sleep(duration / SECOND)
