"""Findings about policy text, as values: collected and sorted, never thrown one by one."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from routedsl.base.source import Span


class Severity(StrEnum):
    """How bad a finding is; only an error keeps a policy from loading."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Label(Struct, frozen=True):
    """A second place that a finding is about, with a few words on it."""

    span: Span
    text: str


class Edit(Struct, frozen=True):
    """A change of the text that a program may make to follow the help."""

    span: Span
    replacement: str


class Witness(Struct, frozen=True):
    """What proves a finding, or what there is instead of a proof.

    Where it is `shown`, `envelope` is a request as `decide` reads it, and `facts` are its own. Else the
    envelope is None, and `facts` are such as would be needed, less texts that could not be made. Facts stand by
    their canonical text, in the form of JSON, missing ones as None.
    """

    shown: bool
    envelope: Mapping[str, object] | None = None
    facts: Mapping[str, object] = {}


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One finding: a stable code of `base.codes`, one lower-case sentence, where, and what helps."""

    code: str
    severity: Severity = Severity.ERROR
    message: str
    span: Span
    help: str | None = None
    labels: tuple[Label, ...] = ()
    edit: Edit | None = None
    witness: Witness | None = None


class PolicyError(Exception):
    """A policy that does not load; `diagnostics` say why, errors and warnings in source order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep the findings; the exception's text is the first error's place and message."""
        self.diagnostics = in_order(diagnostics)
        first = next((d for d in self.diagnostics if d.severity is Severity.ERROR), None)
        super().__init__(f"{first.span.at}: {first.message}" if first else "the policy has errors")


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings sorted by file, place, severity and code; of two that say the same the first."""
    unique: dict[tuple[str, str, str, int], Diagnostic] = {}
    for d in diagnostics:
        unique.setdefault((d.code, d.message, d.span.source.name, d.span.start), d)
    ranks = list(Severity)
    return tuple(
        sorted(
            unique.values(),
            key=lambda d: (d.span.source.name, d.span.start, ranks.index(d.severity), d.code),
        )
    )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any finding keeps the policy from loading."""
    return any(d.severity is Severity.ERROR for d in diagnostics)
