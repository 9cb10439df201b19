"""What a policy file says, as frozen values with spans: the parser's result, the formatter's input.

Spans and comments do not take part in equality, so that two texts which say the same are equal.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from routedsl.base.source import Source, Span

# ── words and literals ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Name:
    """A name: of a model, pool, route, upstream, setting, strategy; written bare or quoted."""

    text: str
    span: Span = field(kw_only=True, compare=False, repr=False)
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A number with or without a unit, or a time, as written: `8k`, `10s`, `$0.05`, `5%`, `09:00`."""

    text: str
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text; `value` has its escapes resolved."""

    value: str
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression; `pattern` is RE2's, with `\\/` resolved."""

    pattern: str
    ignore_case: bool
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Env:
    """`$NAME`: a value from the environment."""

    name: str
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`, in settings."""

    value: bool
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Items:
    """`[a, b]`."""

    items: tuple["Operand", ...]
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SignalRef:
    """A signal as a condition names it: `chars`, `header["x-tier"]`, `tiny.up`.

    `name` is the name's text, dots included: what precedes the last dot may be a model, which the
    checker decides. A quoted model (`"meta/L-3".up`) stands in `model` alone.
    """

    name: str
    key: Text | None = None
    model: Name | None = None
    span: Span = field(kw_only=True, compare=False, repr=False)


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


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more conditions."""

    items: tuple["Condition", ...]
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more conditions."""

    items: tuple["Condition", ...]
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    item: "Condition"
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Always:
    """`always`."""

    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`signal op operand`; the operand is a constant, or a bare name."""

    signal: SignalRef
    op: Op
    operand: Operand
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`low <= signal < high`: each operator is `<` or `<=`, or both are `>` or `>=`."""

    low: Operand
    low_op: Op
    signal: SignalRef
    high_op: Op
    high: Operand
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Within:
    """`signal in [..]`, `signal not in [..]`."""

    signal: SignalRef
    items: Items
    negated: bool = False
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InRange:
    """`signal in low..high`, `signal not in low..high`; both ends belong to it."""

    signal: SignalRef
    low: Operand
    high: Operand
    negated: bool = False
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Contains:
    """`signal contains "x"`, or any of `["x", "y"]`; `items` holds one or more."""

    signal: SignalRef
    items: Items
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Matches:
    """`signal matches /re/`."""

    signal: SignalRef
    regex: Regex
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Like:
    """`signal like "gpt-*"`."""

    signal: SignalRef
    pattern: Text
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Given:
    """`signal is given`, `signal is missing`."""

    signal: SignalRef
    missing: bool
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Holds:
    """A yes-or-no signal, or a `let`, by its name alone."""

    signal: SignalRef
    span: Span = field(kw_only=True, compare=False, repr=False)


Predicate = Compare | Between | Within | InRange | Contains | Matches | Like | Given | Holds
"""What asks about one signal."""
Condition = And | Or | Not | Always | Predicate


# ── targets, rules, options ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class All:
    """`all`: the declared models, in order."""

    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToName:
    """`-> tiny`: a model or a pool."""

    name: Name
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToStrategy:
    """`-> fastest of [a, b] where C`; `source` is a list of names, a pool's name, or `all`."""

    strategy: Name
    source: Items | Name | All
    where: Condition | None = None
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Share:
    """One entry of a split: a model and its share, which one entry may leave out."""

    name: Name
    share: Literal | None
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToSplit:
    """`-> split of [a 90%, b 10%] by user`."""

    strategy: Name
    shares: tuple[Share, ...]
    by: SignalRef | None = None
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToRoute:
    """`-> route support`."""

    name: Name
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToReject:
    """`-> reject 403 "why"`."""

    status: Literal
    message: Text
    span: Span = field(kw_only=True, compare=False, repr=False)


Target = ToName | ToStrategy | ToSplit | ToRoute | ToReject


@dataclass(frozen=True, slots=True)
class Setting:
    """`name value`, in a declaration, in `defaults`, or as an option of rules."""

    name: Name
    value: Operand
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """`when C -> T as name { options }`; `condition` is None for `else T`.

    `keyword` is where `when` or `else` stands.
    """

    condition: Condition | None
    target: Target
    name: Name | None = None
    options: tuple[Setting, ...] = ()
    span: Span = field(kw_only=True, compare=False, repr=False)
    keyword: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Block:
    """`when C { … }`: rules, nested blocks and options, in the order of the text."""

    condition: Condition
    body: tuple["Rule | Block | Setting", ...]
    span: Span = field(kw_only=True, compare=False, repr=False)
    keyword: Span = field(kw_only=True, compare=False, repr=False)


# ── declarations ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Import:
    """`import "models.route"`."""

    path: Text
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Declaration:
    """`upstream`, `model` or `classifier`, a name, and settings in braces."""

    keyword: str
    name: Name
    settings: tuple[Setting, ...]
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Let:
    """`let name = C`."""

    name: Name
    condition: Condition
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pool:
    """`pool name = [a, b]` or `pool name = fastest of [a, b]`; the target is a strategy, or a list."""

    name: Name
    target: ToStrategy | Items
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Defaults:
    """`defaults { … }`."""

    settings: tuple[Setting, ...]
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """`route auto, "gpt-*" { … }`."""

    names: tuple[Name, ...]
    body: tuple[Rule | Block | Setting, ...]
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assert:
    """`assert C -> promise`; the promise is kept as its kind's word and what follows it.

    `kind` is `only`, `never`, `only where`, `never where`, `attempts`, `wait` or `cost`; `value` is
    a list or pool of models, a condition, or a limit.
    """

    condition: Condition
    kind: str
    value: Items | Name | All | Condition | Literal
    span: Span = field(kw_only=True, compare=False, repr=False)


Statement = Import | Declaration | Let | Pool | Defaults | Route | Assert | Rule | Block | Setting


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, its `#` included, without trailing space."""

    text: str
    span: Span = field(kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """One policy file: its edition (None where unwritten) and statements, in the order of the text."""

    source: Source = field(kw_only=True, compare=False, repr=False)
    edition: Literal | None
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)
