"""How a mock model behaves: its pace, how much it says, and what goes wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

from routedsl.testing.faults import find_fault

LONGEST = 100_000
"""Tokens of an answer that is as long as its fault wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The manners of one model; raises ValueError where the fault is unknown.

    `latency` is the seconds before the headers, `first_token` from there to the first token of a
    stream, `speed` tokens a second after it (None: all at once). Without a stream the answer comes
    when a stream of it would have ended. `tokens` is the length of the answer (None: as
    long as it takes to say what was seen, and for a fault after so many events to come in its middle).
    `fault` names one of `FAULTS`, with a number where it takes one (`cut:40`); with `times` only the first
    so many calls meet it, with `flap` it comes and goes: from the start of the upstream on, sick for so many
    seconds, and well for as many. A model without `prefill` refuses conversations that end with its own words.
    """

    latency: float = 0
    first_token: float = 0
    speed: float | None = None
    tokens: int | None = None
    fault: str | None = None
    times: int | None = None
    flap: float | None = None
    prefill: bool = True

    def __post_init__(self) -> None:
        """Find a misspelt fault here, not in the middle of an answer."""
        if self.fault is not None:
            find_fault(self.fault)

    @property
    def least(self) -> int:
        """Tokens that an answer has at least: `cut:40` is one at 40 of 60."""
        if self.fault is None:
            return 0
        fault, number = find_fault(self.fault)
        return min(number * 3 // 2, LONGEST) if fault.counts_events else 0

    def fault_of(self, call: int, elapsed: float) -> str | None:
        """The fault that a call meets; calls count from 0, seconds from the start of the upstream."""
        tired = self.times is not None and call >= self.times
        well = self.flap is not None and elapsed // self.flap % 2 == 1
        return None if tired or well else self.fault


SLOWEST = 5


def mock_models(names: Iterable[str]) -> dict[str, Script]:
    """A pace for each model that a person can see: the earlier it is named, the quicker (down to the fifth)."""
    paces = ((name, min(place, SLOWEST)) for place, name in enumerate(names, start=1))
    return {name: Script(latency=0.05, first_token=0.1 * pace, speed=80 / pace) for name, pace in paces}
