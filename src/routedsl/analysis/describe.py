"""A box as a condition that a person could have written: in the language's own syntax, canonical and short."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from routedsl.analysis.index import bits
from routedsl.analysis.predicates import Pattern
from routedsl.analysis.regions import Box, tied
from routedsl.analysis.space import YES, Dimension, Space
from routedsl.analysis.space import Span as Cell
from routedsl.base.source import NOWHERE
from routedsl.base.types import Type, Value
from routedsl.base.units import Quantity, render_quantity
from routedsl.language import syntax as s
from routedsl.language import written
from routedsl.language.policy import Contains, Fact, Like, Matches

Run = tuple[int, int]
"""Cells of an ordered fact that follow one another, by the first and the last."""


def describe(box: Box, space: Space) -> str:
    """The condition that holds for the requests of a box and for no others; `always` for the box without bounds."""
    needed = essential(box, space)
    around = {at: tied({n: cells for n, cells in box.items() if n != at}, space) or {} for at in needed}
    parts = [_condition(space.dimensions[at], needed[at], around[at].get(at)) for at in sorted(needed)]
    return written.condition(_all(parts)) if parts else "always"


def pattern_to_text(pattern: Pattern) -> str:
    """A pattern as a policy writes it."""
    return written.condition(_pattern(pattern))


def essential(box: Box, space: Space) -> Box:
    """The box without the dimensions that the others, and what ties them together, decide."""
    whole = tied(dict(box), space)
    needed = dict(box)
    for at in sorted(box, key=lambda at: (at not in space.texts, -at)):
        fewer = {other: cells for other, cells in needed.items() if other != at}
        if tied(dict(fewer), space) == whole:
            needed = fewer
    return needed


def _all(parts: Sequence[s.Condition]) -> s.Condition:
    items = [item for part in parts for item in (part.items if isinstance(part, s.And) else (part,))]
    return items[0] if len(items) == 1 else s.And(tuple(items), span=NOWHERE)


def _condition(dimension: Dimension, cells: int, within: int | None) -> s.Condition:
    """The shortest way to say that a fact lies in some cells, where it is certain to lie `within` others."""
    if dimension.pattern is not None:
        found = _pattern(dimension.pattern)
        return found if cells == YES else _not(found)
    loose = cells if within is None else cells | (dimension.full & ~within)
    ways = [way for wanted in dict.fromkeys((cells, loose)) for way in _ways(dimension, wanted)]
    return min(ways, key=lambda way: len(written.condition(way)))


def _ways(dimension: Dimension, cells: int) -> Iterator[s.Condition]:
    """Ways to say it: what the fact is, and what it is not, which is true of a missing one as well."""
    gone = 1 << dimension.values.index(None) if None in dimension.values else 0
    inside, outside = cells & ~gone, dimension.full & ~cells & ~gone
    ref = _ref(dimension.fact)
    missing, given = s.Given(ref, missing=True, span=NOWHERE), s.Given(ref, missing=False, span=NOWHERE)
    if not inside:
        yield missing
    elif not outside:
        yield given if gone and not cells & gone else s.Always(span=NOWHERE)
    else:
        for positive in _is(dimension, inside):
            yield s.Or((missing, positive), span=NOWHERE) if cells & gone else positive
        for negative in _is(dimension, outside):
            yield _not(negative) if not gone or cells & gone else _all((given, _not(negative)))


def _is(dimension: Dimension, cells: int) -> Iterator[s.Condition]:
    """That a fact is given and lies in some cells, where that can be said outright."""
    ref = _ref(dimension.fact)
    if dimension.spans:
        yield _in_spans(dimension, ref, cells)
    elif dimension.fact.type is Type.BOOL:
        if cells == 1 << dimension.values.index(True):
            yield s.Holds(ref, span=NOWHERE)
    elif dimension.other is None or not cells >> dimension.other & 1:
        yield _one_of(ref, [_constant(dimension.fact, dimension.values[cell]) for cell in bits(cells)])


def _one_of(ref: s.SignalRef, constants: Sequence[s.Operand]) -> s.Condition:
    if len(constants) == 1:
        return s.Compare(ref, s.Op.EQ, constants[0], span=NOWHERE)
    return s.Within(ref, s.Items(tuple(constants), span=NOWHERE), span=NOWHERE)


def _not(condition: s.Condition) -> s.Condition:
    match condition:
        case s.Compare(op=s.Op.EQ):
            return replace(condition, op=s.Op.NE)
        case s.Within() | s.InRange():
            return replace(condition, negated=True)
        case _:
            return s.Not(condition, span=NOWHERE)


def _ref(fact: Fact) -> s.SignalRef:
    if fact.model is not None:
        model = s.Name(fact.model, span=NOWHERE)
        if written.name(model) != fact.model:
            return s.SignalRef(fact.signal, model=model, span=NOWHERE)
        return s.SignalRef(f"{fact.model}.{fact.signal}", span=NOWHERE)
    return s.SignalRef(fact.signal, key=None if fact.key is None else s.Text(fact.key, span=NOWHERE), span=NOWHERE)


def _constant(fact: Fact, value: Value) -> s.Operand:
    match value:
        case int() | float():
            return s.Literal(_written(fact, value), span=NOWHERE)
        case _:
            return s.Text(str(value), span=NOWHERE)


def _written(fact: Fact, value: float) -> str:
    return render_quantity(Quantity(fact.type, value if fact.type is Type.NUMBER else int(value)))


def _pattern(pattern: Pattern) -> s.Condition:
    ref = _ref(pattern.fact)
    match pattern:
        case Contains(texts=texts):
            items = tuple(s.Text(text, span=NOWHERE) for text in texts)
            return s.Contains(ref, s.Items(items, span=NOWHERE), span=NOWHERE)
        case Matches(pattern=expression, ignore_case=ignore_case):
            return s.Matches(ref, s.Regex(expression, ignore_case, span=NOWHERE), span=NOWHERE)
        case Like(pattern=glob):
            return s.Like(ref, s.Text(glob, span=NOWHERE), span=NOWHERE)


# ── ordered facts ───────────────────────────────────────────────────────────────────────────────


def _in_spans(dimension: Dimension, ref: s.SignalRef, cells: int) -> s.Condition:
    """Single values as one list, and each range; one that goes over midnight is one."""
    fact, spans, runs = dimension.fact, dimension.spans, _runs(cells)
    parts: list[s.Condition] = []
    if fact.type is Type.TIME and len(runs) > 1 and (runs[0][0], runs[-1][1]) == (0, len(spans) - 1):
        low, high = _constant(fact, spans[runs[-1][0]].low), _constant(fact, spans[runs[0][1]].high)
        parts, runs = [s.InRange(ref, low, high, negated=False, span=NOWHERE)], runs[1:-1]
    single = [run for run in runs if spans[run[0]].low == spans[run[1]].high]
    parts += [_range(dimension, ref, run) for run in runs if run not in single]
    if single:
        parts.insert(0, _one_of(ref, [_constant(fact, spans[first].low) for first, _ in single]))
    return parts[0] if len(parts) == 1 else s.Or(tuple(parts), span=NOWHERE)


def _runs(cells: int) -> list[Run]:
    runs: list[Run] = []
    for cell in bits(cells):
        if runs and runs[-1][1] == cell - 1:
            runs[-1] = (runs[-1][0], cell)
        else:
            runs.append((cell, cell))
    return runs


def _range(dimension: Dimension, ref: s.SignalRef, run: Run) -> s.Condition:
    low, high = _low(dimension, run[0]), _high(dimension, run[1])
    match low, high:
        case (least, at_least), (most, at_most):
            op = s.Op.LE if at_least is s.Op.GE else s.Op.LT
            return s.Between(least, op, ref, at_most, most, span=NOWHERE)
        case (bound, op), None:
            return s.Compare(ref, op, bound, span=NOWHERE)
        case None, (bound, op):
            return s.Compare(ref, op, bound, span=NOWHERE)
        case _:
            return s.Given(ref, missing=False, span=NOWHERE)


Bound = tuple[s.Operand, s.Op]


def _low(dimension: Dimension, cell: int) -> Bound | None:
    """The lower end of a cell; None where there is nothing below it."""
    span = dimension.spans[cell]
    if cell == 0:
        return None
    if dimension.fact.type is Type.NUMBER:
        return _constant(dimension.fact, span.low), s.Op.GT if span.open else s.Op.GE
    below = dimension.spans[cell - 1]
    if _named(below, span, dimension.fact):
        return _constant(dimension.fact, below.high), s.Op.GT
    return _constant(dimension.fact, span.low), s.Op.GE


def _high(dimension: Dimension, cell: int) -> Bound | None:
    """The upper end of a cell; None where there is nothing above it."""
    span = dimension.spans[cell]
    if cell == len(dimension.spans) - 1:
        return None
    if dimension.fact.type is Type.NUMBER:
        return _constant(dimension.fact, span.high), s.Op.LT if span.open else s.Op.LE
    above = dimension.spans[cell + 1]
    if _named(span, above, dimension.fact):
        return _constant(dimension.fact, span.high), s.Op.LE
    return _constant(dimension.fact, above.low), s.Op.LT


def _named(below: Cell, above: Cell, fact: Fact) -> bool:
    """Whether the border between two cells is told by the last value below it, and not by the first above.

    A constant of the policy is a cell of its own. Where both could be one, the rounder is.
    """
    last, first = below.high, above.low
    if (below.low == last) is not (first == above.high):
        return below.low == last
    return _roundness(_written(fact, last)) > _roundness(_written(fact, first))


def _roundness(text: str) -> tuple[int, int]:
    digits = text.replace(":", "")
    return -len(text), len(digits) - len(digits.rstrip("0"))
