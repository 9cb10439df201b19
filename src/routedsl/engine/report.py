"""A decision as JSON: what `decide --json` prints, dry runs answer, and records keep."""

from dataclasses import fields

from routedsl.base.types import Type
from routedsl.base.units import to_json
from routedsl.engine.decision import Action, Decision
from routedsl.language.policy import Options

_DURATIONS = frozenset({"timeout", "first_token", "idle", "deadline", "sticky"})
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
    if decision.action is Action.REJECT:
        shown |= {"status": decision.status, "code": decision.code, "message": decision.message}
    return shown


def options_to_json(options: Options) -> dict[str, object]:
    """The options that differ from the gateway's own, durations in seconds."""
    given = ((field.name, getattr(options, field.name), field.default) for field in fields(options))
    return {
        name: to_json(Type.DURATION, value) if name in _DURATIONS else _plain(value)
        for name, value, default in given
        if value != default and name != _IN_CHAIN
    }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
