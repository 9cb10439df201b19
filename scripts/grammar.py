"""Writes what the package ships of grammar/route.lark: its text, and the tables that Lark makes of it.

Run it after each change of the grammar; a test compares its result with what is committed.
"""

import json
from pathlib import Path
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from routedsl.language.tables import build

ROOT = Path(__file__).parents[1]
GRAMMAR = ROOT / "grammar" / "route.lark"
PACKAGE = ROOT / "src" / "routedsl" / "language"
SHIFT = 0  # as Lark marks it, in its tables as they are saved


def module(grammar: str) -> str:
    """The text of `_grammar.py`, which holds the grammar."""
    return f'"""The text of grammar/route.lark, written by scripts/grammar.py."""\n\nGRAMMAR = r"""\n{grammar}"""\n'


def tables(grammar: str) -> str:
    """The text of `_grammar.json`: the version of Lark, and what it makes of the grammar."""
    data, memo = build(grammar).memo_serialize([TerminalDef, Rule])
    data["parser"]["parser"] = _in_order(data["parser"]["parser"])
    return json.dumps({"lark": lark.__version__, "data": data, "memo": memo}, separators=(",", ":")) + "\n"


def _in_order(table: dict[str, Any]) -> dict[str, Any]:
    """The same table with lexemes and states numbered in an order that no run changes."""
    names = table["tokens"]
    rows = {
        state: {names[key]: row[key] for key in sorted(row, key=names.__getitem__)}
        for state, row in table["states"].items()
    }
    states = list(table["start_states"].values())
    for state in states:
        targets = (target for kind, target in rows[state].values() if kind == SHIFT)
        states += [target for target in dict.fromkeys(targets) if target not in states]
    tokens = sorted(names.values())
    return {
        "tokens": dict(enumerate(tokens)),
        "states": {
            number: {
                tokens.index(name): (kind, states.index(target) if kind == SHIFT else target)
                for name, (kind, target) in rows[state].items()
            }
            for number, state in enumerate(states)
        },
        "start_states": {start: states.index(state) for start, state in table["start_states"].items()},
        "end_states": {start: states.index(state) for start, state in table["end_states"].items()},
    }


def shipped() -> dict[Path, str]:
    """The files to ship and their texts."""
    grammar = GRAMMAR.read_text("utf-8")
    return {PACKAGE / "_grammar.py": module(grammar), PACKAGE / "_grammar.json": tables(grammar)}


if __name__ == "__main__":
    for path, text in shipped().items():
        path.write_text(text, "utf-8")
