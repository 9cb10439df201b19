"""Regions of request space: a box constrains dimensions to cells, a region is the union of boxes."""

from collections.abc import Iterable, Iterator, Sequence

from routedsl.analysis.space import Space
from routedsl.language.policy import And, Condition, Constant, Not, Or

Box = dict[int, int]
"""The cells left in each dimension that is constrained at all; the others are free. No box changes once it is made."""
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


class Regions:
    """Regions in one space. What conditions share (a block's own, a `let`) is worked out once."""

    def __init__(self, space: Space) -> None:
        """Know none yet."""
        self._space = space
        self._known: dict[tuple[int, bool], tuple[Condition, Sequence[Box]]] = {}

    def of(self, condition: Condition, budget: Budget, *, holds: bool = True) -> Sequence[Box]:
        """The requests for which a condition holds (or does not), as boxes that may overlap. Raises `Undecided`."""
        key = (id(condition), holds)
        known = self._known.get(key)
        if known is None:
            # The condition is kept beside its boxes, so that no other gets its id.
            known = self._known[key] = (condition, self._worked_out(condition, budget, holds=holds))
        return known[1]

    def _worked_out(self, condition: Condition, budget: Budget, *, holds: bool) -> Sequence[Box]:
        match condition:
            case Constant(value=value):
                return [{}] if value is holds else []
            case Not(item=item):
                return self.of(item, budget, holds=not holds)
            case And(items=items) | Or(items=items):
                parts = [self.of(item, budget, holds=holds) for item in items]
                if isinstance(condition, And) is holds:
                    return product(parts, self._space, budget)
                return union(parts, self._space)
            case _:
                at, cells = self._space.atom(condition)
                full = self._space.dimensions[at].full
                cells = cells if holds else full & ~cells
                box = {} if cells == full else tied({at: cells}, self._space) if cells else None
                return [] if box is None else [box]


def region(condition: Condition, space: Space, budget: Budget, *, holds: bool = True) -> list[Box]:
    """The requests for which a condition holds (or does not), as boxes that may overlap. Raises `Undecided`."""
    return list(Regions(space).of(condition, budget, holds=holds))


def union(parts: Iterable[Iterable[Box]], space: Space) -> Sequence[Box]:
    """All boxes of all parts; those that constrain the same single dimension become one."""
    boxes: list[Box] = []
    single: Box = {}
    for part in parts:
        for box in part:
            if len(box) == 1:
                ((at, cells),) = box.items()
                single[at] = single.get(at, 0) | cells
            else:
                boxes.append(box)
    if {} in boxes or any(cells == space.dimensions[at].full for at, cells in single.items()):
        return [{}]
    return [*({at: cells} for at, cells in single.items()), *boxes]


def product(parts: Iterable[Sequence[Box]], space: Space, budget: Budget) -> Sequence[Box]:
    """The requests that are in every part. Raises `Undecided`."""
    boxes: Sequence[Box] = [{}]
    for part in parts:
        budget.spend(len(boxes) * len(part))
        boxes = [both for left in boxes for right in part if (both := meet(left, right, space)) is not None]
    return boxes


def meet(left: Box, right: Box, space: Space) -> Box | None:
    """What two boxes share, None where that is nothing."""
    if len(left) < len(right):
        left, right = right, left
    both = dict(left)
    changed = []
    for at, cells in right.items():
        here = both.get(at)
        if here is None:
            both[at] = cells
            changed.append(at)
            continue
        shared = here & cells
        if not shared:
            return None
        if shared != here:
            both[at] = shared
            changed.append(at)
    return _drawn_in(both, changed, space)


def minus(box: Box, other: Box, space: Space) -> Iterator[Box]:
    """What is in a box and not in the other, as boxes that do not overlap."""
    rest = dict(box)
    changed: list[int] = []
    for at, cells in other.items():
        here = rest.get(at, space.dimensions[at].full)
        outside = here & ~cells
        if not outside:
            continue
        piece = _drawn_in({**rest, at: outside}, [*changed, at], space)
        if piece is not None:
            yield piece
        if outside == here:
            return
        rest[at] = here & cells
        changed.append(at)


def tied(box: Box, space: Space) -> Box | None:
    """The box narrowed by what is certain between its dimensions, None where nothing is left."""
    return _drawn_in(dict(box), list(box), space)


def _drawn_in(box: Box, changed: list[int], space: Space) -> Box | None:
    """Narrow a new box, in place, by all that follows from the dimensions that changed; None where nothing is left."""
    while changed:
        at = changed.pop()
        for tie in space.ties.get(at, ()):
            full = space.dimensions[tie.other].full
            here = box.get(tie.other, full)
            left = here & tie.allowed(box[at])
            if not left:
                return None
            if left != here:
                box[tie.other] = left
                changed.append(tie.other)
    return box
