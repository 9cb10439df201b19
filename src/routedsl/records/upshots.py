"""What decisions come to: to whom a request goes and how, or why to nobody. Names of rules are no part of it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from routedsl.engine.decision import Action, Decision
from routedsl.engine.report import options_to_json
from routedsl.records.record import Past

Settings = tuple[tuple[str, Any], ...]
"""Options by their names, in the order of the alphabet; durations are seconds."""


class Upshot(Struct, frozen=True):
    """What one decision comes to. Two are equal where no client could tell them apart.

    A refusal has its `status` and `code`, and no chain; `status` is None where a record does not tell it.
    """

    chain: tuple[str, ...] = ()
    options: Settings = ()
    status: int | None = None
    code: str | None = None

    @property
    def model(self) -> str | None:
        """Who is asked first; None where nobody is."""
        return self.chain[0] if self.chain else None

    @property
    def refused(self) -> bool:
        """Whether the policy itself says no."""
        return self.code is not None


class Move(Struct, frozen=True):
    """Another upshot than before, and the rules that decided before and now: None where the model was unknown."""

    old_rule: str | None
    old: Upshot
    new_rule: str | None
    new: Upshot


class Upshots:
    """Reads the upshots of records and decisions; what it has read of options it need not read again."""

    def __init__(self) -> None:
        """Know none yet."""
        self._recorded: dict[bytes, Settings] = {}
        self._decided: dict[str | None, Settings] = {}

    def of_record(self, past: Past) -> Upshot:
        """The upshot of a recorded decision; raises `msgspec.DecodeError` where its options are none."""
        if past.action == Action.REJECT:
            return Upshot(status=past.status, code=past.code)
        told = bytes(past.options)
        options = self._recorded.get(told)
        if options is None:
            options = self._recorded[told] = _settings(msgspec.json.decode(told, type=dict[str, Any]))
        return Upshot(past.chain, options)

    def of_decision(self, decision: Decision, past: Past) -> Upshot:
        """The upshot of a new decision on a record, by one policy: a rule always has the same options."""
        if decision.action is Action.REJECT:
            return Upshot(status=decision.status if past.status is not None else None, code=decision.code)
        options = self._decided.get(decision.rule)
        if options is None:
            options = self._decided[decision.rule] = _settings(options_to_json(decision.options))
        return Upshot(decision.chain, options)


def _settings(options: Mapping[str, Any]) -> Settings:
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in sorted(options.items()))
