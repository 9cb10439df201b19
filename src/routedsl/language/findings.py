"""Where the checker's passes put what they find."""

from collections.abc import Iterable
from itertools import islice

from routedsl.base.diagnostic import Diagnostic, Edit, Label, Severity
from routedsl.base.source import Span
from routedsl.base.suggest import close_matches
from routedsl.base.types import Type

MOST = 100
"""Errors after which nothing more is looked for."""
_LONGEST = 60


class TooManyErrors(Exception):  # noqa: N818 - it has the suffix, in the plural
    """There are so many errors that more of them would help nobody."""


class Findings:
    """A growing list of diagnostics: passes report and go on, so that one run tells everything."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.diagnostics: list[Diagnostic] = []
        self._errors = 0

    def error(
        self, code: str, span: Span, message: str, help: str | None = None, *, edit: str | Edit | None = None
    ) -> None:
        """Report what keeps the policy from loading; raises `TooManyErrors` after `MOST`.

        `edit` follows the help: a change, or a text to put in the span's place.
        """
        change = Edit(span, edit) if isinstance(edit, str) else edit
        self._add(Diagnostic(code=code, message=message, span=span, help=help, edit=change))

    def twice(
        self, code: str, span: Span, message: str, first: Span, label: str = "first here", help: str | None = None
    ) -> None:
        """Report as an error what stands a second time, and where it stood first."""
        labels = (Label(first, label),)
        self._add(Diagnostic(code=code, message=message, span=span, help=help, labels=labels))

    def warning(self, code: str, span: Span, message: str, help: str | None = None) -> None:
        """Report what is legal and likely not meant."""
        self._add(Diagnostic(code=code, severity=Severity.WARNING, message=message, span=span, help=help))

    def _add(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)
        self._errors += diagnostic.severity is Severity.ERROR
        if self._errors == MOST:
            raise TooManyErrors

    def not_yet(self, span: Span, what: str) -> None:
        """Report a form of the language that does nothing yet: it is refused, never ignored."""
        self.error("R0901", span, f"{what} not there yet", "leave it out until a later version brings it")


def quoted(words: str) -> str:
    """The author's words in backticks: on one line, and cut where they are long."""
    line = " ".join(words.split())
    return f"`{line}`" if len(line) <= _LONGEST else f"`{line[:_LONGEST]}…`"


def suggested(name: str, known: Iterable[str], otherwise: str) -> tuple[str, str | None]:
    """A help line with the known name that is close, and that name to put in the place; else another help line."""
    match = next(iter(close_matches(name, known, most=1)), None)
    return (otherwise, None) if match is None else (f"did you mean `{match}`?", match)


def listed(words: Iterable[str]) -> str:
    """Words in backticks, for a help line."""
    return ", ".join(f"`{word}`" for word in words)


def some(names: Iterable[str]) -> str:
    """The first few of the author's names in backticks."""
    shown = [quoted(name) for name in islice(names, 9)]
    return ", ".join(shown[:8]) + (", …" if len(shown) > 8 else "")


def kind_of(type_: Type) -> str:
    """A type with its article."""
    return type_.value if type_ is Type.MONEY else f"a {type_}"
