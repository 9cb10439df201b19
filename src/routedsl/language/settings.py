"""Settings of declarations and options of rules: which of them each place takes, and how each is read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.source import Span
from routedsl.base.suggest import close_matches
from routedsl.language.findings import Findings, listed, quoted
from routedsl.language.operands import (
    SettingError,
    read_closed,
    read_count,
    read_duration,
    read_env,
    read_name,
    read_names,
    read_price,
    read_protocol,
    read_quality,
    read_retry,
    read_share,
    read_text,
    read_timezone,
    read_url,
    read_whole,
)
from routedsl.language.syntax import Operand, Setting

FAILURES = ("filtered", "invalid", "too_long")
"""What `fallback_on` can name: failures that do not move on to the next model by themselves."""

Reader = Callable[[Operand], Any]
"""From an operand to what it means; raises `SettingError` where it means nothing there."""


class Settings(Struct, frozen=True):
    """The settings that one place takes, each with its reader; those that are `needed` cannot be left out.

    `place` and `word` are what messages call the place, and one of its settings.
    """

    place: str
    readers: Mapping[str, Reader]
    needed: tuple[str, ...] = ()
    word: str = "setting"

    def reading(self, name: str, reader: Reader) -> "Settings":
        """The same with a setting read in another way."""
        return replace(self, readers={**self.readers, name: reader})


def _failures(operand: Operand) -> tuple[str, ...]:
    return read_closed(operand, FAILURES)


def _as_parsed(operand: Operand) -> Operand:
    return operand


UPSTREAM = Settings(
    "`upstream`",
    {
        "url": read_url,
        "key": read_env,
        "protocol": read_protocol,
        "connect": read_duration,
        "kind": read_name,
        "slots": read_count,
    },
    needed=("url",),
)
"""What `upstream` takes; which kinds there are is for the vocabulary to say."""
MODEL = Settings(
    "`model`",
    {
        "upstream": read_name,
        "id": read_name,
        "context": read_count,
        "quality": read_quality,
        "supports": read_names,
        "input_price": read_price,
        "output_price": read_price,
        "typical_output": read_count,
        "tags": read_names,
    },
)
"""What `model` takes; what a model can support is for the vocabulary to say."""
CLASSIFIER = Settings("`classifier`", {"file": read_text}, needed=("file",))
"""What `classifier` takes."""
OPTIONS = Settings(
    "a rule, a block or a route",
    {
        "fallback": _as_parsed,
        "fallback_on": _failures,
        "timeout": read_duration,
        "first_token": read_duration,
        "idle": read_duration,
        "deadline": read_duration,
        "retry": read_retry,
        "buffer": read_whole,
        "hedge": read_duration,
        "sticky": read_duration,
        "explore": read_share,
        "max_output": read_count,
    },
    word="option",
)
"""What rules, blocks and routes take; `fallback` is for another pass, which knows the models."""
DEFAULTS = Settings("`defaults`", {**OPTIONS.readers, "timezone": read_timezone, "explicit": read_name}, word="option")
"""What `defaults` takes: every option, and what concerns the whole policy."""

EXAMPLES = {"url": 'url "http://127.0.0.1:11434/v1"', "file": 'file "difficulty.json"'}
"""How settings that may not be left out are written."""


def read_settings(
    taken: Settings, written: Sequence[Setting], whole: Span, findings: Findings
) -> dict[str, Any] | None:
    """What is written, by name and as its reader returns it.

    What is wrong is reported and left out; None where it cannot be left out. `whole` is where a
    missing one is told.
    """
    first = _once(written, findings)
    found = {}
    for name, setting in first.items():
        reader = taken.readers.get(name)
        if reader is None:
            _report_unknown(setting, taken, findings)
            continue
        try:
            found[name] = reader(setting.value)
        except SettingError as error:
            findings.error(error.code, error.span, str(error), error.help, edit=error.edit)
    _report_missing(taken, first, whole, findings)
    return found if found.keys() >= set(taken.needed) else None


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


def _report_missing(taken: Settings, written: Iterable[str], whole: Span, findings: Findings) -> None:
    there = {*written, *(_meant(name, taken) for name in written)}  # by another name, which is told
    for name in taken.needed:
        if name not in there:
            findings.error("R0403", whole, f"`{name}` is missing", f"write `{EXAMPLES[name]}`")


def _report_unknown(setting: Setting, taken: Settings, findings: Findings) -> None:
    name = setting.name
    hint, edit = _where_it_belongs(name.text, taken)
    findings.error("R0401", name.span, f"{quoted(name.text)} is no {taken.word} of {taken.place}", hint, edit=edit)


_ALIASES = {
    "base_url": "url", "api_base": "url", "endpoint": "url", "address": "url", "api_key": "key", "token": "key",
    "provider": "upstream", "backend": "upstream", "model": "id", "name": "id", "context_window": "context",
    "capabilities": "supports", "retries": "retry", "fallbacks": "fallback", "max_tokens": "max_output",
    "request_timeout": "timeout", "type": "kind", "cost": "input_price", "labels": "tags", "path": "file",
    "weights": "file", "exploration": "explore", "epsilon": "explore", "session_affinity": "sticky",
}  # fmt: skip
"""What other tools call settings and options."""


def _meant(name: str, taken: Settings) -> str | None:
    """The setting that was likely meant by a name that is none."""
    if name in taken.readers:
        return None
    alias = _ALIASES.get(name)
    return alias if alias in taken.readers else next(iter(close_matches(name, sorted(taken.readers), 1)), None)


def _where_it_belongs(name: str, taken: Settings) -> tuple[str, str | None]:
    other = next((each for each in (UPSTREAM, MODEL, CLASSIFIER, OPTIONS, DEFAULTS) if name in each.readers), None)
    if other is not None:
        return f"it belongs to {other.place}", None
    meant = _meant(name, taken)
    return (f"did you mean `{meant}`?", meant) if meant else (f"there is {listed(sorted(taken.readers))}", None)
