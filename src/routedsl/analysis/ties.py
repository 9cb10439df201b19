"""Ties between dimensions: what the cells that one is left to leave to another."""

from msgspec import Struct


class Follows(Struct, frozen=True):
    """Where this dimension is within `cells`, the other is within `left`."""

    other: int
    cells: int
    left: int

    def allowed(self, here: int) -> int:
        """The cells that these leave to the other dimension; -1 is all."""
        return -1 if here & ~self.cells else self.left


class AtMost(Struct, frozen=True):
    """The other fact is never more than this one: `counts` has for each greatest cell in how many it may be."""

    other: int
    counts: tuple[int, ...]

    def allowed(self, here: int) -> int:
        """The cells that these leave to the other dimension."""
        return (1 << self.counts[here.bit_length() - 1]) - 1


class AtLeast(Struct, frozen=True):
    """The other fact is never less than this one: `firsts` has for each least cell the first in which it may be."""

    other: int
    firsts: tuple[int, ...]

    def allowed(self, here: int) -> int:
        """The cells that these leave to the other dimension."""
        return -1 << self.firsts[lowest(here)]


Tie = Follows | AtMost | AtLeast


def lowest(cells: int) -> int:
    """The index of the first cell of a set that is not empty."""
    return (cells & -cells).bit_length() - 1
