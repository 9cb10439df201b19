"""The space of requests as a policy can tell them apart: one dimension for each fact, cut into cells.

All values of a cell are alike to every predicate of the policy, so that a set of values is a set of cells,
held as the bits of an int. Free patterns of a text (`matches`, `contains`, `like`) are dimensions of their own
with two cells, tied to the text's dimension by what is certain: a known value decides every pattern on it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from routedsl.base.types import Type, Value
from routedsl.base.units import WHOLE
from routedsl.engine.matching import matcher
from routedsl.language.policy import (
    And,
    Compare,
    Condition,
    Constant,
    Contains,
    Fact,
    Given,
    Holds,
    InSet,
    Like,
    Matches,
    Not,
    Op,
    Or,
    Predicate,
)
from routedsl.language.vocabulary import SignalWord

OTHER = "\0other"
"""Stands for all texts that the policy does not name; no text of a request has a NUL by chance."""
NO, YES = 1, 2
"""The two cells of a pattern's dimension: the pattern fails, it is found."""
BOTH = NO | YES
_LAST = {Type.TIME: 24 * 60 - 1, Type.SHARE: WHOLE}
"""The greatest value of the types that have one."""


@dataclass(frozen=True, slots=True)
class Span:
    """A cell of an ordered fact: the values from `low` to `high`, both in unless it is `open`."""

    low: float
    high: float
    open: bool = False

    def sample(self) -> float:
        """A value of the cell: its least where it has one."""
        if not self.open:
            return self.low
        if self.high == inf:
            return self.low + 1 if self.low != -inf else 0
        return self.high - 1 if self.low == -inf else (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Dimension:
    """One fact's values in cells. `values` has a sample of each cell, None for the cell of missing.

    `spans` are the cells' bounds where the fact is ordered, in order; the cell of missing comes after
    them. `other` is the cell of all texts that the policy does not name. `pattern` is set for a
    pattern's dimension, whose cells are `NO` and `YES`.
    """

    fact: Fact
    values: tuple[Value, ...]
    spans: tuple[Span, ...] = ()
    other: int | None = None
    pattern: Contains | Matches | Like | None = None
    places: Mapping[Value, int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Note where each sample stands: every constant of the policy is the sample of a cell."""
        object.__setattr__(self, "places", {value: index for index, value in enumerate(self.values)})

    @property
    def full(self) -> int:
        """All cells."""
        return (1 << len(self.values)) - 1

    def cells(self, test: Callable[[Value], bool]) -> int:
        """The cells whose sample passes; every other value of a cell does as its sample."""
        return sum(1 << index for index, value in enumerate(self.values) if test(value))


@dataclass(frozen=True, slots=True)
class Law:
    """A fact that is never more than another, by their dimensions."""

    lesser: int
    greater: int


@dataclass(frozen=True, slots=True)
class Space:
    """All dimensions of a policy, and what ties them together.

    `texts` gives for a text's dimension each of its patterns with the cells of the text on which the
    pattern is certainly found, and on which it certainly is not.
    """

    dimensions: tuple[Dimension, ...]
    index: Mapping[object, int]
    texts: Mapping[int, tuple[tuple[int, int, int], ...]]
    laws: tuple[Law, ...] = ()

    def atom(self, predicate: Predicate) -> tuple[int, int]:
        """A predicate as a dimension and the cells where it holds."""
        if isinstance(predicate, Contains | Matches | Like) and pattern_key(predicate) in self.index:
            return self.index[pattern_key(predicate)], YES
        at = self.index[predicate.fact.text]
        return at, cells_of(predicate, self.dimensions[at])


def cells_of(predicate: Predicate, dimension: Dimension) -> int:
    """The cells of its fact's dimension where a predicate holds."""
    places = dimension.places
    match predicate:
        case Compare(op=op, value=value) if value in places and (dimension.spans or op is Op.EQ):
            return _compared(op, places[value], len(dimension.spans))
        case InSet(values=values) if all(value in places for value in values):
            return sum(1 << places[value] for value in set(values))
        case _:
            return dimension.cells(test_of(predicate))


def _compared(op: Op, place: int, spans: int) -> int:
    """The cells on one side of a constant, which is a cell of its own."""
    here, below = 1 << place, (1 << place) - 1
    above = ((1 << spans) - 1) & ~(here | below)
    return {Op.EQ: here, Op.LT: below, Op.LE: below | here, Op.GT: above, Op.GE: above | here}[op]


def test_of(predicate: Predicate) -> Callable[[Value], bool]:
    """A predicate as a test of its fact's value."""
    match predicate:
        case Compare(op=op, value=constant):
            return _comparison(op, constant)
        case InSet(values=values):
            return lambda value: value in values
        case Given():
            return lambda value: value is not None
        case Holds():
            return lambda value: value is True
        case Contains() | Matches() | Like():
            return matcher(predicate)
        case _:
            raise TypeError("two facts are compared; a candidate's declared one is put in first")


def _comparison(op: Op, constant: float | str) -> Callable[[Value], bool]:
    tests: Mapping[Op, Callable[[Value], bool]] = {
        Op.EQ: lambda value: value == constant,
        Op.LT: lambda value: value is not None and value < constant,  # type: ignore[operator]  # one type, as checked
        Op.LE: lambda value: value is not None and value <= constant,  # type: ignore[operator]  # as above
        Op.GT: lambda value: value is not None and value > constant,  # type: ignore[operator]  # as above
        Op.GE: lambda value: value is not None and value >= constant,  # type: ignore[operator]  # as above
    }
    return tests[op]


def pattern_key(predicate: Contains | Matches | Like) -> object:
    """What makes two patterns one dimension."""
    return (type(predicate).__name__, predicate)


# ── building ────────────────────────────────────────────────────────────────────────────────────


def space_of(conditions: Iterable[Condition], words: Mapping[str, SignalWord]) -> Space:
    """The space that these conditions can tell apart; `words` tell closed lists and laws of request signals."""
    predicates = [predicate for condition in conditions for predicate in predicates_of(condition)]
    by_fact: dict[str, list[Predicate]] = {}
    for predicate in predicates:
        by_fact.setdefault(predicate.fact.text, []).append(predicate)
    build = _Build()
    for asked in by_fact.values():
        _add_fact(asked, words.get(asked[0].fact.signal), build)
    return Space(
        dimensions=tuple(build.dimensions),
        index=build.index,
        texts={at: tuple(patterns) for at, patterns in build.texts.items()},
        laws=tuple(_laws(build.index, words)),
    )


@dataclass(slots=True)
class _Build:
    dimensions: list[Dimension] = field(default_factory=list)
    index: dict[object, int] = field(default_factory=dict)
    texts: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)

    def add(self, key: object, dimension: Dimension) -> int:
        self.index[key] = len(self.dimensions)
        self.dimensions.append(dimension)
        return self.index[key]


def _add_fact(asked: Sequence[Predicate], word: SignalWord | None, build: _Build) -> None:
    fact = asked[0].fact
    optional = fact.optional or any(predicate.fact.optional for predicate in asked)
    missing: tuple[Value, ...] = (None,) if optional else ()
    closed = word.values if word is not None and fact.model is None else ()
    if fact.type is Type.BOOL:
        build.add(fact.text, Dimension(fact, (False, True, *missing)))
    elif fact.type.ordered:
        spans = tuple(ordered_spans(fact.type, _constants(asked)))
        values = tuple(span.sample() for span in spans)
        build.add(fact.text, Dimension(fact, (*values, *missing), spans))
    elif closed:
        build.add(fact.text, Dimension(fact, (*closed, *missing)))
    else:
        _add_text(asked, missing, build)


def _add_text(asked: Sequence[Predicate], missing: tuple[Value, ...], build: _Build) -> None:
    """An open text: the values that are named, one cell for all others, and a dimension for each pattern."""
    fact = asked[0].fact
    named = tuple(dict.fromkeys(str(constant) for constant in _constants(asked)))
    at = build.add(fact.text, Dimension(fact, (*named, OTHER, *missing), other=len(named)))
    for predicate in asked:
        if not isinstance(predicate, Contains | Matches | Like) or pattern_key(predicate) in build.index:
            continue
        test = matcher(predicate)
        found = sum(1 << index for index, value in enumerate(named) if test(value))
        known = ((1 << len(named)) - 1) | (1 << len(named) + 1 if missing else 0)
        pattern = build.add(pattern_key(predicate), Dimension(fact, (False, True), pattern=predicate))
        build.texts.setdefault(at, []).append((pattern, found, known & ~found))


def _constants(asked: Iterable[Predicate]) -> Iterator[float | str]:
    for predicate in asked:
        match predicate:
            case Compare(value=value):
                yield value
            case InSet(values=values):
                yield from values
            case _:
                pass


def _laws(index: Mapping[object, int], words: Mapping[str, SignalWord]) -> Iterator[Law]:
    for name, word in words.items():
        if word.at_most is not None and name in index and word.at_most in index:
            yield Law(index[name], index[word.at_most])


def predicates_of(condition: Condition) -> Iterator[Predicate]:
    """Every predicate of a condition, in the order of the text."""
    match condition:
        case And(items=items) | Or(items=items):
            for item in items:
                yield from predicates_of(item)
        case Not(item=item):
            yield from predicates_of(item)
        case Constant():
            return
        case _:
            yield condition


def ordered_spans(type_: Type, constants: Iterable[float | str]) -> Iterator[Span]:
    """The cells of an ordered fact: each constant on its own, and what lies between."""
    numbers = [constant for constant in constants if not isinstance(constant, str)]
    return _number_spans(numbers) if type_ is Type.NUMBER else _whole_spans(type_, numbers)


def _whole_spans(type_: Type, constants: Iterable[float]) -> Iterator[Span]:
    last = _LAST.get(type_, inf)
    starts = sorted({0, *(start for c in constants for start in (int(c), int(c) + 1) if 0 <= start <= last)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield Span(start, last if following is None else following - 1)


def _number_spans(constants: Iterable[float]) -> Iterator[Span]:
    low = -inf
    for point in sorted(set(constants)):
        yield Span(low, point, open=True)
        yield Span(point, point)
        low = point
    yield Span(low, inf, open=True)
