"""The space of requests as a policy can tell them apart: one dimension for each fact, cut into cells.

All values of a cell are alike to every predicate of the policy, so that a set of values is a set of cells,
held as the bits of an int. Free patterns of a text (`matches`, `contains`, `like`) are dimensions of their own
with two cells, tied to the text's dimension by what is certain: a known value decides every pattern on it.

Signals are taken at their word: a value has its type and is one of a closed list, `at_most` holds, only what is
`optional` is ever missing, and no fact but a plain number is below zero. Facts that somebody pins otherwise are
no request's.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import inf

from msgspec import Struct

from routedsl.analysis.predicates import Pattern, constants_of, each_once, implications, patterns_of, test_of
from routedsl.analysis.ties import AtLeast, AtMost, Follows, Tie
from routedsl.base.types import Type, Value
from routedsl.language.policy import Compare, Condition, Fact, InSet, Op, Predicate
from routedsl.language.vocabulary import SignalWord

OTHER = "\0other"
"""Stands for all texts that the policy does not name."""
NO, YES = 1, 2
"""The two cells of a pattern's dimension: the pattern fails, it is found."""
BOTH = NO | YES
_LAST_MINUTE = 24 * 60 - 1


class Span(Struct, frozen=True):
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


class Dimension(Struct, frozen=True, dict=True):
    """One fact's values in cells. `values` has a sample of each cell, None for the cell of missing.

    `spans` are the cells' bounds where the fact is ordered, in order; the cell of missing comes after
    them. `other` is the cell of all texts that the policy does not name. `pattern` is set for a
    pattern's dimension, whose cells are `NO` and `YES`.
    """

    fact: Fact
    values: tuple[Value, ...]
    spans: tuple[Span, ...] = ()
    other: int | None = None
    pattern: Pattern | None = None

    @cached_property
    def full(self) -> int:
        """All cells."""
        return (1 << len(self.values)) - 1

    @cached_property
    def places(self) -> Mapping[Value, int]:
        """Where each sample stands: every constant of the policy is the sample of a cell."""
        return {value: index for index, value in enumerate(self.values)}

    def cells(self, test: Callable[[Value], bool]) -> int:
        """The cells whose sample passes; every other value of a cell does as its sample."""
        return sum(1 << index for index, value in enumerate(self.values) if test(value))


class Law(Struct, frozen=True):
    """A fact that is never more than another, by their dimensions."""

    lesser: int
    greater: int


class Space(Struct, frozen=True):
    """All dimensions of a policy, and what ties them together.

    `index` finds a dimension by its fact's text, or by a pattern's `pattern_key`. `texts` gives for a
    text's dimension each of its patterns with the cells of the text on which the pattern is certainly
    found, and on which it certainly is not. `ties` are these, the laws and the patterns that imply or
    exclude each other, by the dimension that they start from.
    """

    dimensions: tuple[Dimension, ...]
    index: Mapping[object, int]
    texts: Mapping[int, tuple[tuple[int, int, int], ...]]
    laws: tuple[Law, ...] = ()
    ties: Mapping[int, tuple[Tie, ...]] = {}
    atoms: Mapping[Predicate, tuple[int, int]] = {}

    def atom(self, predicate: Predicate) -> tuple[int, int]:
        """A predicate as a dimension and the cells where it holds.

        Raises LookupError where it is none of those that the space was made for: the cells need not tell it apart.
        """
        return self.atoms[predicate]


# ── predicates ──────────────────────────────────────────────────────────────────────────────────


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
    match op:
        case Op.EQ:
            return 1 << place
        case Op.LT:
            return (1 << place) - 1
        case Op.LE:
            return (2 << place) - 1
        case Op.GT:
            return (1 << spans) - (2 << place)
        case Op.GE:
            return (1 << spans) - (1 << place)


def pattern_key(predicate: Pattern) -> object:
    """What makes two patterns one dimension."""
    return (type(predicate).__name__, predicate)


# ── building ────────────────────────────────────────────────────────────────────────────────────


def space_of(conditions: Iterable[Condition], words: Mapping[str, SignalWord]) -> Space:
    """The space that these conditions can tell apart; `words` tell closed lists and laws of request signals."""
    by_fact: dict[str, dict[Predicate, None]] = {}
    for predicate in each_once(conditions):
        by_fact.setdefault(predicate.fact.text, {})[predicate] = None
    build = _Build()
    for asked in by_fact.values():
        build.add_fact(tuple(asked), words.get(next(iter(asked)).fact.signal))
    build.add_laws(words)
    return Space(
        dimensions=tuple(build.dimensions),
        index=build.index,
        texts={at: tuple(patterns) for at, patterns in build.texts.items()},
        laws=tuple(build.laws),
        ties={at: tuple(ties) for at, ties in build.ties.items()},
        atoms=dict(build.atoms(by_fact)),
    )


class _Build(Struct):
    dimensions: list[Dimension] = []
    index: dict[object, int] = {}
    texts: dict[int, list[tuple[int, int, int]]] = {}
    laws: list[Law] = []
    ties: dict[int, list[Tie]] = {}

    def add(self, key: object, dimension: Dimension) -> int:
        at = self.index[key] = len(self.dimensions)
        self.dimensions.append(dimension)
        return at

    def tie(self, at: int, tie: Tie) -> None:
        self.ties.setdefault(at, []).append(tie)

    def add_fact(self, asked: Sequence[Predicate], word: SignalWord | None) -> None:
        fact = asked[0].fact
        missing: tuple[Value, ...] = (None,) if any(predicate.fact.optional for predicate in asked) else ()
        closed = word.values if word is not None and fact.model is None and fact.type is Type.TEXT else ()
        if fact.type is Type.BOOL:
            self.add(fact.text, Dimension(fact, (False, True, *missing)))
        elif fact.type.ordered:
            spans = tuple(ordered_spans(fact.type, constants_of(asked)))
            values = tuple(span.sample() for span in spans)
            self.add(fact.text, Dimension(fact, (*values, *missing), spans))
        elif closed:
            self.add(fact.text, Dimension(fact, (*closed, *missing)))
        else:
            self.add_text(asked, missing)

    def add_text(self, asked: Sequence[Predicate], missing: tuple[Value, ...]) -> None:
        """An open text: the values that are named, one cell for all others, and a dimension for each pattern."""
        fact = asked[0].fact
        named = tuple(dict.fromkeys(str(constant) for constant in constants_of(asked)))
        other = OTHER + max(named, key=len, default="")  # longer than any, so that it is none of them
        at = self.add(fact.text, Dimension(fact, (*named, other, *missing), other=len(named)))
        known = self.dimensions[at].full & ~(1 << len(named))
        patterns = {self.add(pattern_key(p), Dimension(fact, (False, True), pattern=p)): p for p in patterns_of(asked)}
        for place, pattern in patterns.items():
            test = test_of(pattern)
            found = sum(1 << index for index, value in enumerate(named) if test(value))
            self.texts.setdefault(at, []).append((place, found, known & ~found))
            self.tie_text(at, place, found, known & ~found)
        for first, second, left in implications(patterns):
            self.tie(first, Follows(second, YES, YES if left else NO))
            self.tie(second, Follows(first, NO if left else YES, NO))

    def tie_text(self, at: int, place: int, found: int, fails: int) -> None:
        """A value decides the pattern, and the pattern rules out values."""
        self.tie(at, Follows(place, found, YES))
        self.tie(at, Follows(place, fails, NO))
        self.tie(place, Follows(at, YES, ~fails))
        self.tie(place, Follows(at, NO, ~found))

    def atoms(self, by_fact: Mapping[str, Iterable[Predicate]]) -> Iterator[tuple[Predicate, tuple[int, int]]]:
        for text, asked in by_fact.items():
            at = self.index[text]
            for predicate in asked:
                place = self.index.get(pattern_key(predicate)) if isinstance(predicate, Pattern) else None
                found = (at, cells_of(predicate, self.dimensions[at])) if place is None else (place, YES)
                yield predicate, found

    def add_laws(self, words: Mapping[str, SignalWord]) -> None:
        for name in words:
            for greater in _bounds(name, words):
                if self.is_number(name, words[name]) and self.is_number(greater, words[greater]):
                    self.add_law(self.index[name], self.index[greater])

    def is_number(self, name: str, word: SignalWord) -> bool:
        """Whether the policy asks for this signal and no other of its name, and it always has a number."""
        at = self.index.get(name)
        if at is None or word.type is not self.dimensions[at].fact.type:
            return False
        return bool(self.dimensions[at].spans) and None not in self.dimensions[at].values

    def add_law(self, lesser: int, greater: int) -> None:
        small, large = self.dimensions[lesser].spans, self.dimensions[greater].spans
        lows, highs = [span.low for span in small], [span.high for span in large]
        self.laws.append(Law(lesser, greater))
        self.tie(greater, AtMost(lesser, tuple(bisect_right(lows, span.high) for span in large)))
        self.tie(lesser, AtLeast(greater, tuple(bisect_left(highs, span.low) for span in small)))


def _bounds(name: str, words: Mapping[str, SignalWord]) -> Iterator[str]:
    """The signals that one never exceeds: what it declares, what that declares, and so on."""
    seen = {name}
    word: SignalWord | None = words[name]
    while word is not None and not word.optional and word.at_most is not None and word.at_most not in seen:
        seen.add(word.at_most)
        yield word.at_most
        word = words.get(word.at_most)


def ordered_spans(type_: Type, constants: Iterable[float | str]) -> Iterator[Span]:
    """The cells of an ordered fact: each constant on its own, and what lies between."""
    numbers = {constant for constant in constants if not isinstance(constant, str)}
    return _number_spans(numbers) if type_ is Type.NUMBER else _whole_spans(type_, numbers)


def _whole_spans(type_: Type, constants: Iterable[float]) -> Iterator[Span]:
    last = _LAST_MINUTE if type_ is Type.TIME else inf
    starts = sorted({0, *(start for c in constants for start in (int(c), int(c) + 1) if 0 <= start <= last)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        yield Span(start, last if following is None else following - 1)


def _number_spans(constants: Iterable[float]) -> Iterator[Span]:
    for low, high in pairwise((-inf, *sorted(constants), inf)):
        if low != -inf:
            yield Span(low, low)
        between = Span(low, high, open=True)
        if low < between.sample() < high:
            yield between
