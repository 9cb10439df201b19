"""The automaton that reads lexemes by the grammar's tables, and tells which would fit next."""

from collections.abc import Callable, Sequence
from typing import Any

from routedsl.language.tables import Tables

END = "$END"
"""The terminal behind the last lexeme."""

Reduction = Callable[[list[Any]], Any]
"""From the children of a rule to what stands for it."""


class Unfit(Exception):  # noqa: N818 - an answer: the lexeme does not fit
    """A lexeme that nothing may begin or go on with where it stands."""


class Machine:
    """One reading. Its stacks are open, so that whoever goes on after a mistake can cut them back.

    `values` are what was read so far, and `states` the states between them.
    """

    def __init__(self, tables: Tables, reductions: Sequence[Reduction]) -> None:
        """Begin at the start; the reductions are those of the tables' rules, in their order."""
        self.states = [0]
        self.values: list[Any] = []
        self._rows = tables.states
        self._rules = tables.rules
        self._end = tables.end
        self._reductions = reductions

    def feed(self, kind: str, value: object) -> Any:
        """Take a lexeme; what all of them mean together where it is the end, else None.

        Raises `Unfit`. What is complete before the lexeme is reduced even then.
        """
        states, values, rows = self.states, self.values, self._rows
        while (action := rows[states[-1]].get(kind)) is not None:
            if action >= 0:
                states.append(action)
                values.append(value)
                return None
            rule, start = self._rules[~action], len(values) - self._rules[~action].size
            made = self._reductions[~action](values[start:])
            del states[start + 1 :], values[start:]
            states.append(rows[states[-1]][rule.becomes])
            values.append(made)
            if states[-1] == self._end:
                return made
        raise Unfit(kind)

    def accepts(self) -> frozenset[str]:
        """The terminals that would fit next, once what is complete before them is reduced."""
        return frozenset(kind for kind in self._rows[self.states[-1]] if kind.isupper() and self._would_fit(kind))

    def _would_fit(self, kind: str) -> bool:
        states, rows = self.states.copy(), self._rows
        while (action := rows[states[-1]].get(kind)) is not None and action < 0:
            rule = self._rules[~action]
            del states[len(states) - rule.size :]
            states.append(rows[states[-1]][rule.becomes])
        return action is not None or states[-1] == self._end

    def shifts(self, state: int, kind: str) -> bool:
        """Whether a terminal is taken in a state as it is, without a reduction."""
        return self._rows[state].get(kind, -1) >= 0
