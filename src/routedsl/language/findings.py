"""Where the checker's passes put what they find."""

from collections.abc import Iterable

from routedsl.base.diagnostic import Diagnostic, Edit, Label, Severity
from routedsl.base.source import Span


class Findings:
    """A growing list of diagnostics: passes report and go on, so that one run tells everything."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.diagnostics: list[Diagnostic] = []

    def error(self, code: str, span: Span, message: str, help: str | None = None, *, edit: str | None = None) -> None:
        """Report what keeps the policy from loading; `edit` is a text to put in the span's place."""
        change = None if edit is None else Edit(span, edit)
        self.diagnostics.append(Diagnostic(code=code, message=message, span=span, help=help, edit=change))

    def twice(self, code: str, span: Span, message: str, first: Span) -> None:
        """Report what stands a second time, and where it stood first."""
        labels = (Label(first, "first here"),)
        self.diagnostics.append(Diagnostic(code=code, message=message, span=span, labels=labels))

    def warning(self, code: str, span: Span, message: str, help: str | None = None) -> None:
        """Report what is legal and likely not meant."""
        self.diagnostics.append(Diagnostic(code=code, severity=Severity.WARNING, message=message, span=span, help=help))

    def not_yet(self, span: Span, what: str) -> None:
        """Report a form of the language that does nothing yet: it is refused, never ignored."""
        self.error("R0901", span, f"{what} not there yet", "leave it out until a later version brings it")


def listed(words: Iterable[str]) -> str:
    """Words in backticks, for a help line."""
    return ", ".join(f"`{word}`" for word in words)
