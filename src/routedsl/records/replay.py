"""Recorded requests decided again, under the same policy or another, from what records keep of them.

Texts are not kept. So what a policy asks of them is put into it as yes-or-no facts, by the names under which
records have the answers. Whatever a decision reads and the record does not have is told, and never guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, cast

from msgspec.structs import replace

from routedsl.base.types import Type, Value
from routedsl.base.units import DOLLAR, DURATIONS, WHOLE, from_json
from routedsl.engine.catalog import Catalog
from routedsl.engine.decision import Decision
from routedsl.engine.draw import Drawn, draw_of
from routedsl.engine.facts import Facts
from routedsl.engine.program import Program, program_of
from routedsl.engine.reference import holds
from routedsl.engine.request import Message, Request
from routedsl.engine.signal import About, Moment, Signal
from routedsl.engine.world import ModelState, World
from routedsl.language.policy import Fact, Given, InSet, Model, Policy, Predicate
from routedsl.records.masking import masked
from routedsl.records.predicates import hidden_atoms, hidden_draws
from routedsl.records.recipe import Privacy, weights_of
from routedsl.records.record import Past, Record, Shown, StateRecord, WorldRecord

_SCALE: Mapping[Type, int] = {Type.DURATION: DURATIONS["s"], Type.MONEY: DOLLAR, Type.SHARE: WHOLE}
_NEEDED = frozenset({"model", "tokens", "max_tokens", "tools", "images", "audio", "files", "json"})
"""Facts by which routes are found and chains are made, whatever the rules ask."""
_NAMES = 256
"""Names of models of which it is remembered which patterns they fit."""
_BARE = (Message(role="user"),)
_UNKNOWN = "model_not_found"
_MAY = "the models of key"
"""What a client's key may ask for: where there is such a model, and it was unknown to the key, nobody can tell now."""


class Recalled(NamedTuple):
    """What a record says of a request: as far as chains need it, its facts, and the world that it was decided in."""

    request: Request
    world: World
    pinned: Mapping[str, Value]


class Replayed(NamedTuple):
    """The decision on a record; where anything is `unrecorded` that it read, it may be another one."""

    decision: Decision
    unrecorded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayer:
    """Decides records by one policy. Made by `replayer_of`."""

    program: Program
    scaled: Mapping[str, Type]
    atoms: Mapping[str, Predicate]
    draws: Mapping[str, Fact]
    askable: frozenset[str]
    weights: Mapping[str, str]
    privacy: Privacy | None

    @property
    def models(self) -> Mapping[str, Model]:
        """The models that the policy declares."""
        return self.program.policy.models

    def decide(self, record: Record | Past) -> Replayed:
        """Decide a record again; raises TypeError where one of its facts is not of its type."""
        recalled = self.recall(record)
        facts = _RecalledFacts(self.program, self.askable, recalled)
        decision = self.program.decide_on(facts, recalled.request, recalled.world)
        unrecorded = facts.unrecorded
        if not recalled.pinned.keys() >= _NEEDED:
            unrecorded |= _NEEDED - recalled.pinned.keys()
        if record.code == _UNKNOWN != decision.code and record.key is not None:
            unrecorded.add(_MAY)
        return Replayed(decision, tuple(sorted(unrecorded)) if unrecorded else ())

    def recall(self, record: Record | Past) -> Recalled:
        """What the record says, for this policy."""
        facts = record.facts
        pinned: dict[str, Value] = dict(facts)
        for name, type_ in self.scaled.items():
            if name in pinned:
                pinned[name] = _value(type_, facts[name])
        if record.classifiers != self.weights:
            for name in _judged_otherwise(record.classifiers, self.weights):
                pinned.pop(name, None)
        for name, atom in self.atoms.items():
            answer = self._answer(name, atom, record)
            if answer is not None:
                pinned[name] = answer
        for name, by in self.draws.items():
            if name in record.predicates or by.text in facts:
                pinned[name] = _drawn(name, by, record)
        return Recalled(_request(record), world_of(record.world), pinned)

    def _answer(self, name: str, atom: Predicate, record: Record | Past) -> bool | None:
        """Whether a predicate of a text held; None where the record does not tell."""
        text = atom.fact.text
        if text in record.facts:
            value = _value(Type.TEXT, record.facts[text])
            return holds(atom, lambda _: value)
        if name in record.predicates:
            return record.predicates[name] is True
        if text not in record.hashed:
            return None
        hashed = record.hashed[text]
        match atom:
            case _ if hashed is None:
                return False
            case Given():
                return True
            case InSet(values=values) if self.privacy is not None and record.hash_key == self.privacy.mark:
                return hashed in {self.privacy.hashed(str(value)) for value in values}
            case _:
                return None


def replayer_of(policy: Policy, catalog: Catalog, privacy: Privacy | None = None) -> Replayer:
    """A replayer of a checked policy. With the key of the hashes, equality with hashed values is decided too."""
    hidden, draws = hidden_atoms(policy, catalog), hidden_draws(policy, catalog)
    judged = {each.signal: _named(each.signal, Type.NUMBER) for each in policy.classifiers.values()}
    signals = {name: _unread(signal) for name, signal in {**catalog.signals, **judged}.items()}
    signals |= {name: _named(name, Type.BOOL) for name in hidden} | {name: _named(name, Type.TEXT) for name in draws}
    program = _remembering(program_of(masked(policy, catalog), replace(catalog, signals=signals)))
    named = {text: reading.signal for text, reading in program.readings.named.items()}
    asked = {**named, **{name: signal for name, signal in {**catalog.signals, **judged}.items() if not signal.keyed}}
    types = {text: signal.type for text, signal in asked.items() if signal.about is About.REQUEST}
    scaled = {text: type_ for text, type_ in types.items() if type_ in _SCALE or type_ is Type.TIME}
    return Replayer(program, scaled, hidden, draws, frozenset({*types, *hidden, *draws}), weights_of(policy), privacy)


def _remembering(program: Program) -> Program:
    """The program, which looks once for the pattern that a name fits: records ask for few names, over and over."""
    patterns = tuple((lru_cache(_NAMES)(fits), route) for fits, route in program.addresses.patterns)
    return replace(program, addresses=replace(program.addresses, patterns=patterns))


def _judged_otherwise(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    """The facts that were judged by one set of weights, and would be by another."""
    return (name for name in {**one, **other} if one.get(name) != other.get(name))


class _RecalledFacts(Facts):
    """Facts of a record. What is asked of the request and was not recorded is noted, and missing."""

    __slots__ = ("_askable", "unrecorded")

    def __init__(self, program: Program, askable: frozenset[str], recalled: Recalled) -> None:
        super().__init__(program.readings, recalled.request, recalled.world, recalled.pinned)
        self.values |= recalled.pinned
        self.unrecorded: set[str] = set()
        self._askable = askable

    def _read(self, text: str, rule: str | None = None) -> Value:
        if text not in self._askable:
            return super()._read(text, rule)
        self.unrecorded.add(text)
        return None


def _unread(signal: Signal) -> Signal:
    """A signal that cannot read a recorded request: its value is pinned, or nobody knows it."""
    return replace(signal, read=_nothing) if signal.about is About.REQUEST else signal


def _named(name: str, type_: Type) -> Signal:
    return Signal(name=name, type=type_, read=_nothing, doc="", since="")


def _nothing(_moment: Moment) -> Value:
    return None


# ── what a record says, in the engine's own values ──────────────────────────────────────────────


def _value(type_: Type, shown: Shown) -> Value:
    """A fact's value; raises ValueError where it is not of its type."""
    if type_ is Type.TIME:
        return from_json(type_, shown)
    scale = _SCALE.get(type_)
    return shown if scale is None or not isinstance(shown, int | float) else round(shown * scale)


def _drawn(name: str, by: Fact, record: Record | Past) -> Value:
    value = record.facts.get(by.text)
    if value is not None:
        return Drawn(draw_of(str(value)))
    share = record.predicates.get(name)
    return None if share is None else Drawn(round(share * WHOLE))


def world_of(world: WorldRecord) -> World:
    """The world of a decision."""
    return World(
        now=datetime.fromisoformat(world.time),
        draw=None if world.draw is None else round(world.draw * WHOLE),
        models={name: cast("ModelState", _ToldState(state)) for name, state in world.models.items()},
        sticky=world.sticky,
        sticky_age=round(world.sticky_age * DURATIONS["s"]),
        sticky_before={name: round(age * DURATIONS["s"]) for name, age in world.sticky_before.items()},
        spent_today=round(world.spent_today * DOLLAR),
        spent_month=round(world.spent_month * DOLLAR),
        total_spent_today=round(world.total_spent_today * DOLLAR),
        total_spent_month=round(world.total_spent_month * DOLLAR),
        requests_per_minute=world.requests_per_minute,
        tokens_per_minute=world.tokens_per_minute,
    )


class _ToldState:
    """What a record tells of a model, as a `ModelState`: most are asked for little but whether they are up.

    What a record has in another unit is worked out when it is asked, all else is the record's own.
    """

    __slots__ = ("_told",)

    def __init__(self, told: StateRecord) -> None:
        self._told = told

    def __getattr__(self, name: str) -> object:
        return getattr(self._told, name)

    @property
    def up(self) -> bool:
        return self._told.up

    @property
    def latency(self) -> int | None:
        return _scaled(self._told.latency, DURATIONS["s"])

    @property
    def first_token(self) -> int | None:
        return _scaled(self._told.first_token, DURATIONS["s"])

    @property
    def errors(self) -> int:
        return round(self._told.errors * WHOLE)

    @property
    def load(self) -> int:
        return round(self._told.load * WHOLE)

    @property
    def memory_free(self) -> int | None:
        return _scaled(self._told.memory_free, WHOLE)

    @property
    def success(self) -> int | None:
        return _scaled(self._told.success, WHOLE)

    @property
    def success_by_rule(self) -> Mapping[str, int]:
        return {rule: round(share * WHOLE) for rule, share in self._told.success_by_rule.items()}


def _scaled(value: float | None, scale: int) -> int | None:
    return None if value is None else round(value * scale)


def _request(record: Record | Past) -> Request:
    """A request that needs of a model what the recorded one did."""
    facts = record.facts
    bound = facts.get("max_tokens")
    images, audio, files = bool(facts.get("images")), bool(facts.get("audio")), bool(facts.get("files"))
    return Request(
        endpoint=record.endpoint,
        model=record.asked,
        messages=(Message(role="user", images=images, audio=audio, files=files),)
        if images or audio or files
        else _BARE,
        id=record.id,
        key=record.key,
        tools=("",) if facts.get("tools") else (),
        json=facts.get("json") is True,
        stream=record.stream,
        max_tokens=bound if isinstance(bound, int) else None,
    )
