"""Literals with units: `8k`, `10s`, `$0.05`, `5%`, `09:00` to exact values, and back."""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from routedsl.base.suggest import close_matches
from routedsl.base.types import Type, Value

DURATIONS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
"""Microseconds in each unit of time."""
MULTIPLES = {"k": 1_000, "M": 1_000_000}
DOLLAR = 10**12
"""Pico-dollars in a dollar."""
WHOLE = 1_000_000
"""Parts per million in the whole."""
LARGEST = 10**15
"""Counts, microseconds and the like past this are refused: nothing real is so large."""

LONGEST = 40
"""Characters of a literal."""

_NUMBER = re.compile(r"(?P<dollar>\$)?(?P<digits>[0-9][0-9_]*(?:\.[0-9]+)?)(?P<unit>[A-Za-zµ%]*)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_LONG_UNITS = {
    "µs": "us", "usec": "us", "micros": "us", "microseconds": "us",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s",
    "msec": "ms", "millis": "ms", "milliseconds": "ms", "MS": "ms",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "H": "h",
    "K": "k", "kilo": "k", "mio": "M", "mil": "M",
}  # fmt: skip
_DAYS = frozenset({"d", "day", "days"})


class Quantity(Struct, frozen=True):
    """A literal's type and its exact value in that type (see `Type`)."""

    type: Type
    value: int | float


class LiteralError(ValueError):
    """A literal that means nothing; `meant` is the one that was likely meant, and `help` names it."""

    def __init__(self, message: str, help: str | None = None, *, meant: str | None = None) -> None:
        """Keep the help beside the message."""
        super().__init__(message)
        self.meant = meant
        self.help = help if meant is None else f"did you mean `{meant}`?"


def parse_quantity(text: str) -> Quantity:
    """The value of a literal as written; raises `LiteralError` where it has none."""
    if clock := _TIME.fullmatch(text):
        return _time(text, int(clock[1]), int(clock[2]))
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise LiteralError(f"`{text[:LONGEST]}` is not a number")
    if len(text) > LONGEST:
        raise LiteralError(f"`{text[:LONGEST]}…` is longer than any number has to be")
    amount = Fraction(match["digits"].replace("_", ""))
    quantity = _money(text, amount, match["unit"]) if match["dollar"] else _plain(text, amount, match)
    if quantity.value > largest(quantity.type):
        raise LiteralError(f"`{text}` is larger than anything it could be compared with")
    return quantity


def largest(type_: Type) -> int:
    """The largest value that a number of a type may have."""
    return LARGEST * (DOLLAR if type_ is Type.MONEY else 1)


def _time(text: str, hour: int, minute: int) -> Quantity:
    if hour > 23 or minute > 59:
        raise LiteralError(f"`{text}` is no time of day", "times go from `00:00` to `23:59`")
    return Quantity(Type.TIME, hour * 60 + minute)


def _money(text: str, amount: Fraction, unit: str) -> Quantity:
    if unit:
        meant = render_quantity(Quantity(Type.MONEY, int(amount * MULTIPLES.get(unit, 1) * DOLLAR)))
        raise LiteralError(f"`{text}` has a unit after its amount", meant=meant)
    return Quantity(Type.MONEY, _whole(text, amount * DOLLAR, "a pico-dollar"))


def _plain(text: str, amount: Fraction, match: re.Match[str]) -> Quantity:
    unit = match["unit"]
    if unit == "%":
        if amount > 100:
            raise LiteralError(f"`{text}` is more than the whole", "shares go from `0%` to `100%`")
        return Quantity(Type.SHARE, _whole(text, amount * WHOLE / 100, "a part per million"))
    if unit in DURATIONS:
        return Quantity(Type.DURATION, _whole(text, amount * DURATIONS[unit], "a microsecond"))
    if unit in MULTIPLES or not unit:
        scaled = amount * MULTIPLES.get(unit, 1)
        if scaled.denominator == 1:
            return Quantity(Type.COUNT, int(scaled))
        return Quantity(Type.NUMBER, float(scaled))
    raise _unknown_unit(text, match["digits"], unit)


def _whole(text: str, amount: Fraction, smallest: str) -> int:
    if amount.denominator != 1:
        raise LiteralError(f"`{text}` is finer than {smallest}")
    return int(amount)


def _unknown_unit(text: str, digits: str, unit: str) -> LiteralError:
    message = f"`{text}` has an unknown unit, `{unit}`"
    if unit in _DAYS and digits.isdecimal():
        return LiteralError(message, meant=f"{int(digits) * 24}h")
    if unit.lower() in ("am", "pm") and digits.isdecimal() and 1 <= int(digits) <= 12:
        return LiteralError(
            f"`{text}` is no time of day", meant=f"{int(digits) % 12 + 12 * (unit.lower() == 'pm'):02}:00"
        )
    known = [*DURATIONS, *MULTIPLES, "%"]
    meant = _LONG_UNITS.get(unit) or next(iter(close_matches(unit, known, most=1)), None)
    if meant:
        return LiteralError(message, meant=f"{digits}{meant}")
    return LiteralError(message, f"the units are {', '.join(f'`{known_unit}`' for known_unit in known)}")


def unit_of(word: str) -> str:
    """The unit that a word stands for: itself, or the one that it spells out."""
    return _LONG_UNITS.get(word, word)


def render_quantity(quantity: Quantity) -> str:
    """The shortest canonical text of a value: `8k`, `90s`, `$2.5`, `5%`, `09:00`; it parses to the same."""
    value = quantity.value
    match quantity.type:
        case Type.TIME:
            return f"{int(value) // 60:02}:{int(value) % 60:02}"
        case Type.MONEY:
            return f"${_decimal(int(value), DOLLAR)}"
        case Type.SHARE:
            return f"{_decimal(int(value), WHOLE // 100)}%"
        case Type.DURATION:
            return _scaled(int(value), DURATIONS) or "0s"
        case Type.COUNT:
            return _scaled(int(value), {"": 1, **MULTIPLES}) or "0"
        case Type.NUMBER | Type.TEXT | Type.BOOL | Type.TEXTS:
            return _without_zeros(f"{Decimal(str(value)):f}")


def _scaled(value: int, units: Mapping[str, int]) -> str | None:
    """The value in the largest of the units, smallest first, that divides it; None for nothing."""
    unit = [unit for unit, size in units.items() if value % size == 0][-1]
    return f"{value // units[unit]}{unit}" if value else None


def _decimal(value: int, whole: int) -> str:
    """A whole number of parts as a decimal fraction; `whole` is a power of ten, the parts in one."""
    return _without_zeros(f"{value // whole}.{value % whole:0{len(str(whole)) - 1}}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_json(type_: Type, value: Value) -> object:
    """A value as JSON shows it: seconds, dollars, shares from 0 to 1, `HH:MM`, lists."""
    match value:
        case None | bool() | str():
            return value
        case tuple():
            return list(value)
        case int() | float():
            return _number_to_json(type_, value)


def _number_to_json(type_: Type, value: float) -> object:
    match type_:
        case Type.DURATION:
            return value / DURATIONS["s"]
        case Type.MONEY:
            return value / DOLLAR
        case Type.SHARE:
            return value / WHOLE
        case Type.TIME:
            return render_quantity(Quantity(type_, value))
        case Type.COUNT | Type.NUMBER | Type.TEXT | Type.BOOL | Type.TEXTS:
            return value


def from_json(type_: Type, value: object) -> Value:
    """A value as JSON shows it, in the form of its type; raises ValueError where it is none of that type."""
    match value:
        case None:
            return None
        case bool() if type_ is Type.BOOL:
            return value
        case str() if type_ is Type.TEXT:
            return value
        case str() if type_ not in (Type.BOOL, Type.TEXTS):
            found = parse_quantity(value)
            if found.type is type_ or (found.type, type_) == (Type.COUNT, Type.NUMBER):
                return found.value
        case list() if type_ is Type.TEXTS and all(isinstance(item, str) for item in value):
            return tuple(value)
        case int() | float() if not isinstance(value, bool):
            return _number_from_json(type_, value)
        case _:
            pass
    raise ValueError(f"this is no {type_}")


def _number_from_json(type_: Type, value: float) -> Value:
    scale = {Type.DURATION: DURATIONS["s"], Type.MONEY: DOLLAR, Type.SHARE: WHOLE}.get(type_)
    if not abs(value) * (scale or 1) <= largest(type_) or (value < 0 and type_ is not Type.NUMBER):
        raise ValueError(f"no {type_} is so large or small")
    if scale is not None:
        return round(Fraction(str(value)) * scale)
    if type_ is Type.NUMBER or (type_ is Type.COUNT and isinstance(value, int)):
        return value
    raise ValueError(f"this is no {type_}")
