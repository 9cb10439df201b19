"""Lines of formatted text: written one after the other with the source's comments, then aligned."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from routedsl.language.syntax import Comment

WIDTH = 100
"""Columns that a line has, if it can be broken at all; comments do not count."""
_STEP = "  "
_BRACE = re.compile(r"(?:\s|#[^\n]*)*\{")


class Line(Struct, frozen=True):
    """A line: its code (none beside a comment of its own), its comment, and whether a blank one is above.

    Lines in a row of one `table` are padded at `column`, so that what follows is aligned.
    """

    depth: int
    code: str
    comment: str = ""
    blank: bool = False
    table: str = ""
    column: int = 0

    @property
    def text(self) -> str:
        """The code, indented."""
        return _STEP * self.depth + self.code


class Piece(Struct, frozen=True):
    """A part of a statement, before which a line may be broken; `start` is its place in the source.

    On a line of its own it stands `further` steps deeper than the pieces around it.
    """

    text: str
    start: int
    further: int = 0

    def with_more(self, text: str) -> "Piece":
        """The piece with a text behind it."""
        return Piece(self.text + text, self.start, self.further)


def fits(depth: int, code: str) -> bool:
    """Whether code fits on a line."""
    return len(_STEP) * depth + len(code) <= WIDTH


class Writer:
    """Writes lines in the order of the source, and each comment of the source where it belongs."""

    HANGING = 2
    """How much deeper the further lines of a broken statement stand."""

    def __init__(self, text: str, comments: Sequence[Comment]) -> None:
        """Write about a source's text, with its comments."""
        self.text = text
        self.lines: list[Line] = []
        self._comments = sorted(comments, key=lambda comment: comment.span.start)
        self._next = 0

    def item(self, depth: int, pieces: Sequence[Piece], end: int, table: str = "", column: int = 0) -> None:
        """Write a statement, on one line if it fits and no comment stands between its pieces."""
        start = pieces[0].start
        self.comments_before(start, depth)
        blank = self._blank_above(start)
        whole = " ".join(piece.text for piece in pieces)
        if fits(depth, whole) and not self.has_comment(start, pieces[-1].start):
            pieces = [Piece(whole, start)]
        self.lines.append(Line(depth, pieces[0].text, "", blank, table, column))
        for piece in pieces[1:]:
            hanging = depth + self.HANGING + piece.further
            self._comments_within(piece.start, hanging)
            self.lines.append(Line(hanging, piece.text))
        further = depth + 1 if self._opened() else depth
        self._comments_within(end, further)
        self._comment_behind(end, further)

    def close(self, depth: int, bracket: str, end: int) -> None:
        """Write the bracket that ends a body, and before it what comments are left inside."""
        self.comments_before(end - len(bracket), depth + 1)
        self.lines.append(Line(depth, bracket))
        self._comment_behind(end, depth)

    def comments_before(self, offset: int, depth: int) -> None:
        """Write the comments up to an offset, on lines of their own."""
        while comment := self._comment(offset):
            self.lines.append(Line(depth, "", comment.text, self._blank_above(comment.span.start)))
            self._next += 1

    def has_comment(self, start: int, end: int) -> bool:
        """Whether a comment that is not written yet stands between two offsets."""
        first = bisect_left(self._comments, start, self._next, key=lambda comment: comment.span.start)
        return first < len(self._comments) and self._comments[first].span.start < end

    def after_brace(self, offset: int) -> int:
        """Where the `{` that comes next ends; the offset itself for syntax without a source."""
        match = _BRACE.match(self.text, offset)
        return match.end() if match else offset

    def _comment(self, before: int) -> Comment | None:
        """The next comment, if it starts before an offset."""
        upcoming = self._comments[self._next : self._next + 1]
        return upcoming[0] if upcoming and upcoming[0].span.start < before else None

    def _comments_within(self, past: int, depth: int) -> None:
        while comment := self._comment(past):
            start = comment.span.start
            beside = bool(self.text[self.text.rfind("\n", 0, start) + 1 : start].strip())
            if beside and self.lines[-1].code and not self.lines[-1].comment:
                self.lines[-1] = replace(self.lines[-1], comment=comment.text)
            else:
                self.lines.append(Line(depth, "", comment.text, self._blank_above(start)))
            self._next += 1

    def _comment_behind(self, end: int, depth: int) -> None:
        """Put a comment that stands behind what was written beside it."""
        comment = self._comment(len(self.text))
        if comment and not self.text[end : comment.span.start].strip(" \t,"):
            self._comments_within(comment.span.start + 1, depth)

    def _opened(self) -> bool:
        """Whether the last line opened a body."""
        return self.lines[-1].code.endswith(("{", "["))

    def _blank_above(self, offset: int) -> bool:
        """Whether a blank line stands above, other than at the start of the file or of a body."""
        if not self.lines or self._opened():
            return False
        line = self.text.rfind("\n", 0, offset)
        above = self.text.rfind("\n", 0, max(line, 0))
        return line >= 0 and not self.text[above + 1 : offset].strip()


# ── alignment ───────────────────────────────────────────────────────────────────────────────────


def aligned(lines: Sequence[Line]) -> Iterator[str]:
    """The lines as texts, blank lines among them."""
    tabled = [line for run in _runs(lines, _in_one_table) for line in _table(run)]
    for run in _runs(tabled, _both_commented):
        width = max(len(line.text) for line in run)
        for line in run:
            if line.blank:
                yield ""
            yield _with_comment(line, width)


def _in_one_table(above: Line, line: Line) -> bool:
    return not line.blank and bool(line.table) and (line.table, line.depth) == (above.table, above.depth)


def _both_commented(above: Line, line: Line) -> bool:
    """Comments are aligned within one body."""
    return line.depth == above.depth and not line.blank and all((above.code, above.comment, line.code, line.comment))


def _with_comment(line: Line, width: int) -> str:
    if not line.code:
        return line.text + line.comment
    return f"{line.text:{width}}  {line.comment}" if line.comment else line.text


def _runs(lines: Sequence[Line], joins: Callable[[Line, Line], bool]) -> Iterator[list[Line]]:
    """The lines in groups; one that joins the line above is in its group."""
    run: list[Line] = []
    for line in lines:
        if run and not joins(run[-1], line):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _table(run: list[Line]) -> list[Line]:
    column = max(line.column for line in run)
    padded = [replace(line, code=line.code[: line.column].ljust(column) + line.code[line.column :]) for line in run]
    return padded if all(len(line.text) <= WIDTH for line in padded) else run
