"""A decision as JSON: what `decide --json` prints, dry runs answer, and records keep."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import asdict

from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity, to_json
from routedsl.engine.decision import Action, Decision
from routedsl.language.policy import Options

_DURATIONS = frozenset({"timeout", "first_token", "idle", "deadline", "hedge", "sticky"})
_SHARES = frozenset({"explore"})
_UNWRITTEN = Options()
_IN_CHAIN = "fallback"
"""The option that a decision's chain already shows."""


def decision_to_json(decision: Decision, id_: str | None) -> dict[str, object]:
    """The decision as JSON; times are seconds, missing facts null."""
    shown: dict[str, object] = {
        "id": id_,
        "route": decision.route,
        "rule": decision.rule,
        "at": decision.at,
        "action": decision.action.value,
        "model": decision.model,
        "chain": list(decision.chain),
        "facts": {text: to_json(decision.types[text], value) for text, value in decision.facts.items()},
        "options": options_to_json(decision.options),
        "policy": decision.policy,
    }
    if decision.ahead is not None:
        shown["ahead"] = decision.ahead
    if decision.action is Action.REJECT:
        shown |= {"status": decision.status, "code": decision.code, "message": decision.message}
    return shown


def options_to_json(options: Options) -> dict[str, object]:
    """The options that differ from the gateway's own: durations in seconds, shares from 0 to 1."""
    return {
        name: _plain(value) if (type_ := option_type(name)) is None else to_json(type_, value)
        for name, value in _differing(options)
    }


def options_to_text(options: Options) -> str:
    """The same as a policy writes them: `timeout 10s, retry 0`."""
    return ", ".join(
        f"{name} {_written(value) if (type_ := option_type(name)) is None else render_quantity(Quantity(type_, value))}"
        for name, value in _differing(options)
    )


def option_type(option: str) -> Type | None:
    """The type of an option whose value has a unit."""
    if option in _DURATIONS:
        return Type.DURATION
    return Type.SHARE if option in _SHARES else None


def _differing(options: Options) -> Iterator[tuple[str, Any]]:
    for name, value in asdict(options).items():
        if value != getattr(_UNWRITTEN, name) and name != _IN_CHAIN:
            yield name, value


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _written(value: object) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)
