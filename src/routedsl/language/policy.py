"""The checked policy: names resolved, units converted, options merged. Everything after works on this.

Conditions are normalized: `!=`, `not in` and `is missing` are `Not` of their opposite, a range
is two comparisons or an `InSet`, a `let` is inlined. Spans point at the text a person wrote and do
not take part in equality.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from routedsl.base.source import NOWHERE, Node
from routedsl.base.types import Type, Value
from routedsl.language.syntax import Text

# ── conditions ──────────────────────────────────────────────────────────────────────────────────

CANDIDATE = "*"
"""Stands for the model in a candidate's fact inside `where`, until each candidate is put in."""


class Fact(Struct, frozen=True):
    """What a predicate asks: a signal, for a keyed one its name, for a model's fact the model."""

    signal: str
    type: Type
    key: str | None = None
    model: str | None = None
    optional: bool = False

    @property
    def text(self) -> str:
        """The canonical text, which also names the fact in records: `chars`, `header["x"]`, `tiny.up`."""
        if self.model is not None:
            return f"{self.model}.{self.signal}"
        return self.signal if self.key is None else f'{self.signal}["{self.key}"]'


class Op(StrEnum):
    """The comparisons that are left after normalizing."""

    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "=="


class Compare(Node, frozen=True):
    """A fact against a constant of its type; false where the fact is missing."""

    fact: Fact
    op: Op
    value: int | float | str


class CompareFacts(Node, frozen=True):
    """A candidate's declared number against a request's number; only inside `where`."""

    fact: Fact
    op: Op
    other: Fact


class InSet(Node, frozen=True):
    """A fact among constants; for a list of texts, see `Contains`."""

    fact: Fact
    values: tuple[int | float | str, ...]


class Contains(Node, frozen=True):
    """A text that has any of these inside, case folded; or a list of texts with any as a member, exactly."""

    fact: Fact
    texts: tuple[str, ...]


class Matches(Node, frozen=True):
    """A text in which the RE2 pattern is found."""

    fact: Fact
    pattern: str
    ignore_case: bool


class Like(Node, frozen=True):
    """A whole text by `*` (any run) and `?` (one character)."""

    fact: Fact
    pattern: str


class Given(Node, frozen=True):
    """A fact that is not missing."""

    fact: Fact


class Holds(Node, frozen=True):
    """A yes-or-no fact that is yes."""

    fact: Fact


Predicate = Compare | CompareFacts | InSet | Contains | Matches | Like | Given | Holds


class Constant(Node, frozen=True):
    """`always`, and what is decided before any request."""

    value: bool


class And(Node, frozen=True):
    """All of these, tried in order."""

    items: tuple["Condition", ...]


class Or(Node, frozen=True):
    """Any of these, tried in order."""

    items: tuple["Condition", ...]


class Not(Node, frozen=True):
    """The opposite."""

    item: "Condition"


Condition = Predicate | Constant | And | Or | Not


# ── declarations ────────────────────────────────────────────────────────────────────────────────


class Upstream(Node, frozen=True):
    """Where calls go.

    `key` names a variable of the environment; `connect` is in microseconds. `kind` says what it tells
    of itself. `slots` is how many calls it takes at once, None for as many as come.
    """

    name: str
    url: str
    key: str | None = None
    protocol: str = "openai"
    connect: int = 3_000_000
    kind: str = "openai"
    slots: int | None = None


class Model(Node, frozen=True):
    """A model as declared; None is unwritten. Prices are pico-dollars per million tokens, `slots` its upstream's.

    `typical_output` is how many tokens an answer is expected to have, until answers tell.
    """

    name: str
    id: str
    upstream: str | None = None
    context: int | None = None
    quality: float | None = None
    supports: tuple[str, ...] | None = None
    input_price: int = 0
    output_price: int = 0
    typical_output: int | None = None
    tags: tuple[str, ...] = ()
    slots: int | None = None


class Classifier(Node, frozen=True):
    """A trained signal as declared.

    `signal` is its name among all signals: its own, or another where that is taken. `file` is the path as
    written, `digest` the hash of the weights that were found there, None until they are read.
    """

    name: str
    signal: str
    file: str
    digest: str | None = None


def undeclared(name: str) -> Model:
    """A model of which nothing is written but its name."""
    return Model(name, name, span=NOWHERE)


class Options(Struct, frozen=True, kw_only=True):
    """How a chain is made and run. Durations are microseconds, `explore` parts per million; None leaves the default."""

    fallback: tuple[str, ...] = ()
    fallback_on: tuple[str, ...] = ()
    timeout: int | None = None
    first_token: int | None = None
    idle: int | None = None
    deadline: int | None = None
    retry: int = 1
    buffer: str | None = None
    hedge: int | None = None
    sticky: int | None = None
    max_output: int | None = None
    explore: int = 0


# ── targets and rules ───────────────────────────────────────────────────────────────────────────


class Candidate(Struct, frozen=True, kw_only=True):
    """A model that a target names, with the part of `where` that is asked for it (None: always)."""

    model: str
    where: Condition | None = None


class Ranked(Struct, frozen=True, kw_only=True):
    """Models in the order that a strategy gives them; `first` is the order of the text.

    `by` is what a split draws for, `order` the fact of a model that the strategy goes by (None: its own).
    """

    strategy: str
    candidates: tuple[Candidate, ...]
    shares: tuple[int, ...] = ()
    by: Fact | None = None
    order: str | None = None


class HandOver(Struct, frozen=True):
    """Another route decides, by its rules and options alone."""

    route: str


class Reject(Struct, frozen=True):
    """The client gets this status and message."""

    status: int
    message: str


Target = Ranked | HandOver | Reject


class Rule(Node, frozen=True):
    """One rule: `number` counts the whole policy's rules from 0, `name` is `as`'s or `ROUTE:N`."""

    number: int
    name: str
    route: str
    condition: Condition
    target: Target
    options: Options

    @property
    def at(self) -> str:
        """`file:line:column`."""
        return self.span.at


class Block(Node, frozen=True):
    """Rules that are only reached where a condition holds; where none inside does, what follows goes on."""

    condition: Condition
    items: tuple["Rule | Block", ...]


class Route(Node, frozen=True):
    """Ordered rules, and the model names (exact ones, patterns) that they answer to."""

    name: str
    names: tuple[str, ...]
    patterns: tuple[str, ...]
    items: tuple[Rule | Block, ...]


# ── asserts ─────────────────────────────────────────────────────────────────────────────────────


class Only(Struct, frozen=True):
    """No other model is ever in the chain."""

    models: tuple[str, ...]


class Never(Struct, frozen=True):
    """None of these models is ever in the chain."""

    models: tuple[str, ...]


class OnlyWhere(Struct, frozen=True):
    """Every model of the chain is declared so; the condition is about `CANDIDATE`."""

    condition: Condition


class NeverWhere(Struct, frozen=True):
    """No model of the chain is declared so; the condition is about `CANDIDATE`."""

    condition: Condition


class AttemptsLimit(Struct, frozen=True):
    """No more calls than these."""

    most: int


class WaitLimit(Struct, frozen=True):
    """No longer than these microseconds until an answer begins, or there is none."""

    most: int


class CostLimit(Struct, frozen=True):
    """No more than these pico-dollars for all calls together."""

    most: int


Promise = Only | Never | OnlyWhere | NeverWhere | AttemptsLimit | WaitLimit | CostLimit


class Assert(Node, frozen=True):
    """What is promised of every request for which a condition holds, whatever the state of the world."""

    condition: Condition
    promise: Promise


# ── tests ───────────────────────────────────────────────────────────────────────────────────────


class Stated(Node, frozen=True):
    """A fact that a test states of its request or of the world; None is missing."""

    fact: Fact
    value: Value


class Expected(Node, frozen=True):
    """What a test expects of the decision.

    `what` is `model`, `rule`, `route`, `chain`, `reject` or an option's name, and `value` is in its form.
    `message` is that of a rejection, None where any will do.
    """

    what: str
    value: object
    message: str | None = None


class Test(Node, frozen=True):
    """A request, as far as it is told, and what is expected of its decision.

    `request` names a file beside the policy file. `sticky` is the session's last model, `sticky_age` how
    many microseconds ago that was.
    """

    name: str
    stated: tuple[Stated, ...]
    expected: tuple[Expected, ...]
    request: Text | None = None
    sticky: str | None = None
    sticky_age: int = 0


# ── the whole ───────────────────────────────────────────────────────────────────────────────────


class Policy(Struct, frozen=True, kw_only=True):
    """All that is in effect.

    `open` policies declare no model: their targets' names stand for themselves. `rules` are all
    rules by number. `explicit` names the route that takes clients which ask for a declared model,
    None where their choice is kept. `defaults` are the options of an explicit choice.
    `fallback_models` and targets name models by their declared name.
    """

    upstreams: Mapping[str, Upstream]
    models: Mapping[str, Model]
    routes: Mapping[str, Route]
    rules: tuple[Rule, ...]
    defaults: Options
    explicit: str | None = None
    asserts: tuple[Assert, ...] = ()
    tests: tuple[Test, ...] = ()
    classifiers: Mapping[str, Classifier] = {}
    timezone: str = "UTC"
    open: bool = False
    digest: str = ""
