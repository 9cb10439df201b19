"""Predicates on their own: the test that each is of a value, its constants, and what one says of another."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from routedsl.base.types import Type, Value
from routedsl.engine.matching import matcher
from routedsl.language.policy import (
    And,
    Compare,
    Condition,
    Constant,
    Contains,
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

Pattern = Contains | Matches | Like
"""A predicate of a text that is no list of values."""
MOST_COMPARED = 64
"""Patterns of one text past which they are not compared with each other; less is proved then, and nothing wrong."""


def each_once(conditions: Iterable[Condition]) -> Iterator[Predicate]:
    """Every predicate of conditions in the order of the text; a part that they share is walked once."""
    seen: dict[int, Condition] = {}  # kept, so that nothing else gets its id
    pending = list(conditions)[::-1]
    while pending:
        condition = pending.pop()
        if id(condition) in seen:
            continue
        seen[id(condition)] = condition
        match condition:
            case And(items=items) | Or(items=items):
                pending += items[::-1]
            case Not(item=item):
                pending.append(item)
            case Constant():
                pass
            case _:
                yield condition


def constants_of(predicates: Iterable[Predicate]) -> Iterator[float | str]:
    """What predicates compare their facts with."""
    for predicate in predicates:
        match predicate:
            case Compare(value=value):
                yield value
            case InSet(values=values):
                yield from values
            case _:
                pass


def patterns_of(predicates: Iterable[Predicate]) -> Iterator[Pattern]:
    """Those of the predicates that are patterns."""
    return (predicate for predicate in predicates if isinstance(predicate, Contains | Matches | Like))


# ── tests ───────────────────────────────────────────────────────────────────────────────────────


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


# ── what is certain between patterns of one text ────────────────────────────────────────────────


def implications(patterns: Mapping[int, Pattern]) -> Iterator[tuple[int, int, bool]]:
    """Triples of two patterns' keys, and whether the second is found, or fails, wherever the first is found."""
    if len(patterns) > MOST_COMPARED:
        return
    for one, first in patterns.items():
        for other, second in patterns.items():
            if one != other and implies(first, second):
                yield one, other, True
            elif one < other and excludes(first, second):
                yield one, other, False


def implies(first: Pattern, second: Pattern) -> bool:
    """Whether it is certain that the second is found wherever the first is."""
    match first, second:
        case Contains(texts=texts, fact=fact), Contains(texts=others) if fact.type is Type.TEXTS:
            return set(texts) <= set(others)
        case Contains(texts=texts), Contains():
            return all(map(matcher(second), texts))
        case Like(pattern=glob), Contains():
            return any(map(matcher(second), glob.replace("?", "*").split("*")))
        case Like(pattern=glob), Like(pattern=wider):
            return _includes(wider, glob)
        case _:
            return False


def excludes(first: Pattern, second: Pattern) -> bool:
    """Whether it is certain that no text has both; only what `like` says is so definite."""
    return isinstance(first, Like) and isinstance(second, Like) and not _meet(first.pattern, second.pattern)


def _includes(wider: str, glob: str) -> bool:
    """Whether each text of a glob is certainly one of a wider one, which reads its `*` and `?` as characters."""
    places = _skipped({0}, wider)
    for char in glob:
        stay = {at for at in places if wider[at : at + 1] == "*"}
        step = {at + 1 for at in places if char != "*" and wider[at : at + 1] in ("?", char)}
        places = _skipped(stay | step, wider)
    return len(wider) in places


def _skipped(places: Iterable[int], glob: str) -> set[int]:
    """The places, and those that are reached from them over a `*`, which may be nothing."""
    every = set(places)
    for at in sorted(every):
        rest = glob[at:]
        every.update(range(at + 1, at + 1 + len(rest) - len(rest.lstrip("*"))))
    return every


def _meet(first: str, second: str) -> bool:
    """Whether some text fits both globs."""
    rests: Sequence[bool] = [not second[at:].strip("*") for at in range(len(second) + 1)]
    for char in reversed(first):
        rests = _meets(char, second, rests)
    return rests[0]


def _meets(char: str, second: str, rests: Sequence[bool]) -> Sequence[bool]:
    """For each rest of the second glob, whether it fits `char` and what comes after; `rests` tells it of the latter."""
    row = [char == "*" and rests[-1]]
    for at, other in reversed(list(enumerate(second))):
        if "*" in (char, other):
            row.append(rests[at] or row[-1])
        else:
            row.append(rests[at + 1] and (char == other or "?" in (char, other)))
    return row[::-1]
