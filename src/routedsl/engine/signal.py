"""The contract of a signal: one file in `signals/` binds `SIGNAL = Signal(...)`, docs and examples included."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct

from routedsl.base.types import Type, Value
from routedsl.engine.request import Request
from routedsl.engine.world import ModelState, World
from routedsl.language.policy import Model


class Cost(StrEnum):
    """How dear it is to read a signal once: documentation for people, and an order for optimizers."""

    FREE = "free"
    CHEAP = "cheap"
    DEAR = "dear"


class About(StrEnum):
    """What a signal is a fact of."""

    REQUEST = "request"
    WORLD = "world"
    MODEL = "model"


Pin = Callable[[str], Value]
"""Reads another fact of the same request by its canonical text: memoised, and pinned facts win."""


class Moment(Struct, frozen=True, kw_only=True):
    """All that a signal may read: the request, the world, other facts, and for a model's fact its declaration.

    `key` is the name in brackets of a keyed signal. `timezone` is the policy's. `model` is the
    declaration of the model that a model's fact is about. `rule` is the rule whose candidates are ranked,
    None in conditions.
    """

    request: Request
    world: World
    fact: Pin
    key: str | None = None
    timezone: str = "UTC"
    model: Model | None = None
    rule: str | None = None

    @property
    def about(self) -> Model:
        """The model that a model's fact is about; raises LookupError for any other signal."""
        if self.model is None:
            raise LookupError("this signal is not a model's fact")
        return self.model

    def count(self, name: str) -> int:
        """Another fact of the same request that is a count; raises LookupError where it is missing."""
        value = self.fact(name)
        if not isinstance(value, int):
            raise LookupError(f"`{name}` is missing")
        return value

    def text(self, name: str) -> str | None:
        """Another fact of the same request that is a text; None where it is missing."""
        value = self.fact(name)
        return value if isinstance(value, str) else None

    @property
    def state(self) -> ModelState:
        """What is measured of the model that a model's fact is about."""
        return self.world.model(self.about.name)


class Example(Struct, frozen=True):
    """A documented and tested reading: at this moment, the signal has this value.

    `engine.example` makes moments, and tells what a signal reads in them.
    """

    given: Moment
    value: Value
    note: str = ""


class Signal(Struct, frozen=True, kw_only=True):
    """A named, typed thing to ask.

    `read` returns the value in the type's form (see `Type`), None where it is missing; it must not
    raise, and where it does the fact is missing. `values` closes a text to a list. `keyed`
    signals take a name in brackets. `declared` facts of a model are written in its declaration.
    `at_most` names a signal that this one never exceeds; analysis relies on it. `optional` says
    that the value may be missing. A model is `better` the more it has of such a fact: `best` can go
    by it. A model's fact that is `by_rule` may be another where a rule ranks its candidates than in
    conditions. `parts` tells, for `explain`, what numbers a value is made of.
    """

    name: str
    type: Type
    read: Callable[[Moment], Value]
    doc: str
    since: str
    about: About = About.REQUEST
    cost: Cost = Cost.FREE
    keyed: bool = False
    values: tuple[str, ...] = ()
    optional: bool = False
    declared: bool = False
    by_rule: bool = False
    at_most: str | None = None
    better: bool = False
    examples: tuple[Example, ...] = ()
    parts: Callable[[Moment], Mapping[str, float]] | None = None
