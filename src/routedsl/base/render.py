"""Diagnostics as text for a terminal, as JSON, as GitHub annotations and as SARIF: pure, all return text."""

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from routedsl.base.codes import CODES
from routedsl.base.diagnostic import Diagnostic, Severity
from routedsl.base.source import Span

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_WIDEST = 160
"""Lines are cut to this many characters around the caret: a terminal is no place for a megabyte."""


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Each finding as `file:line:col`, the line, a caret and a help line, a blank line between two."""
    paint = _paint if color else _plain
    return "\n".join(_one(diagnostic, paint) for diagnostic in diagnostics)


def _one(diagnostic: Diagnostic, paint: Callable[[str, str], str]) -> str:
    severity = paint(_COLORS[diagnostic.severity], f"{diagnostic.severity}[{diagnostic.code}]")
    parts = [f"{paint('1', diagnostic.span.at)}: {severity}: {diagnostic.message}", _excerpt(diagnostic.span, paint)]
    for label in diagnostic.labels:
        parts += [f"  {label.span.at}: {label.text}", _excerpt(label.span, paint)]
    if diagnostic.help is not None:
        parts.append(f"  {paint('36', 'help')}: {diagnostic.help}")
    return "".join(f"{part}\n" for part in parts if part)


def _excerpt(span: Span, paint: Callable[[str, str], str]) -> str:
    if not span.source.text:
        return ""
    number, column = span.source.position(span.start)
    whole = span.source.line(number)
    before, after = column - 1, max(1, min(span.end - span.start, len(whole) - column + 1))
    start = max(0, before - _WIDEST // 2) if len(whole) > _WIDEST else 0
    shown = _visible(whole[start : start + _WIDEST])
    carets = "^" * max(1, min(after, _WIDEST - (before - start)))
    # A tab stays a tab above and below, so that the caret stands right whatever a tab's width is.
    pad = "".join("\t" if char == "\t" else " " for char in whole[start:before])
    gutter = " " * len(str(number))
    return f"  {number} | {shown.rstrip()}\n  {gutter} | {pad}{paint('31', carets)}"


def _visible(text: str) -> str:
    return "".join(char if char == "\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _paint(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(_code: str, text: str) -> str:
    return text


def to_json(diagnostic: Diagnostic) -> dict[str, object]:
    """One finding as JSON: places as file, line and column, the end included."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "help": diagnostic.help,
        "related": [{"message": label.text, **_place(label.span)} for label in diagnostic.labels],
        "fix": None
        if diagnostic.edit is None
        else {**_place(diagnostic.edit.span), "replacement": diagnostic.edit.replacement},
    }


def _place(span: Span) -> dict[str, object]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"file": span.source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """All findings as one JSON list."""
    return json.dumps([to_json(diagnostic) for diagnostic in diagnostics], indent=2, ensure_ascii=False) + "\n"


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command a finding, which GitHub shows beside the line."""
    kinds = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    return "".join(f"::{kinds[d.severity]} {_properties(d)}::{_escaped(_with_help(d))}\n" for d in diagnostics)


def _properties(diagnostic: Diagnostic) -> str:
    place = _place(diagnostic.span)
    pairs = {
        "file": place["file"],
        "line": place["line"],
        "endLine": place["end_line"],
        "col": place["column"],
        "endColumn": place["end_column"],
        "title": diagnostic.code,
    }
    return ",".join(f"{key}={_escaped(str(value), ',:')}" for key, value in pairs.items())


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{more}" else char for char in text)


def _with_help(diagnostic: Diagnostic) -> str:
    return diagnostic.message if diagnostic.help is None else f"{diagnostic.message}\nhelp: {diagnostic.help}"


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """SARIF 2.1.0, for code scanning services."""
    findings = list(diagnostics)
    rules = [{"id": code, "shortDescription": {"text": CODES[code]}} for code in sorted({d.code for d in findings})]
    run = {
        "tool": {"driver": {"name": "routedsl", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding) for finding in findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.value,
        "message": {"text": _with_help(diagnostic)},
        "locations": [{"physicalLocation": _sarif_place(diagnostic.span)}],
    }


def _sarif_place(span: Span) -> dict[str, object]:
    place = _place(span)
    region = {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }
    return {"artifactLocation": {"uri": place["file"]}, "region": region}


FORMATS: Mapping[str, Callable[[Iterable[Diagnostic]], str]] = MappingProxyType(
    {"text": render_text, "json": render_json, "github": render_github, "sarif": render_sarif}
)
"""How findings can be rendered, by name."""
