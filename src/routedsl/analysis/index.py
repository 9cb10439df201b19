"""Which boxes of many meet a given one: bit sets over boxes, looked up by cell instead of compared one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from routedsl.analysis.regions import Box, lowest
from routedsl.analysis.space import Space

FEW = 64
"""Cells of an unordered dimension that are looked up one by one; a larger set is not looked up at all."""


@dataclass(slots=True)
class _Column:
    """One dimension of the index: who leaves it free, and who takes which cell.

    For ordered dimensions `upto[c]` are the boxes whose first cell is at most `c`, and `since[c]` those
    whose last cell is at least `c`.
    """

    constrained: int = 0
    cells: dict[int, int] = field(default_factory=dict)
    upto: list[int] = field(default_factory=list)
    since: list[int] = field(default_factory=list)


class BoxIndex:
    """An index over boxes by their place in a sequence."""

    def __init__(self, boxes: Sequence[Box], space: Space) -> None:
        """Index all boxes at once."""
        self._boxes = boxes
        self._space = space
        self._all = (1 << len(boxes)) - 1
        self._columns = {at: self._column(at) for at in {at for box in boxes for at in box}}

    def _column(self, at: int) -> _Column:
        column = _Column()
        dimension = self._space.dimensions[at]
        firsts, lasts = [0] * len(dimension.values), [0] * len(dimension.values)
        for number, box in enumerate(self._boxes):
            cells = box.get(at)
            if cells is None:
                continue
            column.constrained |= 1 << number
            if dimension.spans:
                firsts[lowest(cells)] |= 1 << number
                lasts[cells.bit_length() - 1] |= 1 << number
            else:
                for cell in bits(cells):
                    column.cells[cell] = column.cells.get(cell, 0) | 1 << number
        if dimension.spans:
            column.upto, column.since = _running(firsts), _running(lasts[::-1])[::-1]
        return column

    def meeting(self, box: Box, among: int) -> int:
        """Of a set of boxes those that may share something with this one; none that does is left out."""
        for at, cells in box.items():
            column = self._columns.get(at)
            if column is not None:
                among &= self._compatible(column, cells)
                if not among:
                    return 0
        return among

    def covering(self, box: Box, among: int) -> int:
        """Of a set of boxes those that may hold all of this one; none that does is left out."""
        for at, column in self._columns.items():
            cells = box.get(at)
            among &= self._all & ~column.constrained if cells is None else self._holding(column, cells)
            if not among:
                return 0
        return among

    def _compatible(self, column: _Column, cells: int) -> int:
        free = self._all & ~column.constrained
        if column.upto:
            return free | (column.upto[cells.bit_length() - 1] & column.since[lowest(cells)])
        if cells.bit_count() > FEW:
            return self._all
        for cell in bits(cells):
            free |= column.cells.get(cell, 0)
        return free

    def _holding(self, column: _Column, cells: int) -> int:
        free = self._all & ~column.constrained
        if column.upto:
            return free | (column.upto[lowest(cells)] & column.since[cells.bit_length() - 1])
        return free | column.cells.get(lowest(cells), 0)


def _running(sets: Sequence[int]) -> list[int]:
    total, running = 0, []
    for boxes in sets:
        total |= boxes
        running.append(total)
    return running


def bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
