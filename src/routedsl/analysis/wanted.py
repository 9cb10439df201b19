"""What a box demands of each fact, in a form that values can be made from and held against."""

from collections.abc import Callable, Mapping
from math import ceil, inf

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.index import bits
from routedsl.analysis.predicates import Pattern
from routedsl.analysis.regions import Box
from routedsl.analysis.space import NO, YES, Dimension, Space, Span
from routedsl.base.types import Type, Value
from routedsl.engine.matching import matcher
from routedsl.language.policy import Fact

Spans = tuple[Span, ...]
EVERYTHING: Spans = (Span(0, inf),)
"""The spans of a count of which nothing is demanded."""


class Wanted(Struct, frozen=True):
    """What one fact must be.

    An ordered fact lies in one of `spans`. A text is one of `values`, or where `other` is set any that is
    none of `named`; the patterns `found` are found in it and `fails` are not. A yes-or-no fact is one
    of `values`. `missing` says that it may be missing as well.
    """

    fact: Fact
    spans: Spans = ()
    values: tuple[Value, ...] = ()
    named: tuple[Value, ...] = ()
    other: bool = False
    missing: bool = False
    found: tuple[Pattern, ...] = ()
    fails: tuple[Pattern, ...] = ()
    tests: Mapping[Pattern, Callable[[Value], bool]] = {}

    def allows(self, value: Value) -> bool:
        """Whether a value is as demanded."""
        if value is None:
            return self.missing and not self.found
        if self.spans and isinstance(value, int | float):
            return holds(self.spans, value)
        if value not in self.values and (not self.other or value in self.named):
            return False
        return all(self.tests[one](value) for one in self.found) and not any(
            self.tests[one](value) for one in self.fails
        )


def wanted_in(box: Box, space: Space) -> dict[str, Wanted]:
    """What a box demands, by the facts' canonical texts; facts that it leaves free are not there."""
    demands: dict[str, Wanted] = {}
    for at in sorted(box):
        dimension = space.dimensions[at]
        name = dimension.fact.text
        if dimension.pattern is None:
            demands[name] = _of_cells(dimension, box[at])
        elif box[at] in (NO, YES):
            text = demands.get(name) or _of_text(dimension.fact, space)
            demands[name] = with_pattern(text, dimension.pattern, wanted=box[at] == YES)
    return demands


def _of_cells(dimension: Dimension, cells: int) -> Wanted:
    values = [dimension.values[cell] for cell in bits(cells)]
    missing = None in values
    if dimension.spans:
        spans = tuple(dimension.spans[cell] for cell in bits(cells) if cell < len(dimension.spans))
        return Wanted(dimension.fact, spans=spans, missing=missing)
    if dimension.other is None:
        return Wanted(dimension.fact, values=tuple(value for value in values if value is not None), missing=missing)
    named = dimension.values[: dimension.other]
    other = bool(cells >> dimension.other & 1)
    return Wanted(
        dimension.fact, values=tuple(v for v in values if v in named), named=named, other=other, missing=missing
    )


def _of_text(fact: Fact, space: Space) -> Wanted:
    """A text of which only patterns are demanded."""
    dimension = space.dimensions[space.index[fact.text]]
    return _of_cells(dimension, dimension.full)


def with_pattern(text: Wanted, pattern: Pattern, *, wanted: bool) -> Wanted:
    """The same text with one more pattern that is found, or is not."""
    tests = {**text.tests, pattern: matcher(pattern)}
    if wanted:
        return replace(text, found=(*text.found, pattern), tests=tests)
    return replace(text, fails=(*text.fails, pattern), tests=tests)


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────


def holds(spans: Spans, value: float) -> bool:
    """Whether a number lies in one of the spans."""
    return any(s.low < value < s.high if s.open else s.low <= value <= s.high for s in spans)


def least(spans: Spans, at_least: float) -> int | None:
    """The smallest whole number of the spans that is not less than a given one."""
    starts = (max(span.low, at_least) for span in spans if span.high >= at_least)
    return min((ceil(start) for start in starts if start < inf), default=None)


def shifted(spans: Spans, by: int) -> Spans:
    """The spans of what is by so much less."""
    return tuple(Span(span.low - by, span.high - by) for span in spans)


def shared(left: Spans, right: Spans) -> Spans:
    """The numbers that are in both; no span is open."""
    both = (Span(max(a.low, b.low), min(a.high, b.high)) for a in left for b in right)
    return tuple(span for span in both if span.low <= span.high)


def number_in(wanted: Wanted) -> float:
    """A number as demanded, as plain as can be."""
    plain = (0, 1, *(span.sample() for span in wanted.spans))
    found = next(value for value in plain if holds(wanted.spans, value))
    whole = wanted.fact.type is not Type.NUMBER or float(found).is_integer()
    return int(found) if whole else found
