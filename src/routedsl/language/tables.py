"""The grammar as tables: Lark makes them for scripts/grammar.py, and to read a policy nothing else is needed."""

from functools import cache
from pkgutil import get_data

import msgspec
from msgspec import Struct

SHIPPED = "_grammar.json"


class Terminal(Struct, frozen=True):
    """A kind of lexeme: what it looks like as a regular expression, and its text where that is always the same."""

    name: str
    pattern: str
    text: str | None


class Rule(Struct, frozen=True):
    """A rule of the grammar: `size` symbols become one.

    `by` names the method that builds it. It is empty for a rule without a name, whose children become those of
    the rule around it; such a one around has them `spread`. Where a child is `alone`, it stands for the whole.
    """

    becomes: str
    size: int
    by: str
    spread: bool
    alone: bool


class Tables(Struct, frozen=True):
    """An LALR automaton. Its states are the places in `states`, and the first is where it starts.

    A state leads from symbols to what comes next: the number of another state, or less than nothing where a
    rule is complete, which then is the one at `~number`. `end` is the state in which everything was read.
    `terminals` stand in the order in which a text is held against them.
    """

    terminals: tuple[Terminal, ...]
    rules: tuple[Rule, ...]
    states: tuple[dict[str, int], ...]
    end: int

    def pattern(self, terminal: str) -> str:
        """What a terminal looks like, as a regular expression."""
        return next(each.pattern for each in self.terminals if each.name == terminal)


@cache
def tables() -> Tables:
    """The tables of policy files, as they are shipped."""
    return msgspec.json.decode(get_data(__package__, SHIPPED) or b"", type=Tables)
