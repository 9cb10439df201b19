"""One request as a point of request space: in which cell each of its facts lies."""

from bisect import bisect_left

from routedsl.analysis.predicates import test_of
from routedsl.analysis.regions import Box
from routedsl.analysis.space import NO, YES, Dimension, Space
from routedsl.base.types import Value
from routedsl.engine.facts import Read


def cell_of(dimension: Dimension, value: Value) -> int:
    """The cell of a fact's value, as a set of one; of a text for a pattern's dimension, whether it is found."""
    if dimension.pattern is not None:
        return YES if test_of(dimension.pattern)(value) else NO
    if value is None:
        return 1 << dimension.values.index(None) if None in dimension.values else 0
    if dimension.spans and isinstance(value, int | float):
        return 1 << _span_of(dimension, value)
    place = dimension.places.get(value, dimension.other)
    return 0 if place is None else 1 << place


def _span_of(dimension: Dimension, value: float) -> int:
    """The first cell that ends at the value or behind it; an open one ends before."""
    at = bisect_left(dimension.spans, value, key=lambda span: span.high)
    return at + (dimension.spans[at].open and dimension.spans[at].high == value)


def holds_point(box: Box, space: Space, read: Read) -> bool:
    """Whether a request lies in a box."""
    return all(cell_of(space.dimensions[at], read(space.dimensions[at].fact.text)) & cells for at, cells in box.items())
