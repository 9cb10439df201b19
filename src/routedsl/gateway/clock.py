"""The gateway's only source of time: injected, so that a test may run it faster or by hand."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from routedsl.base.units import DURATIONS

SECOND = DURATIONS["s"]


class Clock(Protocol):
    """The time of the world, a monotonic one for durations in microseconds, and waiting."""

    def now(self) -> datetime:
        """The time of the world, in UTC."""
        ...

    def monotonic(self) -> int:
        """Microseconds from some start; never goes back."""
        ...

    def loop_time(self, at: int) -> float:
        """When it will be `at` by the monotonic clock, by the event loop's: for timers."""
        ...

    async def sleep(self, duration: int) -> None:
        """Wait so many microseconds."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)

    def monotonic(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns() // 1_000

    def loop_time(self, at: int) -> float:
        """See `Clock`."""
        return asyncio.get_running_loop().time() + (at - self.monotonic()) / SECOND

    async def sleep(self, duration: int) -> None:
        """See `Clock`."""
        await asyncio.sleep(duration / SECOND)
