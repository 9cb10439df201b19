"""Which boxes of many meet a given one: bit sets over boxes, looked up by cell instead of compared one by one."""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from routedsl.analysis.regions import Box
from routedsl.analysis.space import Dimension, Space
from routedsl.analysis.ties import lowest

FEW = 64
"""Cells of an unordered dimension, and runs of an ordered one, that are looked up one by one.

What has more cells is taken to meet everything, what has more runs to meet all that lies between the outermost.
"""
BUCKETS = 1024
"""Into how many buckets the cells of an ordered dimension are put, at most."""


class _Column(Struct):
    """One dimension of an index: the boxes that leave it `free`, and those that may be in which cell.

    For ordered dimensions `upto[b]` are the free boxes and those whose first cell is in bucket `b` or before,
    and `since[b]` likewise those whose last cell is in it or behind. For the others `cells[c]` are the boxes
    in cell `c`, and `wide` those with many cells and the free ones.
    """

    free: int
    wide: int = 0
    shift: int = 0
    cells: dict[int, int] = {}
    upto: list[int] = []
    since: list[int] = []

    def meeting(self, cells: int) -> int:
        """The boxes that may have one of these cells."""
        if self.upto:
            return self._meeting_runs(cells)
        if cells.bit_count() > FEW:
            return -1
        found = self.wide
        for cell in bits(cells):
            found |= self.cells.get(cell, 0)
        return found

    def _meeting_runs(self, cells: int) -> int:
        found = 0
        for first, last in runs(cells):
            found |= self.upto[last >> self.shift] & self.since[first >> self.shift]
        return found

    def holding(self, cells: int) -> int:
        """The boxes that may have all of these cells."""
        if self.upto:
            return self.upto[lowest(cells) >> self.shift] & self.since[(cells.bit_length() - 1) >> self.shift]
        return self.wide | self.cells.get(lowest(cells), 0)


class BoxIndex:
    """An index over boxes by their place in a sequence."""

    def __init__(self, boxes: Sequence[Box], space: Space) -> None:
        """Index all boxes at once."""
        constrained: dict[int, list[int]] = {}
        for number, box in enumerate(boxes):
            for at in box:
                constrained.setdefault(at, []).append(number)
        every = (1 << len(boxes)) - 1
        self._columns = {
            at: _column(space.dimensions[at], {number: boxes[number][at] for number in numbers}, every)
            for at, numbers in constrained.items()
        }

    def meeting(self, box: Box, among: int, known: Box | None = None) -> int:
        """Of a set of boxes those that may share something with this one; none that does is left out.

        `known` is a box around this one whose set `among` is: only where they differ is looked up.
        """
        for at, cells in box.items():
            column = self._columns.get(at)
            if column is not None and (known is None or known.get(at) != cells):
                among &= column.meeting(cells)
                if not among:
                    return 0
        return among

    def covering(self, box: Box, among: int) -> int:
        """Of a set of boxes those that may hold all of this one; none that does is left out."""
        for at, column in self._columns.items():
            cells = box.get(at)
            among &= column.free if cells is None else column.holding(cells)
            if not among:
                return 0
        return among


def _column(dimension: Dimension, boxes: dict[int, int], every: int) -> _Column:
    column = _Column(free=every & ~set_of(boxes))
    if dimension.spans:
        _add_ordered(column, boxes, len(dimension.values))
    else:
        wide = [number for number, cells in boxes.items() if cells.bit_count() > FEW]
        column.wide = column.free | set_of(wide)
        for number in boxes.keys() - wide:
            for cell in bits(boxes[number]):
                column.cells[cell] = column.cells.get(cell, 0) | 1 << number
    return column


def _add_ordered(column: _Column, boxes: dict[int, int], cells: int) -> None:
    column.shift = max(0, (cells - 1).bit_length() - (BUCKETS - 1).bit_length())
    buckets = ((cells - 1) >> column.shift) + 1
    firsts: list[int] = [0] * buckets
    lasts: list[int] = [0] * buckets
    for number, constrained in boxes.items():
        firsts[lowest(constrained) >> column.shift] |= 1 << number
        lasts[(constrained.bit_length() - 1) >> column.shift] |= 1 << number
    column.upto = _running(column.free, firsts)
    column.since = _running(column.free, lasts[::-1])[::-1]


def _running(total: int, sets: Sequence[int]) -> list[int]:
    running = []
    for boxes in sets:
        total |= boxes
        running.append(total)
    return running


def set_of(numbers: Collection[int]) -> int:
    """A set of numbers as the bits of an int."""
    held = bytearray(max(numbers, default=-1) // 8 + 1)
    for number in numbers:
        held[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(held, "little")


def runs(cells: int) -> Iterator[tuple[int, int]]:
    """The first and last cell of each run of cells; all is taken to be one run where there would be many."""
    starts, ends = cells & ~(cells << 1), cells & ~(cells >> 1)
    if starts.bit_count() > FEW:
        return iter([(lowest(cells), cells.bit_length() - 1)])
    return zip(bits(starts), bits(ends), strict=True)


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
