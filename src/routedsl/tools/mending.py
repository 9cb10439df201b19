"""Follows the help of findings where a program can: applies their edits to the files of a policy."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from routedsl.base.diagnostic import Diagnostic, Edit, Severity
from routedsl.base.source import Source
from routedsl.language.findings import quoted
from routedsl.language.parse import parse
from routedsl.loading.policy import Loading
from routedsl.tools.files import replace_file

MOST = 1_000
"""Edits after which a policy is left as it then is."""


class Change(Struct, frozen=True):
    """An edit that was made, and the finding that it answers."""

    finding: Diagnostic
    edit: Edit

    def __str__(self) -> str:
        span, put = self.edit.span, _shown(self.edit.replacement)
        if not span.text:
            return f"{span.at}: put in {put}"
        return f"{span.at}: {_shown(span.text)} became {put}" if put else f"{span.at}: left out {_shown(span.text)}"


class Mending(Struct, frozen=True):
    """What was changed, in order, and what is still found."""

    changes: tuple[Change, ...]
    loading: Loading


def mend(path: Path, look: Callable[[Path], Loading]) -> Mending:
    """Apply edits one at a time, looking anew after each, until no finding has one that helps; raises OSError."""
    changes: list[Change] = []
    loading = look(path)
    while len(changes) < MOST and (change := _next(loading, changes)):
        source = change.edit.span.source
        replace_file(Path(source.name), applied(source, change.edit))
        changes.append(change)
        loading = look(path)
    return Mending(tuple(changes), loading)


def _shown(text: str) -> str:
    """Words in backticks, on one line; nothing for nothing."""
    return quoted(text) if text.strip() else ""


def applied(source: Source, edit: Edit) -> str:
    """The text of a source after an edit."""
    return source.text[: edit.span.start] + edit.replacement + source.text[edit.span.end :]


def _next(loading: Loading, done: list[Change]) -> Change | None:
    return next((change for change in _changes(loading) if not _undoes(change, done) and _helps(change.edit)), None)


def _changes(loading: Loading) -> Iterator[Change]:
    for finding in loading.diagnostics:
        if finding.edit is not None:
            yield Change(finding, finding.edit)


def _undoes(change: Change, done: list[Change]) -> bool:
    """Whether a text would come back that was there before: two findings that disagree."""
    text, name = applied(change.edit.span.source, change.edit), change.edit.span.source.name
    return any(other.edit.span.source.name == name and other.edit.span.source.text == text for other in done)


def _helps(edit: Edit) -> bool:
    """Whether the text changes, and parses with no more errors than before."""
    source = edit.span.source
    text = applied(source, edit)
    return text != source.text and _errors(Source(source.name, text)) <= _errors(source)


def _errors(source: Source) -> int:
    return sum(finding.severity is Severity.ERROR for finding in parse(source)[1])
