"""Small random policies with every request that can make a difference to them, to hold the analysis against.

Requests are rows of facts, taken at each constant of the policy and beside it, missing where that may be, with
texts for each way in which patterns may come together, and no row that breaks a law. A set of requests is held
as the bits of an int, so that whole policies are compared at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf, nextafter, prod
from random import Random

from routedsl.analysis.regions import Box
from routedsl.analysis.space import Dimension, Space, space_of
from routedsl.base.source import Source, Span
from routedsl.base.types import Type, Value
from routedsl.engine.reference import holds, rules_with_conditions
from routedsl.language.policy import (
    And,
    Block,
    Candidate,
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
    Options,
    Or,
    Predicate,
    Ranked,
    Rule,
)
from routedsl.language.vocabulary import SignalWord

SPAN = Span(Source("random.route", "when"), 0, 4)
TARGET = Ranked(strategy="first", candidates=(Candidate(model="tiny"),))
DAYS = ("mon", "tue", "wed")
MOST_ROWS = 3_000

WORDS: Mapping[str, SignalWord] = {
    word.name: word
    for word in (
        SignalWord("messages", Type.COUNT),
        SignalWord("turns", Type.COUNT, at_most="messages"),
        SignalWord("replies", Type.COUNT, at_most="turns"),
        SignalWord("chars", Type.COUNT),
        SignalWord("words", Type.COUNT, at_most="chars"),
        SignalWord("last_chars", Type.COUNT, at_most="chars"),
        SignalWord("max_tokens", Type.COUNT, optional=True, at_most="messages"),
        SignalWord("level", Type.COUNT, at_most="max_tokens"),
        SignalWord("weekday", Type.TEXT, values=DAYS),
        SignalWord("effort", Type.TEXT, values=("low", "high"), optional=True),
        SignalWord("topics", Type.TEXTS, values=("a", "b"), optional=True),
        SignalWord("hidden", Type.COUNT, at_most="messages"),
    )
}
"""Signals with laws in a chain and beside each other, laws of what may be missing, and closed lists."""

LAWS = (
    ("turns", "messages"),
    ("replies", "turns"),
    ("replies", "messages"),
    ("words", "chars"),
    ("last_chars", "chars"),
)
COUNTS = tuple(Fact(name, Type.COUNT) for name in ("messages", "turns", "replies", "chars", "words", "last_chars"))
ORDERED = (
    *COUNTS,
    Fact("max_tokens", Type.COUNT, optional=True),
    Fact("level", Type.COUNT),
    Fact("hidden", Type.NUMBER, optional=True),  # a classifier that hides a signal of its name
    Fact("temperature", Type.NUMBER, optional=True),
    Fact("time", Type.TIME),
    Fact("load", Type.SHARE, model="tiny"),
    Fact("latency", Type.DURATION, model="tiny", optional=True),
)
TEXTS = (Fact("model", Type.TEXT), Fact("header", Type.TEXT, key="x-tier", optional=True))
CLOSED = (Fact("weekday", Type.TEXT), Fact("effort", Type.TEXT, optional=True))
TOPICS = Fact("topics", Type.TEXTS, optional=True)
TRUTHS = (Fact("stream", Type.BOOL), Fact("up", Type.BOOL, model="tiny"), Fact("seen", Type.BOOL, optional=True))
FACTS = (*ORDERED, *TEXTS, *TEXTS, *CLOSED, TOPICS, *TRUTHS)
TOGETHER = (  # facts that are tied, or that patterns tie to themselves
    ("messages", "turns"),
    ("messages", "replies", "turns"),
    ("messages", "replies"),
    ("chars", "words", "last_chars"),
    ("messages", "max_tokens"),
    ("messages", "level", "max_tokens"),
    ("messages", "hidden"),
    ("model",),
    ('header["x-tier"]',),
    ("model", "messages"),
)
NAMED = ("", "a", "ab", "abc", "cab", "\0other")
WHOLE_NUMBERS = (0, 1, 2, 3, 5)
CONSTANTS: Mapping[Type, Sequence[float]] = {
    Type.COUNT: (*WHOLE_NUMBERS, 2.5),
    Type.NUMBER: (0, 1, 1.0, 1.5, nextafter(1.5, 2), 2),
    Type.TIME: (0, 1, 540, 1438, 1439),
    Type.SHARE: (0, 500_000, 1_000_000),
    Type.DURATION: (0, 1, 800_000),
}
LIKES = ("a*", "ab*", "ba*")
LISTS = (("a",), ("b", "a"), ("a", "b", "c"))
"""Patterns of which all that is certain is certain of two: texts of three letters are each way to have them."""
ODD_LIKES = ("abc", "?", "*", "*b", "a?b", "??*", "", "*a*b*")
ODD_LISTS = (("A",), ("AB", "c"), ("\u212a",), ("bc",))
REGEXES = ("^a", "b$", "a.*b", "^$", "[^a]")
DIGIT = r"\d"


@dataclass(frozen=True, slots=True)
class Universe:
    """Conditions in order, the space they span, and rows of facts. Where `whole`, no row is left out that matters."""

    conditions: tuple[Condition, ...]
    space: Space
    rows: tuple[Mapping[str, Value], ...]
    whole: bool
    cells: Mapping[tuple[int, int], int] = field(repr=False)

    @property
    def every(self) -> int:
        """All rows."""
        return (1 << len(self.rows)) - 1

    def rows_of(self, box: Box) -> int:
        """The rows in a box."""
        rows = self.every
        for at, cells in box.items():
            places = range(len(self.space.dimensions[at].values))
            rows &= sum(self.cells[at, cell] for cell in places if cells >> cell & 1)  # no row is in two cells
        return rows

    def rows_where(self, condition: Condition) -> int:
        """The rows for which a condition holds: predicates by the reference evaluator, once for each value."""
        match condition:
            case And(items=items):
                return self.every & prod_of(self.rows_where(item) for item in items)
            case Or(items=items):
                return self.every & ~prod_of(~self.rows_where(item) for item in items)
            case Not(item=item):
                return self.every & ~self.rows_where(item)
            case _:
                return self._rows_by_value(condition)

    def _rows_by_value(self, predicate: Predicate | Constant) -> int:
        known: dict[Value, bool] = {}
        rows = 0
        for number, row in enumerate(self.rows):
            value = None if isinstance(predicate, Constant) else row[predicate.fact.text]
            if value not in known:
                known[value] = holds(predicate, row.__getitem__)
            rows |= known[value] << number
        return rows


def prod_of(sets: Iterable[int]) -> int:
    """What is in every set."""
    every = -1
    for one in sets:
        every &= one
    return every


# ── policies ────────────────────────────────────────────────────────────────────────────────────


def random_universe(rng: Random) -> Universe:
    """A policy of one route over few facts, and its requests."""
    odd = rng.random() < 0.3
    facts = random_facts(rng)
    lets = [random_condition(rng, facts, 2, (), odd=odd) for _ in range(rng.randrange(3))]
    rules = rules_with_conditions(random_items(rng, facts, lets, odd=odd))
    return universe_of([condition for _, condition in rules], rng, whole=not odd)


def random_facts(rng: Random) -> Sequence[Fact]:
    """Two to four facts, often such that are tied."""
    if rng.random() < 0.6:
        names = rng.choice(TOGETHER)
        return [next(fact for fact in FACTS if fact.text == name) for name in names]
    return rng.sample(FACTS, rng.randrange(1, 4))


def random_items(
    rng: Random, facts: Sequence[Fact], lets: Sequence[Condition], depth: int = 0, *, odd: bool
) -> tuple[Rule | Block, ...]:
    """Rules and blocks, the last one more often than not for everybody."""
    items: list[Rule | Block] = []
    for _ in range(rng.randrange(1, 5 - depth)):
        condition = random_condition(rng, facts, rng.randrange(3), lets, odd=odd)
        if depth < 2 and rng.random() < 0.25:
            inner = random_items(rng, facts, lets, depth + 1, odd=odd)
            items.append(Block(condition=condition, items=inner, span=SPAN))
        else:
            items.append(_rule(condition))
    if rng.random() < 0.4:
        items.append(_rule(Constant(True, span=SPAN)))
    return tuple(items)


def _rule(condition: Condition) -> Rule:
    return Rule(number=0, name="r", route="auto", condition=condition, target=TARGET, options=Options(), span=SPAN)


def random_condition(
    rng: Random, facts: Sequence[Fact], depth: int, lets: Sequence[Condition], *, odd: bool
) -> Condition:
    """A condition, `depth` connectives deep beside what `lets` add."""
    if lets and rng.random() < 0.2:
        return rng.choice(lets)
    kind = rng.random()
    if depth == 0 or kind < 0.2:
        return Constant(rng.random() < 0.5, span=SPAN) if rng.random() < 0.04 else random_predicate(rng, facts, odd=odd)
    if kind < 0.4:
        return Not(random_condition(rng, facts, depth - 1, lets, odd=odd), span=SPAN)
    items = tuple(random_condition(rng, facts, depth - 1, lets, odd=odd) for _ in range(rng.randrange(1, 4)))
    return And(items, span=SPAN) if kind < 0.7 else Or(items, span=SPAN)


def random_predicate(rng: Random, facts: Sequence[Fact], *, odd: bool) -> Predicate:
    """A predicate that the fact's type has."""
    fact = rng.choice(facts)
    if rng.random() < 0.12:
        return Given(fact, span=SPAN)
    match fact.type:
        case Type.BOOL:
            return Holds(fact, span=SPAN)
        case Type.TEXTS:
            return Contains(fact, rng.choice((("a",), ("a", "b"), ("b", "a"))), span=SPAN)
        case Type.TEXT if fact in CLOSED:
            return _of_closed(rng, fact)
        case Type.TEXT:
            return _of_text(rng, fact, odd=odd)
        case _:
            return _of_number(rng, fact)


def _of_number(rng: Random, fact: Fact) -> Predicate:
    constants = CONSTANTS[fact.type]
    if rng.random() < 0.15:
        return InSet(fact, tuple(rng.choice(constants) for _ in range(rng.randrange(1, 4))), span=SPAN)
    return Compare(fact, rng.choice(list(Op)), rng.choice(constants), span=SPAN)


def _of_closed(rng: Random, fact: Fact) -> Predicate:
    values = WORDS[fact.signal].values
    match rng.randrange(4):
        case 0:
            return Like(fact, rng.choice(("*e*", "?o?", "*", "low")), span=SPAN)
        case 1:
            return Contains(fact, (rng.choice(("O", "e", "h")),), span=SPAN)
        case 2:
            return InSet(fact, tuple(rng.choices(values, k=2)), span=SPAN)
        case _:
            return Compare(fact, Op.EQ, rng.choice(values), span=SPAN)


def _of_text(rng: Random, fact: Fact, *, odd: bool) -> Predicate:
    match rng.randrange(7):
        case 0 | 1:
            return Compare(fact, Op.EQ, rng.choice(NAMED), span=SPAN)
        case 2:
            return InSet(fact, tuple(rng.choices(NAMED, k=rng.randrange(1, 4))), span=SPAN)
        case 3 | 4:
            return Like(fact, rng.choice(LIKES + ODD_LIKES * odd), span=SPAN)
        case 5:
            return Contains(fact, rng.choice(LISTS + ODD_LISTS * odd), span=SPAN)
        case _:
            return Matches(fact, rng.choice((DIGIT,) + REGEXES * odd), odd and rng.random() < 0.3, span=SPAN)


# ── requests ────────────────────────────────────────────────────────────────────────────────────


def universe_of(conditions: Iterable[Condition], rng: Random, *, whole: bool = True) -> Universe:
    """Conditions with all rows of facts that matter to them, or with many where all are too many."""
    conditions = tuple(conditions)
    space = space_of(conditions, WORDS)
    asked: dict[Fact, list[Predicate]] = {}
    for predicate in space.atoms:
        asked.setdefault(predicate.fact, []).append(predicate)
    values = {fact.text: values_of(fact, _bounding(fact, asked)) for fact in asked}
    all_of_them = prod(map(len, values.values())) <= MOST_ROWS
    rows = tuple(filter(lawful, _rows(values, rng, all_of_them=all_of_them)))
    return Universe(conditions, space, rows, whole and all_of_them, _cells(space, rows))


def _rows(values: Mapping[str, Sequence[Value]], rng: Random, *, all_of_them: bool) -> Iterable[Mapping[str, Value]]:
    if all_of_them:
        return (dict(zip(values, row, strict=True)) for row in product(*values.values()))
    return ({text: rng.choice(some) for text, some in values.items()} for _ in range(MOST_ROWS // 2))


def lawful(row: Mapping[str, Value]) -> bool:
    """Whether a row keeps all laws that are laws: those of signals that may be missing or are hidden are none."""
    return all(row.get(lesser, 0) <= row.get(greater, inf) for lesser, greater in LAWS)  # type: ignore[operator]  # counts


def _bounding(fact: Fact, asked: Mapping[Fact, Sequence[Predicate]]) -> Sequence[Predicate]:
    """The predicates whose bounds matter to a fact: its own, and those of facts that a law may tie to it."""
    tied = {name for law in LAWS if fact.signal in law for name in law}
    return [p for other, ps in asked.items() if other is fact or other.text in tied for p in ps]


def values_of(fact: Fact, predicates: Sequence[Predicate]) -> Sequence[Value]:
    """The values of a fact at every bound that predicates draw, and beside it."""
    missing: tuple[Value, ...] = (None,) if fact.optional else ()
    constants = [value for p in predicates for value in _named_by(p) if not isinstance(value, str)]
    match fact.type:
        case Type.BOOL:
            return (False, True, *missing)
        case Type.TEXTS:
            return ((), ("a",), ("b", "z"), ("a", "b"), *missing)
        case Type.TEXT if fact in CLOSED:
            return (*WORDS[fact.signal].values, *missing)
        case Type.TEXT:
            return (*_texts(predicates), *missing)
        case Type.NUMBER:
            beside = {n for c in constants for n in (c - 0.25, nextafter(c, -9), c, nextafter(c, 9), c + 0.25)}
            return (*sorted({-1.5, 1e9, *beside}), *missing)
        case _:
            last = 1439 if fact.type is Type.TIME else 10**9
            beside = {n for c in constants for n in (int(c) - 1, int(c), int(c) + 1)}
            return (*sorted(n for n in {0, last, *beside} if 0 <= n <= last), *missing)


def _named_by(predicate: Predicate) -> Sequence[float | str]:
    match predicate:
        case Compare(value=value):
            return (value,)
        case InSet(values=values):
            return values
        case _:
            return ()


def _texts(predicates: Sequence[Predicate]) -> Sequence[str]:
    """One text for each way in which the predicates hold or fail together, of many texts."""
    letters = [f"{a}{b}{c}" for a, b, c in product(("", "a", "b", "c"), repeat=3)]
    pool = [*NAMED, *letters, *(f"{text}1" for text in letters), "xay", "zAB", "K", "a\nb", "é"]
    tests: list[Callable[[str], bool]] = [lambda text, p=p: holds(p, lambda _: text) for p in predicates]  # type: ignore[misc]  # the default is p's
    named = {value for p in predicates for value in _named_by(p)}
    ways: dict[tuple[object, ...], str] = {}
    for text in dict.fromkeys(pool):
        ways.setdefault((text if text in named else None, *(test(text) for test in tests)), text)
    return list(ways.values())


# ── where requests lie ──────────────────────────────────────────────────────────────────────────


def _cells(space: Space, rows: Sequence[Mapping[str, Value]]) -> Mapping[tuple[int, int], int]:
    cells: dict[tuple[int, int], int] = {}
    for at, dimension in enumerate(space.dimensions):
        known: dict[Value, int] = {}
        found = [0] * len(dimension.values)
        for number, row in enumerate(rows):
            value = row[dimension.fact.text]
            if value not in known:
                known[value] = cell_of(dimension, value)
            found[known[value]] |= 1 << number
        cells |= {(at, cell): set_ for cell, set_ in enumerate(found)}
    return cells


def cell_of(dimension: Dimension, value: Value) -> int:
    """The one cell in which a value lies, told by what the cells say of themselves."""
    if dimension.pattern is not None:
        return int(holds(dimension.pattern, lambda _: value))
    if value is None:
        return dimension.values.index(None)
    if dimension.spans and isinstance(value, int | float):
        (place,) = [
            place
            for place, span in enumerate(dimension.spans)
            if (span.low < value < span.high if span.open else span.low <= value <= span.high)
        ]
        return place
    if dimension.other is None:
        return dimension.values.index(value)
    named = dimension.values[: dimension.other]
    return named.index(value) if value in named else dimension.other
