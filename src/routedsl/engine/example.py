"""Moments for the examples of signals, and what a signal reads in them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from routedsl.base.source import NOWHERE
from routedsl.base.types import Value
from routedsl.engine.request import Message, Request
from routedsl.engine.signal import Example, Moment, Signal
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.language.policy import Model

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
"""When examples happen that name no time: a Saturday."""


def chat(*messages: str | Message, name: str | None = None, world: World | None = None, **fields: Any) -> Moment:
    """A chat request at noon: texts are the user's messages, `fields` are those of `Request`.

    `name` is what stands in brackets behind a keyed signal.
    """
    said = tuple(Message(role="user", text=message) if isinstance(message, str) else message for message in messages)
    request = Request(**{"endpoint": "chat", "model": "auto", "messages": said, **fields})
    return Moment(request=request, world=world or World(now=NOON), fact=_no_facts, key=name)


def at(now: datetime, timezone: str = "UTC") -> Moment:
    """A moment of the clock, seen from a time zone."""
    return replace(chat("hi", world=World(now=now)), timezone=timezone)


def candidate(state: ModelState = UNMEASURED, asked: Moment | None = None, **declared: Any) -> Moment:
    """A model named `tiny` that is asked about: what is measured of it, and the fields of its declaration."""
    model = Model("tiny", "tiny", **declared, span=NOWHERE)
    return replace(asked or chat("hi"), world=World(now=NOON, models={"tiny": state}), model=model)


def under(rule: str, asked: Moment) -> Moment:
    """A moment in which a rule has decided, and ranks its candidates."""
    return replace(asked, rule=rule)


def reading(signal: Signal, example: Example, signals: Mapping[str, Signal]) -> Value:
    """What a signal reads at the example's moment, other facts of it being read by `signals`, by their names."""

    def fact(name: str) -> Value:
        return signals[name.rpartition(".")[2]].read(moment)

    moment = replace(example.given, fact=fact)
    return signal.read(moment)


def _no_facts(name: str) -> Value:
    raise LookupError(f"nobody has been told how to read `{name}`")
