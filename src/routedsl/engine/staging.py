"""The request that a test tells of: as plain as can be, and with the facts that it states.

What a test leaves open is read of a request that fits the rest: one message of the user that says `hello`,
no tools, no headers, no bound of the answer; every model up and nothing measured. A stated length makes
that message as long, stated counts make as many messages, tools and parts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import fields, replace

from routedsl.base.types import Value
from routedsl.engine.case import Case
from routedsl.engine.request import Message, Request
from routedsl.engine.session import session_of
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.language.policy import Stated, Test

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When the requests of tests come that name no time, so that every day sees the same."""
HELLO = "hello"
_TOOL = '{"type":"function","function":{"name":"tool"}}'
MOST = 10_000
"""Messages, tools and parts past which no more are made; the fact is as stated all the same."""
LONGEST = 10_000_000
"""Characters past which no text is made."""
_AROUND = 7
"""Tokens of a request beside those of its one message."""
_MEASURED = frozenset(field.name for field in fields(ModelState))
_FIELDS = ("json", "stream", "max_tokens", "temperature", "effort", "user", "session", "key", "endpoint", "model")
"""Facts that are fields of a request."""


def staged(test: Test, written: Case | None = None) -> Case:
    """The request of a test; `written` is the one in the file that it names, which its facts go before."""
    facts = {stated.fact.text: stated.value for stated in test.stated}
    base = Case(id=None, request=_plain(facts), world=World(now=NOON), pinned={}) if written is None else written
    return Case(
        id=test.name,
        request=_with_fields(base.request, test.stated, facts),
        world=_world(base.world, test),
        pinned={**base.pinned, **facts},
    )


def _with_fields(request: Request, stated: tuple[Stated, ...], facts: Mapping[str, Value]) -> Request:
    """The request with what is stated of its fields, headers and metadata."""
    changed: dict[str, Any] = {name: facts[name] for name in _FIELDS if name in facts}
    headers = _keyed("header", request.headers, stated)
    session = {"session": session_of(headers) or request.session, **changed}["session"]
    metadata = _keyed("metadata", request.metadata, stated)
    return replace(request, **{**changed, "session": session, "headers": headers, "metadata": metadata})


def _keyed(signal: str, given: Mapping[str, str], stated: tuple[Stated, ...]) -> Mapping[str, str]:
    told = {one.fact.key or "": one.value for one in stated if one.fact.signal == signal and one.fact.key is not None}
    return {name: value for name, value in {**given, **told}.items() if isinstance(value, str)}


# ── the world ───────────────────────────────────────────────────────────────────────────────────


def _world(world: World, test: Test) -> World:
    """The world with what is stated of models; what else is stated of it is pinned."""
    models = dict(world.models)
    for stated in test.stated:
        fact = stated.fact
        if fact.model is not None and fact.signal in _MEASURED:
            value: Any = getattr(UNMEASURED, fact.signal) if stated.value is None else stated.value
            models[fact.model] = replace(models.get(fact.model, UNMEASURED), **{fact.signal: value})
    if test.sticky is None:
        return replace(world, models=models)
    return replace(world, models=models, sticky=test.sticky, sticky_age=test.sticky_age)


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _plain(facts: Mapping[str, Value]) -> Request:
    messages = _messages(facts)
    *before, last = messages
    parts = {name: _count(name, facts) or 0 for name in ("images", "audio", "files", "tool_calls")}
    tools = [_TOOL] * (_count("tools", facts) or 0)
    return Request(endpoint="chat", model=None, messages=(*before, replace(last, **parts)), tools=tools)


def _messages(facts: Mapping[str, Value]) -> list[Message]:
    """The system prompt, if any, messages that say nothing, and at last what is said."""
    turns = _count("turns", facts)
    system, said = _system(facts), _said(facts)
    first = [Message(role="system", text=system)] if system else []
    last = Message(role="assistant" if turns == 0 else "user", text=said)
    most = _count("messages", facts)
    between = max((most or 0) - len(first) - 1, (turns or 1) - 1)
    users = between // 2 if turns is None else max(turns - 1, 0)
    roles = ["user"] * users + ["assistant"] * (between - users)
    return [*first, *(Message(role=role) for role in roles), last]


def _system(facts: Mapping[str, Value]) -> str:
    system = facts.get("system")
    return system if isinstance(system, str) else _filling(_number("system_chars", facts) or 0)


def _said(facts: Mapping[str, Value]) -> str:
    """What the user says last: as stated, else as long as stated."""
    for name in ("last", "text"):
        said = facts.get(name)
        if isinstance(said, str):
            return said
    for name in ("last_chars", "chars"):
        if (chars := _number(name, facts)) is not None:
            return _filling(chars - (len(_system(facts)) if name == "chars" else 0))
    if (words := _number("words", facts)) is not None:
        return " ".join([HELLO] * min(words, LONGEST // len(HELLO)))
    for name in ("tokens", "total_tokens"):
        if (tokens := _number(name, facts)) is not None:
            return " ".join([HELLO] * max(1, min(tokens, LONGEST // len(HELLO)) - _AROUND))
    return HELLO


def _filling(chars: int) -> str:
    """A text of so many characters."""
    wanted = max(0, min(chars, LONGEST))
    return (f"{HELLO} " * (wanted // (len(HELLO) + 1) + 1))[:wanted]


def _count(name: str, facts: Mapping[str, Value]) -> int | None:
    number = _number(name, facts)
    return None if number is None else min(number, MOST)


def _number(name: str, facts: Mapping[str, Value]) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) else None
