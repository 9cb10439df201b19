"""How busy a server is: by what it told, and by the calls that were made since."""

from routedsl.base.units import WHOLE
from routedsl.engine.probe import Reading

FULL = 100
"""Calls that count as a full load, where nothing tells what a server takes."""


def load_of(reading: Reading, slots: int | None, calls: int, calls_then: int) -> int:
    """What a server has to do as a share of what it takes at once, in parts per million; past the whole some waits.

    `slots` is what it takes at once, None where nobody says. `calls` are those that are ours now, and
    `calls_then` those that were when the reading was taken: what it told beyond them came from others.
    """
    others = max(0, (reading.busy or 0) + (reading.queue or 0) - calls_then)
    if slots is not None:
        return (others + calls) * WHOLE // slots
    return max(_cache_of(reading, others + calls), calls * WHOLE // FULL)


def _cache_of(reading: Reading, requests: int) -> int:
    """The share of the cache that so many requests take, if one takes what it did when the reading was taken."""
    if reading.cache is None:
        return 0
    return reading.cache * requests // reading.busy if reading.busy else reading.cache
