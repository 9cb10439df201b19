"""From a policy file's text to its syntax: every mistake in one run, and never an exception.

Where a lexeme does not fit, `mistakes` says what was likely meant; reading goes on with that, or else
at the next statement. The machine's stack is cut back to where the broken statement began, so that
what stands around it stays whole.
"""

from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from routedsl.base.diagnostic import Diagnostic, in_order
from routedsl.base.source import Source, Span
from routedsl.language.build import Builder
from routedsl.language.lexis import MOST, PARTNERS, Lexeme, Lexis, lexemes_of
from routedsl.language.machine import END, Machine, Unfit
from routedsl.language.mistakes.foreign import foreign
from routedsl.language.mistakes.guess import explain
from routedsl.language.mistakes.trouble import STARTING, Mistake, Trouble
from routedsl.language.reductions import reductions
from routedsl.language.syntax import File
from routedsl.language.tables import tables

LARGEST = 1024 * 1024
"""Bytes a policy file may have."""
MOST_MENDS = 1_000
"""Places where a text is read on after a mistake, so that reading ends whatever the guesses are."""

MOST_READINGS = 3
"""How often the same words are read in another way."""


def parse(source: Source) -> tuple[File, tuple[Diagnostic, ...]]:
    """The syntax of a text, as far as it can be read, and what is wrong with it."""
    if len(source.text) > LARGEST or len(source.text.encode("utf-8", "surrogatepass")) > LARGEST:
        message = "the file is larger than 1 MiB"
        found = Diagnostic(
            code="R0108", message=message, span=Span(source, 0, 0), help="split it, and `import` the parts"
        )
        return File(source, None, ()), (found,)
    lexis = lexemes_of(source)
    if lexis.refused:
        return File(source, None, (), tuple(lexis.comments)), in_order(lexis.found)
    file = replace(_Reader(source, lexis).read(), comments=tuple(lexis.comments))
    if lexis.found and (whole := foreign(source)):
        return replace(file, statements=()), (whole,)
    return file, in_order(lexis.found)[:MOST]


class _Reader:
    """One reading of a source's lexemes; `at` is the lexeme to come."""

    def __init__(self, source: Source, lexis: Lexis) -> None:
        self.source = source
        self.doubts = lexis.doubts
        self.found = lexis.found
        self.lexemes = [*lexis.lexemes, Lexeme(END, "", len(source.text), len(source.text))]
        self.at = 0
        self.resumed = -1
        self.mended: set[Mistake] = set()
        self.mends = 0
        self.machine = Machine(tables(), reductions(tables(), Builder(source, self.found)))
        self.states, self.values = self.machine.states, self.machine.values

    def read(self) -> File:
        """The file; what could not be read is left out."""
        while True:
            lexeme = self.lexemes[self.at]
            states, values, found = self.states.copy(), self.values.copy(), len(self.found)
            try:
                result = self.machine.feed(lexeme.type, lexeme)
            except Unfit:
                # What was reduced before the wrong lexeme is as if it had not been.
                self.states[:], self.values[:] = states, values
                del self.found[found:]
                self._mend()
                continue
            if lexeme.type == END:
                file: File = result
                return file
            self.at += 1

    def _mend(self) -> None:
        """Tell what is wrong, and find a way on."""
        self.mends += 1
        if len(self.found) >= MOST or self.mends > MOST_MENDS:
            self._give_up()
            return
        trouble = self._trouble()
        mistake = None if self._is_consequence(trouble) else explain(trouble)
        if mistake and mistake not in self.mended and not self._is_at_a_loss(mistake):
            self.mended.add(mistake)
            self._tell(mistake.diagnostic)
            if mistake.put is not None:
                self._read_instead(trouble, mistake, mistake.put)
                return
        if self.resumed == len(self.lexemes) - 1:
            self._give_up()
        else:
            self._skip_statement(trouble, mistake)

    def _is_at_a_loss(self, mistake: Mistake) -> bool:
        """Whether the same words were read in other ways often enough, and none of them fits."""
        start = mistake.diagnostic.span.start
        return sum(other.diagnostic.span.start == start for other in self.mended) >= MOST_READINGS

    def _tell(self, diagnostic: Diagnostic) -> None:
        """Keep a finding in the place of those on its own words, which knew less."""
        place = diagnostic.span
        self.found[:] = [f for f in self.found if not place.start <= f.span.start <= f.span.end <= place.end]
        self.found.append(diagnostic)

    def _trouble(self) -> Trouble:
        level = self._level("WHEN")
        return Trouble(
            source=self.source,
            lexemes=self.lexemes,
            at=self.at,
            statement=self._index(self.values[level]) if level < len(self.values) else self.at,
            accepts=self.machine.accepts(),
            starts=frozenset(kind for kind in STARTING if self.machine.shifts(self.states[level], kind)),
            openers=_unclosed(self.values),
        )

    def _index(self, value: Any) -> int:
        start = value.start if isinstance(value, Lexeme) else value.span.start
        return bisect_left(self.lexemes, start, key=lambda lexeme: lexeme.start)

    def _level(self, terminal: str) -> int:
        """How high the stack is where a statement that starts with the terminal may begin."""
        return next(n for n in reversed(range(len(self.states))) if self.machine.shifts(self.states[n], terminal))

    def _cut(self, terminal: str) -> None:
        """Forget what was read since such a statement could begin."""
        level = self._level(terminal)
        del self.states[level + 1 :], self.values[level:]

    def _complete(self) -> None:
        """Reduce a statement that could end here, as is done when another one starts."""
        with suppress(Unfit):
            self.machine.feed("WHEN", None)
            self.states.pop()
            self.values.pop()

    def _is_consequence(self, trouble: Trouble) -> bool:
        """Whether something was dropped or guessed near by, so that this error may be none."""
        if trouble.near(0).type == "RBRACE" and not trouble.openers and self.resumed >= 0:
            return True  # its partner was passed over
        first, last = self.lexemes[trouble.statement].start, self.lexemes[trouble.at].end
        end_of_line = self.source.text.find("\n", last)
        return any(first <= doubt and (doubt <= end_of_line or end_of_line < 0) for doubt in self.doubts)

    def _read_instead(self, trouble: Trouble, mistake: Mistake, put: tuple[Lexeme, ...]) -> None:
        if mistake.first < self.at:
            self._cut("WHEN")
            self.at = trouble.statement
        self.lexemes[mistake.first : mistake.past] = put

    def _skip_statement(self, trouble: Trouble, mistake: Mistake | None) -> None:
        """Go to where the next statement starts, or the block around this one ends."""
        escape = trouble.escape()
        if escape is None or escape == self.resumed:
            blamed = mistake.diagnostic.span.start if mistake else len(self.source.text)
            if blamed > self.lexemes[trouble.statement].start:
                self._complete()  # what is wrong from its first word on is nothing, even if it can be read
            self._cut("WHEN")
            self.at = self.resumed = self._next_statement(trouble)
        else:
            self._cut("LET")
            self.at = self.resumed = escape

    def _next_statement(self, trouble: Trouble) -> int:
        within = self.lexemes[trouble.statement : self.at]
        depth = sum((lexeme.type == "LBRACE") - (lexeme.type == "RBRACE") for lexeme in within)
        nested = not self.machine.shifts(self.states[-1], "LET")
        for index in range(self.at, len(self.lexemes)):
            kind = self.lexemes[index].type
            if index != self.resumed and trouble.goes_on(index, depth, nested=nested):
                return index
            if kind == "RBRACE" and depth <= 0 and nested:
                return index
            depth = max(0, depth + (kind == "LBRACE") - (kind == "RBRACE"))
        return len(self.lexemes) - 1

    def _give_up(self) -> None:
        self._complete()
        self._cut("LET")
        self.at = len(self.lexemes) - 1


def _unclosed(values: Iterable[object]) -> tuple[Lexeme, ...]:
    """The brackets that are still open among what a stack holds."""
    openers: list[Lexeme] = []
    for value in values:
        if isinstance(value, Lexeme) and value.type in PARTNERS:
            openers.append(value)
        elif isinstance(value, Lexeme) and value.type in PARTNERS.values():
            openers.pop()
    return tuple(openers)
