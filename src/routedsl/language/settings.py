"""Settings of declarations and options of rules: pydantic models over operands, errors with spans."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, LiteralError, Quantity, parse_quantity
from routedsl.language.findings import Findings, listed
from routedsl.language.syntax import Env, Items, Literal, Name, Operand, Setting, Text, Truth

FAILURES = ("filtered",)
"""What `fallback_on` can name: failures that do not move on to the next model by themselves."""
SECRET = re.compile(
    r"\b(?:sk-|rk_|pk-|gsk_|xai-|hf_|ghp_|github_pat_|AIza|AKIA)[A-Za-z0-9_-]{12,}|^Bearer\s+\S{12,}", re.IGNORECASE
)
"""What keys of known services look like."""
_URL = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[^\s/@:?#\[\]]+)(:(?P<port>\d+))?(/[^\s?#]*)?")
LONGEST = DURATIONS["h"] * 24


class SettingError(ValueError):
    """A value that a setting cannot have; told at its own span."""

    def __init__(self, span: Span, message: str, help: str | None = None, code: str = "R0402") -> None:
        """Keep the place and the help beside the message."""
        super().__init__(message)
        self.span = span
        self.help = help
        self.code = code


# Each reader takes the operand as parsed and returns what it means, or raises SettingError.


def read_text(operand: Operand) -> str:
    """A quoted text."""
    if not isinstance(operand, Text):
        raise SettingError(
            operand.span, f"`{operand.span.text}` should be a quoted text", f'write `"{_bare(operand)}"`'
        )
    return _clean(operand.value, operand.span)


def read_name(operand: Operand) -> str:
    """A bare or quoted name."""
    match operand:
        case Name(text=text) | Text(value=text):
            return _clean(text, operand.span)
        case Literal() | Env() | Truth() | Items() | _:
            raise SettingError(operand.span, f"`{operand.span.text}` should be a name")


def _clean(text: str, span: Span) -> str:
    if not text:
        raise SettingError(span, "the text is empty")
    if not text.isprintable():
        raise SettingError(span, "the text has a control character", code="R0702")
    if SECRET.search(text):
        raise SettingError(
            span,
            "this looks like a key written out",
            "keep it in the environment and write `key $NAME`",
            code="R0701",
        )
    return text


def _bare(operand: Operand) -> str:
    return operand.span.text.strip("\"'")


def read_url(operand: Operand) -> str:
    """An http or https address without user, query or fragment."""
    text = read_text(operand)
    match = re.fullmatch(
        r"https?://(?P<host>\[[0-9a-fA-F:.]+\]|[^\s/@:?#\[\]]+)(?::(?P<port>\d+))?(?P<path>/[^\s?#]*)?", text
    )
    if "@" in text:
        raise SettingError(operand.span, "the address has a user or key in it", "write `key $NAME`", code="R0701")
    if match is None:
        raise SettingError(operand.span, f"`{text}` is no address", 'write it as `"http://127.0.0.1:11434/v1"`')
    if match["port"] and not 0 < int(match["port"]) < 65536:
        raise SettingError(operand.span, f"`{match['port']}` is no port", "ports go from `1` to `65535`")
    return text.rstrip("/")


def read_env(operand: Operand) -> str:
    """A variable of the environment; a key written out is refused."""
    if isinstance(operand, Env):
        return operand.name
    raise SettingError(
        operand.span,
        "a key is only ever named, not written",
        "put it in the environment and write `key $NAME`",
        "R0701",
    )


def quantity(operand: Operand, type_: Type, example: str) -> Quantity:
    """A literal of one type; a count is also a number."""
    if isinstance(operand, Literal):
        try:
            found = parse_quantity(operand.text)
        except LiteralError as error:
            raise SettingError(operand.span, str(error), error.help, "R0302") from error
        if found.type is type_ or (type_ is Type.NUMBER and found.type is Type.COUNT):
            return found
    raise SettingError(
        operand.span, f"`{operand.span.text}` should be a {type_}", _literal_help(operand, type_, example)
    )


def _literal_help(operand: Operand, type_: Type, example: str) -> str:
    bare = _bare(operand)
    suffix = {Type.DURATION: "s", Type.SHARE: "%"}.get(type_, "")
    prefix = "$" if type_ is Type.MONEY else ""
    plain = re.fullmatch(r"[\d_]+(\.\d+)?", bare) is not None
    return f"did you mean `{prefix}{bare}{suffix}`?" if plain and (prefix or suffix) else f"write it as `{example}`"


def read_duration(operand: Operand) -> int:
    """A duration above nothing and up to a day, in microseconds."""
    value = int(quantity(operand, Type.DURATION, "10s").value)
    if not 0 < value <= LONGEST:
        raise SettingError(operand.span, f"`{operand.span.text}` is out of range", "durations go from `1us` to `24h`")
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


def read_quality(operand: Operand) -> float:
    """A number from 0 to 100."""
    value = quantity(operand, Type.NUMBER, "55").value
    if value > 100:
        raise SettingError(operand.span, f"`{operand.span.text}` is out of range", "quality goes from `0` to `100`")
    return value


def read_price(operand: Operand) -> int:
    """Money, in pico-dollars."""
    return int(quantity(operand, Type.MONEY, "$2.50").value)


def read_names(operand: Operand) -> tuple[str, ...]:
    """A list of names, each once."""
    if not isinstance(operand, Items):
        raise SettingError(operand.span, f"`{operand.span.text}` should be a list", f"write `[{operand.span.text}]`")
    names: list[str] = []
    for item in operand.items:
        name = read_name(item)
        if name in names:
            raise SettingError(item.span, f"`{name}` is listed twice")
        names.append(name)
    return tuple(names)


def _closed(operand: Operand, known: Iterable[str]) -> tuple[str, ...]:
    names = read_names(operand)
    if isinstance(operand, Items):
        for name, item in zip(names, operand.items, strict=True):
            if name not in known:
                hint = did_you_mean(name, known) or f"it is one of {listed(known)}"
                raise SettingError(item.span, f"`{name}` is not known here", hint, "R0304")
    return names


def read_supports(operand: Operand, info: ValidationInfo) -> tuple[str, ...]:
    """What a model supports, of the values that the vocabulary knows."""
    return _closed(operand, info.context["supports"] if info.context else ())


def read_failures(operand: Operand) -> tuple[str, ...]:
    """Kinds of failure that move on to the next model."""
    return _closed(operand, FAILURES)


def read_timezone(operand: Operand) -> str:
    """A zone of the time zone database."""
    name = read_text(operand)
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        hint = did_you_mean(name, available_timezones())
        raise SettingError(
            operand.span, f"`{name}` is no time zone", hint or 'write it as `"Europe/Berlin"`'
        ) from error


def read_whole(operand: Operand) -> str:
    """The one word `whole`."""
    if isinstance(operand, Name) and operand.text == "whole":
        return operand.text
    raise SettingError(operand.span, f"`{operand.span.text}` is no way to buffer", "write `buffer whole`")


def read_protocol(operand: Operand) -> str:
    """The dialect that an upstream speaks."""
    name = read_name(operand)
    if name != "openai":
        raise SettingError(operand.span, f"`{name}` is a dialect that is not there yet", "write `openai`", "R0901")
    return name


def _operand(value: Operand) -> Operand:
    return value


Kept = Annotated[Any, BeforeValidator(_operand)]
"""An operand that another pass resolves, such as a list of models."""
Duration = Annotated[int, BeforeValidator(read_duration)]
NameText = Annotated[str, BeforeValidator(read_name)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UpstreamSettings(_Settings):
    """What `upstream` takes."""

    url: Annotated[str, BeforeValidator(read_url)]
    key: Annotated[str | None, BeforeValidator(read_env)] = None
    protocol: Annotated[str, BeforeValidator(read_protocol)] = "openai"
    connect: Duration = 3 * DURATIONS["s"]


class ModelSettings(_Settings):
    """What `model` takes."""

    upstream: NameText | None = None
    id: NameText | None = None
    context: Annotated[int | None, BeforeValidator(read_count)] = None
    quality: Annotated[float | None, BeforeValidator(read_quality)] = None
    supports: Annotated[tuple[str, ...] | None, BeforeValidator(read_supports)] = None
    input_price: Annotated[int, BeforeValidator(read_price)] = 0
    output_price: Annotated[int, BeforeValidator(read_price)] = 0
    tags: Annotated[tuple[str, ...], BeforeValidator(read_names)] = ()


class OptionSettings(_Settings):
    """What rules, blocks and routes take as options; None is unwritten."""

    fallback: Kept = None
    fallback_on: Annotated[tuple[str, ...] | None, BeforeValidator(read_failures)] = None
    timeout: Duration | None = None
    first_token: Duration | None = None
    idle: Duration | None = None
    deadline: Duration | None = None
    retry: Annotated[int | None, BeforeValidator(read_retry)] = None
    buffer: Annotated[str | None, BeforeValidator(read_whole)] = None
    hedge: Duration | None = None
    sticky: Duration | None = None
    max_output: Annotated[int | None, BeforeValidator(read_count)] = None


class DefaultSettings(OptionSettings):
    """What `defaults` takes: every option, and what concerns the whole policy."""

    timezone: Annotated[str, BeforeValidator(read_timezone)] = "UTC"
    explicit: NameText | None = None


S = TypeVar("S", bound=_Settings)


def read_settings(
    model: type[S], settings: Sequence[Setting], whole: Span, findings: Findings, context: Mapping[str, object]
) -> S | None:
    """Check settings against their pydantic model; None where anything was wrong, which is then reported."""
    values = _once(settings, findings)
    try:
        return model.model_validate({name: s.value for name, s in values.items()}, context=dict(context))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _report(details, model, values, whole, findings)
        return None


def _once(settings: Sequence[Setting], findings: Findings) -> dict[str, Setting]:
    first: dict[str, Setting] = {}
    for setting in settings:
        name = setting.name.text
        if name in first:
            findings.twice("R0404", setting.name.span, f"`{name}` is given twice", first[name].name.span)
        else:
            first[name] = setting
    return first


def _report(
    details: ErrorDetails, model: type[_Settings], values: Mapping[str, Setting], whole: Span, findings: Findings
) -> None:
    name = str(details["loc"][0])
    cause = details.get("ctx", {}).get("error")
    if details["type"] == "extra_forbidden":
        known = sorted(model.model_fields)
        hint = did_you_mean(name, known) or f"it is one of {listed(known)}"
        findings.error("R0401", values[name].name.span, f"`{name}` is no setting here", hint)
    elif details["type"] == "missing":
        findings.error("R0403", whole, f"`{name}` is missing")
    elif isinstance(cause, SettingError):
        findings.error(cause.code, cause.span, str(cause), cause.help)
    else:
        findings.error("R0402", values[name].value.span, f"the value of `{name}` is wrong: {details['msg']}")
