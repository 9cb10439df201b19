"""Writes the tables that the package ships of grammar/route.lark; Lark makes them.

Run it after each change of the grammar; a test compares its result with what is committed.
"""

from pathlib import Path

import msgspec
from lark import Lark
from lark.grammar import Rule as LarkRule
from lark.lexer import PatternStr, TerminalDef
from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_parser_state import ParseConf

from routedsl.language.tables import SHIPPED, Rule, Tables, Terminal

ROOT = Path(__file__).parents[1]
GRAMMAR = ROOT / "grammar" / "route.lark"
TABLES = ROOT / "src" / "routedsl" / "language" / SHIPPED


def build(*, strict: bool = False) -> Lark:
    """Lark's own parser of the grammar; `strict` refuses conflicts, which needs interegular."""
    return Lark(
        GRAMMAR.read_text("utf-8"),
        parser="lalr",
        lexer="basic",
        start="file",
        keep_all_tokens=True,
        maybe_placeholders=False,
        strict=strict,
    )


def tables_of(made: Lark) -> Tables:
    """What is shipped of a parser, its states in an order that no run changes."""
    conf: ParseConf[int] = made.parse_interactive("").parser_state.parse_conf
    rules = {rule: number for number, rule in enumerate(made.rules)}
    states = _in_order(conf)
    rows = (
        {
            name: states[target] if action is Shift else ~rules[target]
            for name, (action, target) in sorted(conf.states[state].items())
        }
        for state in states
    )
    order = sorted(made.terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value)))
    return Tables(tuple(map(_terminal, order)), tuple(map(_rule, rules)), tuple(rows), states[conf.end_state])


def _in_order(conf: "ParseConf[int]") -> dict[int, int]:
    """Numbers for the states, as they are met on the way from the start."""
    found = {conf.start_state: 0}
    pending = [conf.start_state]
    for state in pending:
        targets = [target for _, (action, target) in sorted(conf.states[state].items()) if action is Shift]
        new = [target for target in dict.fromkeys(targets) if target not in found]
        found.update(zip(new, range(len(found), len(found) + len(new)), strict=True))
        pending += new
    return found


def _terminal(terminal: TerminalDef) -> Terminal:
    pattern = terminal.pattern
    return Terminal(terminal.name, pattern.to_regexp(), pattern.value if isinstance(pattern, PatternStr) else None)


def _rule(rule: LarkRule) -> Rule:
    name = rule.alias or str(rule.origin.name)
    return Rule(
        becomes=str(rule.origin.name),
        size=len(rule.expansion),
        by="" if name.startswith("_") else name,
        spread=any(symbol.name.startswith("_") for symbol in rule.expansion),
        alone=bool(rule.options.expand1 and not rule.alias and len(rule.expansion) == 1),
    )


def shipped() -> bytes:
    """The file to ship."""
    return msgspec.json.encode(tables_of(build())) + b"\n"


if __name__ == "__main__":
    TABLES.write_bytes(shipped())
