"""How long a model's answers are: medians of recent ones, of all and of those to each rule, in tokens."""

from collections import deque
from collections.abc import Mapping
from statistics import median_low
from types import MappingProxyType

KEPT = 32
"""Answers that count; each further one takes the place of the oldest."""
ENOUGH = 5
"""Answers that it takes to call anything typical."""
MOST_RULES = 256
"""Rules that are told apart; a further one takes the place of the one that was answered longest ago."""

NO_RULES: Mapping[str, int] = MappingProxyType({})


class Lengths:
    """The medians of one model's answers, as soon as there are enough. They are worked out as answers come in."""

    __slots__ = ("_all", "_rules", "typical", "typical_of")

    def __init__(self) -> None:
        """Nothing was answered."""
        self._all: deque[int] = deque(maxlen=KEPT)
        self._rules: dict[str, deque[int]] = {}
        self.typical: int | None = None
        self.typical_of: Mapping[str, int] = NO_RULES

    def add(self, tokens: int, rule: str | None) -> None:
        """An answer of so many tokens to a request that a rule decided."""
        self._all.append(tokens)
        self.typical = _median(self._all)
        if rule is not None:
            self._add_for(rule, tokens)

    def _add_for(self, rule: str, tokens: int) -> None:
        recent = self._rules.pop(rule, None) or deque(maxlen=KEPT)
        recent.append(tokens)
        self._rules[rule] = recent
        typical = _median(recent)
        if typical is not None and typical != self.typical_of.get(rule):
            self.typical_of = {**self.typical_of, rule: typical}
        if len(self._rules) > MOST_RULES:
            oldest = next(iter(self._rules))
            del self._rules[oldest]
            self.typical_of = {name: number for name, number in self.typical_of.items() if name != oldest}


def _median(recent: deque[int]) -> int | None:
    return median_low(recent) if len(recent) >= ENOUGH else None
