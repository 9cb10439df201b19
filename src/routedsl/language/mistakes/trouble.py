"""Where a text leaves the grammar, and the ways to tell it and to read on."""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from routedsl.base.diagnostic import Diagnostic, Edit, Label
from routedsl.base.source import Source, Span
from routedsl.language.lexis import PARTNERS, Lexeme, lexemes_of, set_apart
from routedsl.language.machine import END
from routedsl.language.tables import tables

DECLARING = frozenset(
    {"MODEL", "UPSTREAM", "CLASSIFIER", "ROUTE", "LET", "POOL", "DEFAULTS", "IMPORT", "ASSERT", "TEST"}
)
"""The terminals that start what stands outside of routes alone."""
STARTING = DECLARING | {"WHEN", "ELSE"}
"""The terminals that start any statement but an option."""
TARGETING = frozenset({"ARROW", "ELSE"})
"""The terminals that a target follows."""
_WITH_NAME = {"MODEL", "UPSTREAM", "ROUTE"}


@cache
def spellings() -> dict[str, str]:
    """How each keyword, operator and bracket is written, by its terminal."""
    return {terminal.name: terminal.text for terminal in tables().terminals if terminal.text is not None}


def lexemes_of_words(words: str, start: int, end: int) -> tuple[Lexeme, ...]:
    """Lexemes that stand for a piece of the source, as these words would be read."""
    read = lexemes_of(Source("", words)).lexemes
    return tuple(Lexeme(lexeme.type, lexeme.text, start, end) for lexeme in read)


def partner_of(opener: Lexeme) -> str:
    """What closes an opening bracket."""
    return spellings()[PARTNERS[opener.type]]


class Mistake(Struct, frozen=True):
    """A finding, and what to read on with: the lexemes from `first` up to `past` replaced by `put`.

    Where `put` is None, the statement cannot be saved.
    """

    diagnostic: Diagnostic
    first: int = 0
    past: int = 0
    put: tuple[Lexeme, ...] | None = None


class Trouble(Struct, frozen=True):
    """The lexeme `at` does not fit, in the statement that began with the lexeme `statement`.

    `accepts` are the terminals that would fit; `starts` those that start a statement around this
    one; `openers` the brackets that are open, the outermost first.
    """

    source: Source
    lexemes: Sequence[Lexeme]
    at: int
    statement: int
    accepts: frozenset[str]
    starts: frozenset[str]
    openers: tuple[Lexeme, ...]

    def near(self, distance: int) -> Lexeme:
        """The lexeme so far behind (negative: before) the one that does not fit; an empty one before the statement."""
        index = self.at + distance
        return self.lexemes[index] if self.statement <= index < len(self.lexemes) else Lexeme("", "", 0, 0)

    def kinds(self, first: int, last: int) -> tuple[str, ...]:
        """The terminals of the lexemes between two distances, both included."""
        return tuple(self.near(distance).type for distance in range(first, last + 1))

    def span(self, first: int = 0, last: int = 0) -> Span:
        """The place of the lexemes between two distances."""
        return Span(self.source, self.lexemes[self.at + first].start, self.lexemes[self.at + last].end)

    def text(self, first: int, last: int) -> str:
        """The source from one lexeme to another, both included."""
        return self.span(first, last).text if first <= last else ""

    def ends(self, distance: int) -> bool:
        """Whether a statement is over before a lexeme: at the end, a brace, or on a new line."""
        index = min(self.at + distance, len(self.lexemes) - 1)
        return self.lexemes[index].type in (END, "RBRACE") or self.fresh(index)

    def column(self, index: int) -> int:
        """How far right a lexeme starts."""
        return self.source.position(self.lexemes[index].start)[1]

    def fresh(self, index: int) -> bool:
        """Whether a lexeme is the first of its line."""
        start = self.lexemes[index].start
        return not self.source.text[self.source.text.rfind("\n", 0, start) + 1 : start].strip()

    def stands_out(self, index: int) -> bool:
        """Whether a lexeme is the first of its line, and no farther right than the statement."""
        return self.fresh(index) and self.column(index) <= self.column(self.statement)

    def opens(self, index: int) -> bool:
        """Whether a lexeme looks like the start of a statement, and not like a signal or a setting."""
        kinds = tuple(lexeme.type for lexeme in self.lexemes[index : index + 3])
        if kinds[0] not in _WITH_NAME:
            return kinds[0] in STARTING
        return len(kinds) == 3 and kinds[1] in ("NAME", "TEXT") and kinds[2] in ("LBRACE", "COMMA")

    def goes_on(self, index: int, depth: int, *, nested: bool) -> bool:
        """Whether another statement of the same body starts at a lexeme, so many braces inside of this one."""
        kind = self.lexemes[index].type
        if depth > 0:
            return not nested and kind in DECLARING and self.opens(index) and self.stands_out(index)
        return (kind in self.starts and self.opens(index)) or (kind == "NAME" and self.stands_out(index))

    def escape(self) -> int | None:
        """The first declaration since the statement began that is likely no part of it, by its indentation."""
        rest = range(self.statement + 1, self.at + 1)
        declaring = (index for index in rest if self.lexemes[index].type in DECLARING and self.opens(index))
        return next((index for index in declaring if self.stands_out(index)), None)

    # ── tellings ────────────────────────────────────────────────────────────────────────────────

    def tell(
        self, message: str, help: str | None, span: Span | None = None, code: str = "R0101", *, edit: Edit | None = None
    ) -> Mistake:
        """Say it, and give the statement up."""
        return Mistake(Diagnostic(code=code, message=message, span=span or self.span(), help=help, edit=edit))

    def swap(
        self, message: str, put: str, first: int = 0, last: int = 0, code: str = "R0102", *, help: str | None = None
    ) -> Mistake:
        """Say it, and read these words in the place of the lexemes between two distances."""
        span = self.span(first, last)
        help_ = help or (f"write `{put}`" if put else f"leave `{span.text}` out")
        diagnostic = Diagnostic(code=code, message=message, span=span, help=help_, edit=set_apart(span, put))
        return Mistake(diagnostic, self.at + first, self.at + last + 1, lexemes_of_words(put, span.start, span.end))

    def insert(self, message: str, put: str, code: str = "R0101") -> Mistake:
        """Say it, and read on as if these words stood before the lexeme."""
        start = self.near(0).start
        edit = Edit(Span(self.source, start, start), f"{put} ")
        diagnostic = Diagnostic(code=code, message=message, span=self.span(), help=f"put `{put}` before it", edit=edit)
        return Mistake(diagnostic, self.at, self.at, lexemes_of_words(put, start, start))

    def close(self, opener: Lexeme, index: int, put: str | None = None) -> Mistake:
        """Say that a bracket is never closed, as a lexeme shows; read on as if `put` closed it there."""
        witness, partner = self.lexemes[index], partner_of(opener)
        words = "the file ends here" if witness.type == END else f"`{witness.text}` comes before its partner"
        behind = self.lexemes[index - 1].end
        diagnostic = Diagnostic(
            code="R0109",
            message=f"`{opener.text}` is never closed",
            span=Span(self.source, opener.start, opener.end),
            help=f"add its `{partner}`",
            labels=(Label(Span(self.source, witness.start, witness.end), words),),
            edit=Edit(Span(self.source, behind, behind), _closing(self.source.text, opener, behind, partner)),
        )
        read = lexemes_of_words(put, witness.start, witness.start) if put else None
        return Mistake(diagnostic, index, index, read)


def _closing(text: str, opener: Lexeme, behind: int, partner: str) -> str:
    if partner != "}":
        return partner
    return "\n}" if "\n" in text[opener.start : behind] else " }"
