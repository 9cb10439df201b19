"""What a policy file says, as frozen values with spans: the parser's result, the formatter's input.

Spans take no part in equality, so that two statements which say the same are equal.
"""

from enum import StrEnum

from msgspec import Struct

from routedsl.base.source import Node, Source

# ── words and literals ──────────────────────────────────────────────────────────────────────────


class Name(Node, frozen=True):
    """A name: of a model, pool, route, upstream, setting, strategy; written bare or quoted."""

    text: str


class Literal(Node, frozen=True):
    """A number with or without a unit, or a time, as written: `8k`, `10s`, `$0.05`, `5%`, `09:00`."""

    text: str


class Text(Node, frozen=True):
    """A quoted text; `value` has its escapes resolved."""

    value: str


class Regex(Node, frozen=True):
    """A regular expression; `pattern` is RE2's, with `\\/` resolved."""

    pattern: str
    ignore_case: bool


class Env(Node, frozen=True):
    """`$NAME`: a value from the environment."""

    name: str


class Truth(Node, frozen=True):
    """`true` or `false`, in settings."""

    value: bool


class Items(Node, frozen=True):
    """`[a, b]`."""

    items: tuple["Operand", ...]


class SignalRef(Node, frozen=True):
    """A signal as a condition names it: `chars`, `header["x-tier"]`, `tiny.up`.

    `name` is the name's text, dots included: what precedes the last dot may be a model, which the
    checker decides. A quoted model (`"meta/L-3".up`) stands in `model` alone.
    """

    name: str
    key: Text | None = None
    model: Name | None = None


Operand = Literal | Text | Regex | Env | Truth | Items | Name
"""A setting's or an option's value, or a constant of a comparison (a bare name may be a signal)."""


# ── conditions ──────────────────────────────────────────────────────────────────────────────────


class Op(StrEnum):
    """The comparison operators."""

    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "=="
    NE = "!="


class And(Node, frozen=True):
    """All of two or more conditions."""

    items: tuple["Condition", ...]


class Or(Node, frozen=True):
    """Any of two or more conditions."""

    items: tuple["Condition", ...]


class Not(Node, frozen=True):
    """The opposite of a condition."""

    item: "Condition"


class Always(Node, frozen=True):
    """`always`."""


class Compare(Node, frozen=True):
    """`signal op operand`; the operand is a constant, or a bare name."""

    signal: SignalRef
    op: Op
    operand: Operand


class Between(Node, frozen=True):
    """`low <= signal < high`: each operator is `<` or `<=`, or both are `>` or `>=`."""

    low: Operand
    low_op: Op
    signal: SignalRef
    high_op: Op
    high: Operand


class Within(Node, frozen=True):
    """`signal in [..]`, `signal not in [..]`."""

    signal: SignalRef
    items: Items
    negated: bool = False


class InRange(Node, frozen=True):
    """`signal in low..high`, `signal not in low..high`; both ends belong to it."""

    signal: SignalRef
    low: Operand
    high: Operand
    negated: bool = False


class Contains(Node, frozen=True):
    """`signal contains "x"`, or any of `["x", "y"]`; `items` holds one or more."""

    signal: SignalRef
    items: Items


class Matches(Node, frozen=True):
    """`signal matches /re/`."""

    signal: SignalRef
    regex: Regex


class Like(Node, frozen=True):
    """`signal like "gpt-*"`."""

    signal: SignalRef
    pattern: Text


class Given(Node, frozen=True):
    """`signal is given`, `signal is missing`."""

    signal: SignalRef
    missing: bool


class Holds(Node, frozen=True):
    """A yes-or-no signal, or a `let`, by its name alone."""

    signal: SignalRef


Predicate = Compare | Between | Within | InRange | Contains | Matches | Like | Given | Holds
"""What asks about one signal."""
Condition = And | Or | Not | Always | Predicate


# ── targets, rules, options ─────────────────────────────────────────────────────────────────────


class All(Node, frozen=True):
    """`all`: the declared models, in order."""


class ToName(Node, frozen=True):
    """`-> tiny`: a model or a pool."""

    name: Name


class ToStrategy(Node, frozen=True):
    """`-> best of [a, b] by success where C`; `source` is a list of names, a pool's name, or `all`."""

    strategy: Name
    source: Items | Name | All
    where: Condition | None = None
    by: SignalRef | None = None


class Share(Node, frozen=True):
    """One entry of a split: a model and its share, which one entry may leave out."""

    name: Name
    share: Literal | None


class ToSplit(Node, frozen=True):
    """`-> split of [a 90%, b 10%] by user`."""

    strategy: Name
    shares: tuple[Share, ...]
    by: SignalRef | None = None


class ToRoute(Node, frozen=True):
    """`-> route support`."""

    name: Name


class ToReject(Node, frozen=True):
    """`-> reject 403 "why"`."""

    status: Literal
    message: Text


Target = ToName | ToStrategy | ToSplit | ToRoute | ToReject


class Setting(Node, frozen=True):
    """`name value`, in a declaration, in `defaults`, or as an option of rules."""

    name: Name
    value: Operand


class Rule(Node, frozen=True):
    """`when C -> T as name { options }`; `condition` is None for `else T`."""

    condition: Condition | None
    target: Target
    name: Name | None = None
    options: tuple[Setting, ...] = ()


class Block(Node, frozen=True):
    """`when C { … }`: rules, nested blocks and options, in the order of the text."""

    condition: Condition
    body: tuple["Rule | Block | Setting", ...]


# ── declarations ────────────────────────────────────────────────────────────────────────────────


class Import(Node, frozen=True):
    """`import "models.route"`."""

    path: Text


class Declaration(Node, frozen=True):
    """`upstream`, `model` or `classifier`, a name, and settings in braces."""

    keyword: str
    name: Name
    settings: tuple[Setting, ...]


class Let(Node, frozen=True):
    """`let name = C`."""

    name: Name
    condition: Condition


class Pool(Node, frozen=True):
    """`pool name = [a, b]` or `pool name = fastest of [a, b]`; the target is a strategy, or a list."""

    name: Name
    target: ToStrategy | Items


class Defaults(Node, frozen=True):
    """`defaults { … }`."""

    settings: tuple[Setting, ...]


class Route(Node, frozen=True):
    """`route auto, "gpt-*" { … }`."""

    names: tuple[Name, ...]
    body: tuple[Rule | Block | Setting, ...]


class Assert(Node, frozen=True):
    """`assert C -> promise`; the promise is kept as its kind's word and what follows it.

    `kind` is `only`, `never`, `only where`, `never where`, `attempts`, `wait` or `cost`; `value` is
    a list or pool of models, a condition, or a limit.
    """

    condition: Condition
    kind: str
    value: Items | Name | All | Condition | Literal


class Stated(Node, frozen=True):
    """`chars 20`, `tiny.up false`: what a test says of its request or of the world."""

    signal: SignalRef
    value: Operand


class Expected(Node, frozen=True):
    """`expect tiny`, `expect rule quick`, `expect reject 403 "why"`; `what` is None where a model is expected."""

    what: Name | None
    value: Operand
    message: Text | None = None


class Test(Node, frozen=True):
    """`test "short goes to tiny" { messages 1  expect tiny }`."""

    name: Text
    stated: tuple[Stated, ...]
    expected: tuple[Expected, ...]


Statement = Import | Declaration | Let | Pool | Defaults | Route | Assert | Test | Rule | Block | Setting


class Comment(Node, frozen=True):
    """A comment, its `#` included, without trailing space."""

    text: str


class File(Struct, frozen=True):
    """One policy file: its edition (None where unwritten) and statements, in the order of the text."""

    source: Source
    edition: Literal | None
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = ()
