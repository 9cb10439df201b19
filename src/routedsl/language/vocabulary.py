"""The words that a policy may use without declaring them, as one value: the checker's only view of extensions."""

from collections.abc import Mapping

from msgspec import Struct

from routedsl.base.types import Type


class SignalWord(Struct, frozen=True):
    """What the checker must know of a signal.

    `about` is `request`, `world`, or `model` (a fact of a model: `tiny.up`); `keyed` signals take a
    name in brackets; `values` closes a text to a list; `optional` ones may be missing; `declared`
    facts of a model are written in its declaration and known before any request. A model is `better`
    the more it has of such a fact.
    """

    name: str
    type: Type
    about: str = "request"
    keyed: bool = False
    values: tuple[str, ...] = ()
    optional: bool = False
    declared: bool = False
    at_most: str | None = None
    better: bool = False


class Vocabulary(Struct, frozen=True):
    """Names of signals (facts of models apart, since bare names are the request's) and of strategies.

    A strategy's value says whether it takes shares, as `split` does; `ordered` are those that take a
    fact to go by, as `best` does. `kinds` are those of servers that an upstream can be.
    """

    signals: Mapping[str, SignalWord]
    model_facts: Mapping[str, SignalWord]
    strategies: Mapping[str, bool]
    ordered: frozenset[str]
    kinds: tuple[str, ...]
