"""Settings of declarations and options of rules: pydantic models over operands, errors with spans."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from routedsl.base.source import Span
from routedsl.base.suggest import close_matches
from routedsl.base.units import DURATIONS
from routedsl.language.findings import Findings, listed, quoted
from routedsl.language.operands import (
    SettingError,
    read_closed,
    read_count,
    read_duration,
    read_env,
    read_kind,
    read_name,
    read_names,
    read_price,
    read_protocol,
    read_quality,
    read_retry,
    read_timezone,
    read_url,
    read_whole,
)
from routedsl.language.syntax import Operand, Setting

FAILURES = ("filtered", "invalid", "too_long")
"""What `fallback_on` can name: failures that do not move on to the next model by themselves."""


def _abilities(operand: Operand, info: ValidationInfo) -> tuple[str, ...]:
    return read_closed(operand, info.context["supports"] if info.context else ())


def _kind(operand: Operand, info: ValidationInfo) -> str:
    return read_kind(operand, info.context["kinds"] if info.context else ())


def _failures(operand: Operand) -> tuple[str, ...]:
    return read_closed(operand, FAILURES)


Duration = Annotated[int, BeforeValidator(read_duration)]
NameText = Annotated[str, BeforeValidator(read_name)]


class _Settings(BaseModel):
    """The settings of one place; `place` and `word` are what messages call the place, and one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    place: ClassVar[str]
    word: ClassVar[str] = "setting"


class UpstreamSettings(_Settings):
    """What `upstream` takes."""

    place = "`upstream`"

    url: Annotated[str, BeforeValidator(read_url)]
    key: Annotated[str | None, BeforeValidator(read_env)] = None
    protocol: Annotated[str, BeforeValidator(read_protocol)] = "openai"
    connect: Duration = 3 * DURATIONS["s"]
    kind: Annotated[str, BeforeValidator(_kind)] = "openai"
    slots: Annotated[int | None, BeforeValidator(read_count)] = None


class ModelSettings(_Settings):
    """What `model` takes."""

    place = "`model`"

    upstream: NameText | None = None
    id: NameText | None = None
    context: Annotated[int | None, BeforeValidator(read_count)] = None
    quality: Annotated[float | None, BeforeValidator(read_quality)] = None
    supports: Annotated[tuple[str, ...] | None, BeforeValidator(_abilities)] = None
    input_price: Annotated[int, BeforeValidator(read_price)] = 0
    output_price: Annotated[int, BeforeValidator(read_price)] = 0
    tags: Annotated[tuple[str, ...], BeforeValidator(read_names)] = ()


class OptionSettings(_Settings):
    """What rules, blocks and routes take as options; None is unwritten.

    `fallback` is kept as it was parsed, for another pass that knows the models.
    """

    place = "a rule, a block or a route"
    word = "option"
    fallback: Any = None
    fallback_on: Annotated[tuple[str, ...] | None, BeforeValidator(_failures)] = None
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

    place = "`defaults`"

    timezone: Annotated[str, BeforeValidator(read_timezone)] = "UTC"
    explicit: NameText | None = None


S = TypeVar("S", bound=_Settings)

EXAMPLES = {"url": 'url "http://127.0.0.1:11434/v1"'}
"""How settings that may not be left out are written."""


def read_settings(
    model: type[S], settings: Sequence[Setting], whole: Span, findings: Findings, context: Mapping[str, object]
) -> S | None:
    """Check settings against their pydantic model.

    What is wrong is reported and left out; None where it cannot be left out. `whole` is where a
    missing one is told.
    """
    values = _once(settings, findings)
    operands = {name: setting.value for name, setting in values.items()}
    try:
        return model.model_validate(operands, context=dict(context))
    except ValidationError as error:
        found = error.errors(include_url=False)
    for details in found:
        _report(details, model, values, whole, findings)
    wrong = {_name(details) for details in found}
    if any(field.is_required() for name, field in model.model_fields.items() if name in wrong):
        return None
    good = {name: operand for name, operand in operands.items() if name not in wrong}
    return model.model_validate(good, context=dict(context))


def _once(settings: Sequence[Setting], findings: Findings) -> dict[str, Setting]:
    first: dict[str, Setting] = {}
    for setting in settings:
        name = setting.name.text
        if name in first:
            place, message = setting.name.span, f"{quoted(name)} is given twice"
            findings.twice("R0404", place, message, first[name].name.span, help="leave one out")
        else:
            first[name] = setting
    return first


def _name(details: ErrorDetails) -> str:
    return str(details["loc"][0])


def _report(
    details: ErrorDetails, model: type[_Settings], values: Mapping[str, Setting], whole: Span, findings: Findings
) -> None:
    name = _name(details)
    cause = details.get("ctx", {}).get("error")
    if details["type"] == "missing" and name in (_meant(other, model) for other in values):
        return  # it is there, by another name, which is told
    if details["type"] == "missing":
        findings.error("R0403", whole, f"`{name}` is missing", f"write `{EXAMPLES[name]}`")
    elif details["type"] == "extra_forbidden":
        message = f"{quoted(name)} is no {model.word} of {model.place}"
        hint, edit = _where_it_belongs(name, model)
        findings.error("R0401", values[name].name.span, message, hint, edit=edit)
    elif isinstance(cause, SettingError):
        findings.error(cause.code, cause.span, str(cause), cause.help, edit=cause.edit)
    else:
        raise AssertionError(f"`{name}` has a reader that raises another error: {details['msg']}")


_ALIASES = {
    "base_url": "url", "api_base": "url", "endpoint": "url", "address": "url", "api_key": "key", "token": "key",
    "provider": "upstream", "backend": "upstream", "model": "id", "name": "id", "context_window": "context",
    "capabilities": "supports", "retries": "retry", "fallbacks": "fallback", "max_tokens": "max_output",
    "request_timeout": "timeout", "type": "kind", "cost": "input_price", "labels": "tags",
}  # fmt: skip
"""What other tools call settings and options."""


def _meant(name: str, model: type[_Settings]) -> str | None:
    """The setting that was likely meant by a name that is none."""
    if name in model.model_fields:
        return None
    alias = _ALIASES.get(name)
    return (
        alias if alias in model.model_fields else next(iter(close_matches(name, sorted(model.model_fields), 1)), None)
    )


def _where_it_belongs(name: str, model: type[_Settings]) -> tuple[str, str | None]:
    places = (UpstreamSettings, ModelSettings, OptionSettings, DefaultSettings)
    other = next((place for place in places if name in place.model_fields), None)
    if other is not None:
        return f"it belongs to {other.place}", None
    meant = _meant(name, model)
    return (f"did you mean `{meant}`?", meant) if meant else (f"there is {listed(sorted(model.model_fields))}", None)
