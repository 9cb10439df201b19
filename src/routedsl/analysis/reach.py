"""Which requests reach which rule: what a rule's condition takes, minus all that the rules before it took."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from msgspec import Struct

from routedsl.analysis.index import BoxIndex, bits
from routedsl.analysis.regions import MOST_PIECES, Box, Budget, Regions, Undecided, minus
from routedsl.analysis.space import Space
from routedsl.language.policy import Condition

FEW_CULPRITS = 8
"""Of more rules than these that take all of another together, the fewest are not looked for."""
LOOKED_AT = 16
"""Boxes that are compared for the one that splits a piece least."""
ALL_PIECES, FEWEST_PIECES = 4_000_000, 1_000
"""Pieces for all rules of a policy together, and for each at least: many hard rules do not take for ever."""


class Reached(Struct, frozen=True):
    """A box of requests that reach the rule; there may be more."""

    box: Box


class Dead(Struct, frozen=True):
    """Nothing reaches the rule. `by` are the places of rules that together take all of it; empty: it takes nothing."""

    by: tuple[int, ...]


class Unknown(Struct, frozen=True):
    """The budget was spent before an answer."""


Reach = Reached | Dead | Unknown


class Rules(Struct, frozen=True):
    """Conditions in order with their regions; None where a region took more than its budget.

    `boxes` are those of all regions in order, `owners` the place of each one's rule, `starts` the number
    of each rule's first. Before `unsure_from` no region is None. Each answer takes `pieces` at most.
    """

    space: Space
    regions: tuple[tuple[Box, ...] | None, ...]
    boxes: tuple[Box, ...]
    owners: tuple[int, ...]
    starts: tuple[int, ...]
    index: BoxIndex
    unsure_from: int
    pieces: int

    def reach(self, place: int) -> Reach:
        """What reaches the rule at a place."""
        own = self.regions[place]
        if own is None:
            return Unknown()
        used: set[int] = set()
        budget = Budget(self.pieces)
        try:
            for box in own:
                left = next(self.left_over(box, (1 << self.starts[place]) - 1, budget, used), None)
                if left is not None:
                    return Unknown() if self.unsure_from < place else Reached(left)
        except Undecided:
            return Unknown()
        return Dead(self._culprits(own, used))

    def left_over(self, box: Box, among: int, budget: Budget, used: set[int] | None = None) -> Iterator[Box]:
        """What of a box is in none of a set of boxes, piece by piece.

        Notes in `used` the rules that took something. Raises `Undecided`.
        """
        stack = [(box, self.index.meeting(box, among))]
        while stack:
            piece, among = stack.pop()
            budget.spend()
            number = self._splitter(piece, among)
            if number is None:
                yield piece
                continue
            if used is not None:
                used.add(self.owners[number])
            others = among & ~(1 << number)
            for rest in minus(piece, self.boxes[number], self.space):
                stack.append((rest, self.index.meeting(rest, others, piece)))

    def _splitter(self, piece: Box, among: int) -> int | None:
        """The box to take away next: one that holds the whole piece, else one that splits it least; None: nobody."""
        for number in bits(self.index.covering(piece, among)):
            if self._outside(piece, number) == 0:
                return number
        compared = ((self._outside(piece, number), number) for number in bits(among))
        met = ((outside, number) for outside, number in islice(compared, LOOKED_AT) if outside is not None)
        best = min(met, default=None) or next((pair for pair in compared if pair[0] is not None), None)
        return None if best is None else best[1]

    def _outside(self, piece: Box, number: int) -> int | None:
        """In how many dimensions a piece leaves a box; None where they share nothing."""
        count = 0
        for at, cells in self.boxes[number].items():
            here = piece.get(at)
            if here is None:
                count += 1
            elif not here & cells:
                return None
            elif here & ~cells:
                count += 1
        return count

    def _culprits(self, own: Sequence[Box], used: set[int]) -> tuple[int, ...]:
        """The one rule that takes all, where there is one; else those that do together, as few as is quick to see."""
        needed = sorted(used)
        for rule in needed:
            if len(needed) == 1 or self._covered(own, [rule]):
                return (rule,)
        if len(needed) > FEW_CULPRITS:
            return tuple(needed)
        for rule in sorted(used, reverse=True):
            fewer = [other for other in needed if other != rule]
            if fewer and self._covered(own, fewer):
                needed = fewer
        return tuple(needed)

    def _covered(self, own: Sequence[Box], by: Sequence[int]) -> bool:
        among = sum(((1 << len(self.regions[rule] or ())) - 1) << self.starts[rule] for rule in by)
        try:
            return not any(True for box in own for _ in self.left_over(box, among, Budget(self.pieces)))
        except Undecided:
            return False


def rules_of(conditions: Sequence[Condition], space: Space) -> Rules:
    """The regions of conditions in order, ready to be asked what reaches which."""
    pieces = min(MOST_PIECES, max(FEWEST_PIECES, ALL_PIECES // max(1, len(conditions))))
    known = Regions(space)
    regions = tuple(_region(condition, known, Budget(pieces)) for condition in conditions)
    sizes = [len(own or ()) for own in regions]
    boxes = tuple(box for own in regions for box in own or ())
    return Rules(
        space=space,
        regions=regions,
        boxes=boxes,
        owners=tuple(place for place, size in enumerate(sizes) for _ in range(size)),
        starts=tuple(accumulate(sizes, initial=0))[:-1],
        index=BoxIndex(boxes, space),
        unsure_from=regions.index(None) if None in regions else len(regions),
        pieces=pieces,
    )


def _region(condition: Condition, known: Regions, budget: Budget) -> tuple[Box, ...] | None:
    try:
        return tuple(known.of(condition, budget))
    except Undecided:
        return None
