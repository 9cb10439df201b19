"""Literals with units: `8k`, `10s`, `$0.05`, `5%`, `09:00` to exact values, and back."""

import re
from dataclasses import dataclass
from fractions import Fraction

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

_NUMBER = re.compile(r"(?P<dollar>\$)?(?P<digits>\d[\d_]*(?:\.\d+)?)(?P<unit>[A-Za-zµ%]*)")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_LONG_UNITS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s",
    "msec": "ms", "millis": "ms", "milliseconds": "ms", "MS": "ms",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hour": "h", "hours": "h", "H": "h",
    "K": "k", "kilo": "k", "m": "m", "mio": "M", "mil": "M", "B": "M",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantity:
    """A literal's type and its exact value in that type (see `Type`)."""

    type: Type
    value: int | float


class LiteralError(ValueError):
    """A literal that means nothing; `help` may name the form that was meant."""

    def __init__(self, message: str, help: str | None = None) -> None:
        """Keep the help beside the message."""
        super().__init__(message)
        self.help = help


def parse_quantity(text: str) -> Quantity:
    """The value of a literal as written; raises `LiteralError` where it has none."""
    if clock := _TIME.fullmatch(text):
        return _time(text, int(clock[1]), int(clock[2]))
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise LiteralError(f"`{text}` is not a number")
    amount = Fraction(match["digits"].replace("_", ""))
    quantity = _money(text, amount, match["unit"]) if match["dollar"] else _plain(text, amount, match)
    if abs(quantity.value) > LARGEST * (DOLLAR if quantity.type is Type.MONEY else 1):
        raise LiteralError(f"`{text}` is larger than anything it could be compared with")
    return quantity


def _time(text: str, hour: int, minute: int) -> Quantity:
    if hour > 23 or minute > 59:
        raise LiteralError(f"`{text}` is no time of day", "times go from `00:00` to `23:59`")
    return Quantity(Type.TIME, hour * 60 + minute)


def _money(text: str, amount: Fraction, unit: str) -> Quantity:
    if unit:
        raise LiteralError(f"`{text}` has a unit after its amount", f"did you mean `{text[: -len(unit)]}`?")
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
    raise LiteralError(f"`{text}` has an unknown unit, `{unit}`", _unit_help(match["digits"], unit))


def _whole(text: str, amount: Fraction, smallest: str) -> int:
    if amount.denominator != 1:
        raise LiteralError(f"`{text}` is finer than {smallest}")
    return int(amount)


def _unit_help(digits: str, unit: str) -> str:
    known = [*DURATIONS, *MULTIPLES, "%"]
    meant = _LONG_UNITS.get(unit) or next(iter(close_matches(unit, known, most=1)), None)
    return f"did you mean `{digits}{meant}`?" if meant else f"the units are {', '.join(f'`{u}`' for u in known)}"


def render_quantity(quantity: Quantity) -> str:
    """The shortest canonical text of a value: `8k`, `1.5M`, `90s`, `$2.5`, `5%`, `09:00`."""
    value = quantity.value
    match quantity.type:
        case Type.TIME:
            return f"{int(value) // 60:02}:{int(value) % 60:02}"
        case Type.MONEY:
            return f"${_decimal(Fraction(value) / DOLLAR)}"
        case Type.SHARE:
            return f"{_decimal(Fraction(value) * 100 / WHOLE)}%"
        case Type.DURATION:
            return _scaled(int(value), {"us": 1, **{u: DURATIONS[u] for u in ("ms", "s", "m", "h")}}, "us")
        case Type.COUNT:
            return _scaled(int(value), {"": 1, **MULTIPLES}, "")
        case Type.NUMBER | Type.TEXT | Type.BOOL | Type.TEXTS:
            return _decimal(Fraction(str(value)))


def _scaled(value: int, units: dict[str, int], smallest: str) -> str:
    whole = [unit for unit, size in units.items() if value and value % size == 0]
    unit = whole[-1] if whole else smallest
    return f"{value // units[unit]}{unit}"


def _decimal(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    digits = f"{float(value):.12f}".rstrip("0")
    return digits.rstrip(".")


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
            if found.type is type_:
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
    if scale is not None:
        return round(Fraction(str(value)) * scale)
    if type_ is Type.NUMBER or (type_ is Type.COUNT and isinstance(value, int)):
        return value
    raise ValueError(f"this is no {type_}")
