"""A fact's value in words, safe to print: as an explanation tells it."""

from routedsl.base.types import Type, Value
from routedsl.base.units import Quantity, render_quantity

_LONGEST = 60
"""Texts longer than this are cut where a value is shown."""


def value_to_text(type_: Type, value: Value) -> str:
    """A fact's value as a person writes it: `950`, `800ms`, `"gold"`, `missing`."""
    match value:
        case None:
            return "missing"
        case bool():
            return yes_or_no(value)
        case str():
            return f'"{cut(value)}"'
        case tuple():
            return "[" + ", ".join(f'"{cut(item)}"' for item in value) + "]"
        case int() if type_ is Type.COUNT:
            return str(value)
        case int() | float():
            return render_quantity(Quantity(type_, value))


def yes_or_no(result: bool) -> str:  # noqa: FBT001 - a result is all it takes
    return "yes" if result else "no"


def cut(text: str) -> str:
    """A client's text on one line, without what could move a terminal's cursor."""
    line = one_line("".join(char if char.isprintable() else " " for char in text[: 2 * _LONGEST]))
    return line if len(line) <= _LONGEST and len(text) <= 2 * _LONGEST else f"{line[:_LONGEST]}…"


def visible(text: str) -> str:
    """A text that may quote a client's, whole, without what could move a terminal's cursor."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def one_line(text: str) -> str:
    return " ".join(text.split())
