"""A policy file's text, and places in it."""

from bisect import bisect_right
from functools import cached_property
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import astuple


class Source(Struct, frozen=True, eq=False, dict=True):
    """One policy file as read: `name` is what messages call it, `text` is decoded UTF-8."""

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(i + 1 for i, char in enumerate(self.text) if char == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column (both from 1, columns in code points) of an offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its line break."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


class Span(Struct, frozen=True):
    """Offsets `start` (in) and `end` (out) of a piece of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """The text of the piece."""
        return self.source.text[self.start : self.end]

    @property
    def at(self) -> str:
        """`file:line:column` of where the piece starts."""
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"

    @property
    def word(self) -> "Span":
        """The letters that the piece begins with."""
        letters = takewhile(str.isalpha, self.text)
        return Span(self.source, self.start, self.start + sum(1 for _ in letters))

    def __repr__(self) -> str:
        """The place alone: a source can be long."""
        return self.at

    def to(self, other: "Span") -> "Span":
        """The piece from the start of this one to the end of another."""
        return Span(self.source, self.start, max(self.end, other.end))


NOWHERE = Span(Source("", ""), 0, 0)
"""The place of what stands in no text."""


class Node(Struct, frozen=True, kw_only=True):
    """What stands somewhere in a source, or came from there.

    The place takes no part in equality: what says the same is equal.
    """

    span: Span

    def __eq__(self, other: object) -> bool:
        """Whether both are of one kind and say the same."""
        return type(self) is type(other) and _said(self) == _said(other)

    def __hash__(self) -> int:
        """The hash of what is said."""
        return hash(_said(self))


def _said(node: Node) -> tuple[object, ...]:
    return astuple(node)[:-1]  # what is given by keyword alone comes last
