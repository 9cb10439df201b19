"""Prometheus's text format, as far as a probe needs it: the values of one metric."""

import re
from collections.abc import Sequence
from math import isfinite


def values(exposition: bytes, metric: str) -> Sequence[float]:
    """The values of a metric, one for each set of labels; what is no finite number is left out.

    Only lines that begin with the metric are looked at: an exposition has thousands of others.
    """
    line = rb"^%s(?:\{[^\n]*\})?[ \t]+([^\s]+)" % re.escape(metric.encode())
    found = (_number(match[1]) for match in re.finditer(line, exposition, re.MULTILINE))
    return [value for value in found if value is not None]


def total(exposition: bytes, metric: str) -> int | None:
    """The sum of a metric that counts things; None where it is not told."""
    counted = values(exposition, metric)
    return round(sum(counted)) if counted and min(counted) >= 0 else None


def _number(text: bytes) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
