"""Numbers as people write them elsewhere: `10 seconds`, `1e3`, `8K tokens`, `€5`; and how a policy writes them."""

import re
from fractions import Fraction

from routedsl.base.types import Type
from routedsl.base.units import (
    DURATIONS,
    LiteralError,
    Quantity,
    parse_quantity,
    render_quantity,
    unit_of,
)

_NOUNS = "tokens token characters character chars words messages"
_DOLLARS = "USD usd dollars dollar"
_PERCENT = "percent pct"
_UNITS = (
    "seconds second secs sec milliseconds millis msec minutes minute mins min hours hour hrs hr "
    "ms us s m h k K M million thousand"
)
_ALONE = {"million": "M", "thousand": "k"}
_DIGITS = r"[0-9][0-9_]{0,15}(?:\.[0-9]{1,9})?"
_WORDS = "|".join(sorted(f"{_NOUNS} {_DOLLARS} {_PERCENT} {_UNITS}".split(), key=len, reverse=True))

FORMS = rf"""
    [€£¥] [ ]? {_DIGITS} | \$ [ ] {_DIGITS} | {_DIGITS} [ ]? (?: [€£¥] | \$ (?![A-Za-z_0-9{{(]) )
  | {_DIGITS} [kKM]? [ \t]{{1,2}} (?: {_WORDS} ) (?! [\w%] | [.:/-]\w | [ \t]{{0,9}} (?: [<>=!] | i[ns]\b | \$?[0-9] ) )
  | {_DIGITS} [ \t]{{1,2}} % (?! [ \t]{{0,9}} [\w(\[] )
  | (?: [0-9]{{1,6}} (?: ms | [hms] ) ){{2,4}} (?! \w )
  | {_DIGITS} [eE] [+-]? [0-9]{{1,2}} (?! \w )
  | 0 [xX] [0-9A-Fa-f]{{1,12}} (?! \w )
  | \. [0-9]{{1,9}} [a-z%]{{0,8}} (?! [\w.] )
"""
"""A verbose expression for all of these."""


def meant(text: str) -> tuple[str, str]:
    """What is wrong with such a number, and how it is written."""
    number = text.strip("€£¥$ ")
    if number[0] == ".":
        return f"`{text}` lacks its first digit", f"0{number}"
    if text[0] in "€£¥$" or text[-1] in "€£¥$":
        how = "money is written with its sign first" if "$" in text else "money is in dollars"
        return how, f"${number}"
    if " " in text or "\t" in text:
        return _spaced(*text.split())
    if number[1:2] in ("x", "X"):
        return "a number is written in decimal digits", str(int(number, 16))
    if "e" in number.lower():
        return "a number is written without an exponent", _plain(number)
    return f"`{text}` has more than one unit", _sum(number)


def _spaced(number: str, word: str) -> tuple[str, str]:
    if word in _NOUNS.split():
        return f"a count is written without `{word}`", _known(number)
    if word in _DOLLARS.split():
        return "money is written with its sign first", f"${number}"
    unit = "%" if word in ("%", *_PERCENT.split()) else _ALONE.get(word) or unit_of(word)
    return "a number and its unit are written as one word", f"{number}{unit}"


def _known(number: str) -> str:
    try:
        parse_quantity(number)
    except LiteralError as error:
        return error.meant or number
    return number


def _plain(number: str) -> str:
    value = Fraction(number.replace("_", ""))
    if value.denominator == 1:
        return render_quantity(Quantity(Type.COUNT, int(value)))
    return render_quantity(Quantity(Type.NUMBER, float(value)))


def _sum(number: str) -> str:
    parts = re.findall(r"([0-9]+)(ms|[hms])", number)
    return render_quantity(Quantity(Type.DURATION, sum(int(digits) * DURATIONS[unit] for digits, unit in parts)))
