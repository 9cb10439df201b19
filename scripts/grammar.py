"""Writes src/routedsl/language/_grammar.py from grammar/route.lark."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
GRAMMAR = ROOT / "grammar" / "route.lark"
MODULE = ROOT / "src" / "routedsl" / "language" / "_grammar.py"


def module(grammar: str) -> str:
    """The text of the module that holds the grammar."""
    return f'"""The text of grammar/route.lark; made by scripts/grammar.py."""\n\nGRAMMAR = r"""\n{grammar}"""\n'


if __name__ == "__main__":
    MODULE.write_text(module(GRAMMAR.read_text("utf-8")), "utf-8")
