"""Regions of request space: a box constrains dimensions to cells, a region is the union of boxes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from routedsl.analysis.space import BOTH, NO, YES, Space
from routedsl.language.policy import And, Condition, Constant, Not, Or

Box = dict[int, int]
"""The cells left in each dimension that is constrained at all; the other dimensions are free."""
MOST_PIECES = 20_000
"""Boxes that one question may take before its answer is `undecided`."""


class Undecided(Exception):  # noqa: N818 - an answer, not a fault: the budget is spent
    """A question took more pieces than its budget; nothing is claimed."""


class Budget:
    """Pieces that may still be made."""

    def __init__(self, pieces: int = MOST_PIECES) -> None:
        """Start with so many."""
        self._left = pieces

    def spend(self, pieces: int = 1) -> None:
        """Count pieces; raises `Undecided` where none are left."""
        self._left -= pieces
        if self._left < 0:
            raise Undecided


def region(condition: Condition, space: Space, budget: Budget, *, holds: bool = True) -> list[Box]:
    """The requests for which a condition holds (or does not), as boxes that may overlap."""
    match condition:
        case Constant(value=value):
            return [{}] if value is holds else []
        case Not(item=item):
            return region(item, space, budget, holds=not holds)
        case And(items=items):
            parts = [region(item, space, budget, holds=holds) for item in items]
            return product(parts, space, budget) if holds else union(parts)
        case Or(items=items):
            parts = [region(item, space, budget, holds=holds) for item in items]
            return union(parts) if holds else product(parts, space, budget)
        case _:
            at, cells = space.atom(condition)
            full = space.dimensions[at].full
            cells = cells if holds else full & ~cells
            return [] if not cells else [{}] if cells == full else settle([{at: cells}], space)


def settle(boxes: Iterable[Box], space: Space) -> list[Box]:
    """The boxes with what ties their dimensions together drawn in; empty ones are gone."""
    return [settled for box in boxes if (settled := tied(box, space)) is not None]


def union(parts: Iterable[Iterable[Box]]) -> list[Box]:
    """All boxes of all parts; those that constrain the same single dimension become one."""
    boxes: list[Box] = []
    single: Box = {}
    for part in parts:
        for box in part:
            if not box:
                return [{}]
            if len(box) == 1:
                ((at, cells),) = box.items()
                single[at] = single.get(at, 0) | cells
            else:
                boxes.append(box)
    return [*({at: cells} for at, cells in single.items()), *boxes]


def product(parts: Iterable[Sequence[Box]], space: Space, budget: Budget) -> list[Box]:
    """The requests that are in every part."""
    boxes: list[Box] = [{}]
    for part in parts:
        budget.spend(len(boxes) * len(part))
        boxes = [both for left in boxes for right in part if (both := meet(left, right, space)) is not None]
    return boxes


def meet(left: Box, right: Box, space: Space) -> Box | None:
    """What two boxes share, None where that is nothing."""
    if len(left) < len(right):
        left, right = right, left
    both = dict(left)
    for at, cells in right.items():
        shared = both.get(at, cells) & cells
        if not shared:
            return None
        both[at] = shared
    return tied(both, space)


def minus(box: Box, other: Box, space: Space) -> Iterator[Box]:
    """What is in a box and not in the other, as boxes that do not overlap."""
    rest = dict(box)
    for at, cells in other.items():
        here = rest.get(at, space.dimensions[at].full)
        outside = here & ~cells
        if outside:
            piece = tied({**rest, at: outside}, space)
            if piece is not None:
                yield piece
        if not here & cells:
            return
        rest[at] = here & cells


def tied(box: Box, space: Space) -> Box | None:
    """The box narrowed by what is certain between its dimensions; None where nothing is left."""
    for text, patterns in space.texts.items():
        if not _tie_text(box, text, patterns, space.dimensions[text].full):
            return None
    for law in space.laws:
        if (law.lesser in box or law.greater in box) and not _tie_law(box, law.lesser, law.greater, space):
            return None
    return box


def _tie_text(box: Box, text: int, patterns: Sequence[tuple[int, int, int]], full: int) -> bool:
    """Narrow a text by its patterns and these by the text, in place; False where nothing is left.

    The patterns hang on the text alone, so that one pass each way is enough.
    """
    asked = [(at, found, fails) for at, found, fails in patterns if at in box]
    if not asked and text not in box:
        return True
    cells = box.get(text, full)
    for at, found, fails in asked:
        if box[at] == YES:
            cells &= ~fails
        elif box[at] == NO:
            cells &= ~found
    if not cells:
        return False
    if cells != full:
        box[text] = cells
        for at, found, fails in patterns:
            certain = YES if not cells & ~found else NO if not cells & ~fails else BOTH
            if certain != BOTH:
                left = box.get(at, BOTH) & certain
                if not left:
                    return False
                box[at] = left
    return True


def _tie_law(box: Box, lesser: int, greater: int, space: Space) -> bool:
    """Narrow two facts of which one is never more than the other, in place; False where nothing is left."""
    small, large = space.dimensions[lesser], space.dimensions[greater]
    above = box.get(greater, large.full)
    most = large.spans[above.bit_length() - 1].high
    below = box.get(lesser, small.full) & ((1 << bisect_right(small.spans, most, key=lambda span: span.low)) - 1)
    if not below:
        return False
    least = small.spans[lowest(below)].low
    first = bisect_left(large.spans, least, key=lambda span: span.high)
    above = above >> first << first
    if below != small.full:
        box[lesser] = below
    if above != large.full:
        box[greater] = above
    return bool(above)


def lowest(cells: int) -> int:
    """The index of the first cell of a set that is not empty."""
    return (cells & -cells).bit_length() - 1
