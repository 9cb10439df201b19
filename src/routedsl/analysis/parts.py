"""Regions as people read them: a box, and what earlier rules take out of it."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from routedsl.analysis.describe import describe, essential
from routedsl.analysis.points import holds_point
from routedsl.analysis.regions import Box, meet
from routedsl.analysis.space import Space
from routedsl.engine.facts import Read

MOST_JOINED = 200
"""Parts past which they are no longer compared pair by pair: the same region, in more words."""


class Part(Struct, frozen=True):
    """The requests that lie in a box, and in none of others."""

    box: Box
    without: tuple[Box, ...] = ()

    def holds(self, space: Space, read: Read) -> bool:
        """Whether a request is one of them."""
        return holds_point(self.box, space, read) and not any(holds_point(box, space, read) for box in self.without)

    def text(self, space: Space) -> str:
        """The condition that is true of just these requests."""
        if not self.without:
            return describe(self.box, space)
        within = [_as_item(describe(self.box, space))] if self.box else []
        return " and ".join([*within, *(f"not ({describe(box, space)})" for box in self.without)])


def _as_item(condition: str) -> str:
    return f"({condition})" if " or " in condition else condition


def carved(box: Box, others: Iterable[Box], space: Space) -> Part:
    """What of a box is in none of others; those that bound it in one dimension only are drawn into the box."""
    left = [essential(other, space) for other in others]
    narrowed = True
    while narrowed:
        narrowed, pending, left = False, left, []
        for other in pending:
            beyond = _beyond(box, other, space)
            if beyond is None:
                continue
            if len(beyond) == 1:
                box, narrowed = _narrowed(box, beyond, space), True
            elif beyond not in left:
                left.append(beyond)
    return Part(essential(box, space), tuple(one for one in left if not any(_within(one, other) for other in left)))


def _beyond(box: Box, other: Box, space: Space) -> Box | None:
    """The dimensions in which the box leaves the other one; None where they share nothing."""
    if meet(box, other, space) is None:
        return None
    return {at: cells for at, cells in other.items() if _cells(box, at, space) & ~cells}


def _narrowed(box: Box, beyond: Box, space: Space) -> Box:
    ((at, cells),) = beyond.items()
    return meet(box, {at: _cells(box, at, space) & ~cells}, space) or box


def _cells(box: Box, at: int, space: Space) -> int:
    return box.get(at, space.dimensions[at].full)


def _within(box: Box, other: Box) -> bool:
    """Whether all of a box is in another, and not the other way round."""
    return box != other and all(at in box and not box[at] & ~cells for at, cells in other.items())


def joined(parts: Sequence[Part], space: Space) -> tuple[Part, ...]:
    """The same requests in fewer parts, where two of them differ in one dimension, or one holds the other."""
    if len(parts) > MOST_JOINED:
        return tuple(parts)
    done: list[Part] = []
    for part in parts:
        whole: Part | None = part
        while whole is not None:
            part, whole = whole, None
            for index, other in enumerate(done):
                whole = _joined(part, other, space)
                if whole is not None:
                    del done[index]
                    break
        done.append(part)
    return tuple(done)


def _joined(one: Part, other: Part, space: Space) -> Part | None:
    if set(map(_key, one.without)) != set(map(_key, other.without)):
        return None
    dimensions = dict.fromkeys((*one.box, *other.box))
    apart = [at for at in dimensions if _cells(one.box, at, space) != _cells(other.box, at, space)]
    if len(apart) > 1:
        return next((a for a, b in ((one, other), (other, one)) if _within(b.box, a.box)), None)
    both = {at: _cells(one.box, at, space) | _cells(other.box, at, space) for at in dimensions}
    return Part({at: cells for at, cells in both.items() if cells != space.dimensions[at].full}, one.without)


def _key(box: Box) -> frozenset[tuple[int, int]]:
    return frozenset(box.items())
