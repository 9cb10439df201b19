"""Readers of what settings and options are set to: each takes an operand as parsed and returns what it means."""

import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo, available_timezones

from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, LiteralError, Quantity, parse_quantity
from routedsl.language.findings import kind_of, listed, quoted, suggested
from routedsl.language.syntax import Env, Items, Literal, Name, Operand, Text

DIALECTS = ("openai", "anthropic")
"""What upstreams speak."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that have no place in a name or a message: they could end a line of a header or of a log."""
LONGEST = DURATIONS["h"] * 24
_URL = re.compile(
    r"https?://(?P<host>\[[0-9a-fA-F:.]+\]|[^\s/@:?#\[\]]+)(?::(?P<port>\d{1,9}))?(?P<path>/[^\s?#]*)?", re.IGNORECASE
)


_VARIABLE = re.compile(r'"?(?:\$|(?:os\.)?(?:environ|env)[/.:])?([A-Z][A-Z0-9]*_[A-Z0-9_]*)"?')
"""The name of a variable, as other tools write one that holds a key."""


class SettingError(ValueError):
    """A value that a setting cannot have; told at its own span, `edit` is to put in its place."""

    def __init__(
        self, span: Span, message: str, help: str | None = None, code: str = "R0402", *, edit: str | None = None
    ) -> None:
        """Keep the place, the help and the change beside the message."""
        super().__init__(message)
        self.span = span
        self.help = help
        self.code = code
        self.edit = edit


# Each reader raises SettingError where the operand means nothing to it.


def read_text(operand: Operand) -> str:
    """A quoted text."""
    if isinstance(operand, Text):
        return _clean(operand.value, operand.span)
    message = f"{quoted(operand.span.text)} should be a quoted text"
    if isinstance(operand, Env):
        raise SettingError(operand.span, message, "only `key` takes a value of the environment")
    form = f'"{operand.span.text}"' if isinstance(operand, Name | Literal) else None
    raise SettingError(operand.span, message, f"write `{form}`" if form else None, edit=form)


def read_name(operand: Operand) -> str:
    """A bare or quoted name."""
    match operand:
        case Name(text=text) | Text(value=text):
            return _clean(text, operand.span)
        case _:
            raise SettingError(operand.span, f"{quoted(operand.span.text)} should be a name", "quote it if it is one")


def _clean(text: str, span: Span) -> str:
    if not text:
        raise SettingError(span, "the text is empty")
    if CONTROL.search(text):
        raise SettingError(span, "the text has a control character", "take it out", "R0702")
    return text


def read_url(operand: Operand) -> str:
    """An http or https address without user, query or fragment."""
    text = operand.text if isinstance(operand, Name) else read_text(operand)
    match = _URL.fullmatch(text)
    if match is None and "@" in text:
        raise SettingError(operand.span, "the address has a user or a key in it", "write `key $NAME`", "R0701")
    if match is None:
        help_, edit = 'write it as `"http://127.0.0.1:11434/v1"`, without `?` or `#`', None
        if "//" not in text and _URL.fullmatch(f"http://{text}"):
            edit = f'"http://{text}"'
            help_ = f"did you mean `{edit}`?"
        raise SettingError(operand.span, f"{quoted(text)} is no address", help_, edit=edit)
    if match["port"] and not 0 < int(match["port"]) < 65536:
        raise SettingError(operand.span, f"`{match['port']}` is no port", "ports go from `1` to `65535`")
    return text.rstrip("/")


def read_env(operand: Operand) -> str:
    """A variable of the environment; a key written out is refused."""
    if isinstance(operand, Env):
        return operand.name
    variable = _VARIABLE.fullmatch(operand.span.text)
    help_, edit = "put it in the environment and write `key $NAME`", None
    if variable:
        edit = f"${variable[1]}"
        help_ = f"write `key {edit}`"
    raise SettingError(operand.span, "a key is only ever named, not written", help_, "R0701", edit=edit)


def quantity(operand: Operand, type_: Type, example: str) -> Quantity:
    """A literal of one type; a count is also a number."""
    if isinstance(operand, Literal):
        try:
            found = parse_quantity(operand.text)
        except LiteralError as error:
            raise SettingError(operand.span, str(error), error.help, "R0302", edit=error.meant) from error
        if found.type is type_ or (type_ is Type.NUMBER and found.type is Type.COUNT):
            return found
    message = f"{quoted(operand.span.text)} should be {kind_of(type_)}"
    bare = operand.value if isinstance(operand, Text) else operand.span.text
    if isinstance(operand, Text) and _parses(bare, type_):
        raise SettingError(operand.span, message, f"write it without quotes: `{bare}`", edit=bare)
    if type_ is Type.MONEY and _parses(f"${bare}", type_):
        raise SettingError(operand.span, message, f"did you mean `${bare}`?", edit=f"${bare}")
    meant = {Type.DURATION: f"{bare}s", Type.NUMBER: bare.removesuffix("%"), Type.COUNT: bare.removesuffix("%")}.get(
        type_
    )
    if meant and bare[-1] in "0123456789%" and _parses(meant, type_):
        raise SettingError(operand.span, message, f"did you mean `{meant}`?", edit=meant)
    raise SettingError(operand.span, message, f"write it as `{example}`")


def _parses(text: str, type_: Type) -> bool:
    try:
        found = parse_quantity(text).type
        return found is type_ or (type_ is Type.NUMBER and found is Type.COUNT)
    except LiteralError:
        return False


def read_duration(operand: Operand) -> int:
    """A duration above nothing and up to a day, in microseconds."""
    value = int(quantity(operand, Type.DURATION, "10s").value)
    if not 0 < value <= LONGEST:
        raise SettingError(
            operand.span, f"`{operand.span.text}` is out of range", "the most is `24h`, and `0s` is none"
        )
    return value


def read_count(operand: Operand) -> int:
    """A count above nothing."""
    value = int(quantity(operand, Type.COUNT, "8k").value)
    if value < 1:
        raise SettingError(operand.span, f"`{operand.span.text}` is too small", "the least is `1`")
    return value


def read_retry(operand: Operand) -> int:
    """How often to try again: 0 to 5."""
    value = int(quantity(operand, Type.COUNT, "1").value)
    if value > 5:
        raise SettingError(operand.span, f"`{operand.span.text}` is too often", "the most is `5`")
    return value


def read_share(operand: Operand) -> int:
    """A share, in parts per million."""
    return int(quantity(operand, Type.SHARE, "5%").value)


def read_quality(operand: Operand) -> float:
    """A number from 0 to 100."""
    value = quantity(operand, Type.NUMBER, "55").value
    if value > 100:
        raise SettingError(operand.span, f"`{operand.span.text}` is out of range", "quality goes from `0` to `100`")
    return float(value)


def read_price(operand: Operand) -> int:
    """Money, in pico-dollars."""
    return int(quantity(operand, Type.MONEY, "$2.50").value)


def read_names(operand: Operand) -> tuple[str, ...]:
    """A list of names, each once."""
    return tuple(name for name, _ in _named(operand))


def _named(operand: Operand) -> list[tuple[str, Operand]]:
    if not isinstance(operand, Items):
        form = f"[{operand.span.text}]" if isinstance(operand, Name | Text) else None
        message = f"{quoted(operand.span.text)} should be a list"
        raise SettingError(operand.span, message, f"write `{form}`" if form else None, edit=form)
    found: dict[str, Operand] = {}
    for item in operand.items:
        name = read_name(item)
        if name in found:
            raise SettingError(item.span, f"{quoted(name)} is listed twice", "leave one out")
        found[name] = item
    return list(found.items())


_ABILITIES = {"vision": "images", "function_calling": "tools", "functions": "tools", "json_mode": "json"}
"""What other tools call the things that a model supports."""


def read_closed(operand: Operand, known: Iterable[str]) -> tuple[str, ...]:
    """A list of names that are all known, each once."""
    named = _named(operand)
    for name, item in named:
        if name not in known:
            name = _ABILITIES.get(name, name)
            hint, edit = suggested(name, known, f"it is one of {listed(known)}")
            raise SettingError(item.span, f"{quoted(item.span.text)} is not known here", hint, "R0304", edit=edit)
    return tuple(name for name, _ in named)


def read_timezone(operand: Operand) -> str:
    """A zone of the time zone database."""
    name = read_text(operand)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        hint = did_you_mean(name, available_timezones()) or 'write it as `"Europe/Berlin"`'
        raise SettingError(operand.span, f"{quoted(name)} is no time zone", hint) from error


def read_whole(operand: Operand) -> str:
    """The one word `whole`."""
    if isinstance(operand, Name) and operand.text == "whole":
        return operand.text
    message = f"{quoted(operand.span.text)} is no way to buffer"
    raise SettingError(operand.span, message, "write `buffer whole`", edit="whole")


def read_protocol(operand: Operand) -> str:
    """The dialect that an upstream speaks."""
    name = read_name(operand)
    if name not in DIALECTS:
        hint, edit = suggested(name, DIALECTS, f"it is one of {listed(DIALECTS)}")
        raise SettingError(operand.span, f"{quoted(name)} is no dialect", hint, "R0304", edit=edit)
    return name


def read_kind(operand: Operand, known: Iterable[str]) -> str:
    """The kind of server that an upstream is."""
    name = read_name(operand)
    if name not in known:
        hint, edit = suggested(name, known, f"it is one of {listed(known)}")
        raise SettingError(operand.span, f"{quoted(name)} is no kind of server", hint, "R0304", edit=edit)
    return name
