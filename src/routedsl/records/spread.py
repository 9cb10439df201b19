"""How numbers are spread: counts of them in steps of one in a hundred, which merge into each other."""

from collections.abc import Mapping
from math import exp, log

Spread = Mapping[int, int]
"""How many numbers there are in each step."""

FINE = 100
"""Steps for each factor of e: a median is right to half of one in a hundred."""
LEAST = 1e-6
"""Smaller numbers count as this."""
DIGITS = 3
"""Digits of a median that mean something."""


def step_of(number: float) -> int:
    """The step that a number is in."""
    return round(log(max(number, LEAST)) * FINE)


def median_of(spread: Spread) -> float | None:
    """The number that half of them do not pass; None where there are none."""
    half = (sum(spread.values()) + 1) // 2
    below = 0
    for step in sorted(spread):
        below += spread[step]
        if below >= half > 0:
            return float(f"{exp(step / FINE):.{DIGITS}g}")
    return None
