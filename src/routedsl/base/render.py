"""Diagnostics as text for a terminal, as JSON, as GitHub annotations and as SARIF: pure, all return text."""

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from unicodedata import category, east_asian_width

from routedsl.base.codes import CODES
from routedsl.base.diagnostic import Diagnostic, Edit, Label, Severity, Witness
from routedsl.base.source import Span

_COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
_WIDEST = 160
"""Lines are cut to this many characters around the caret: a terminal is no place for a megabyte."""
_CUT = "…"
_LONGEST_TEXT, _SHOWN_OF_TEXT, _LONGEST_LIST = 60, 24, 8
"""What a witness shows of long texts and lists."""

Paint = Callable[[str, str], str]
"""Puts a text in the colour of a code."""


def _paint(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(_code: str, text: str) -> str:
    return text


# ── text ────────────────────────────────────────────────────────────────────────────────────────


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Each finding as `file:line:col`, the line, a caret and a help line, a blank line between two."""
    paint = _paint if color else _plain
    return "\n".join(_one(diagnostic, paint) for diagnostic in diagnostics)


def _one(diagnostic: Diagnostic, paint: Paint) -> str:
    severity = paint(_COLORS[diagnostic.severity], f"{diagnostic.severity}[{diagnostic.code}]")
    place = paint("1", _visible(diagnostic.span.at))
    parts = [f"{place}: {severity}: {_visible(diagnostic.message)}", *_excerpt(diagnostic.span, paint)]
    for label in diagnostic.labels:
        parts += [f"  {_visible(label.span.at)}: {_visible(label.text)}", *_excerpt(label.span, paint)]
    if diagnostic.help is not None:
        parts.append(f"  {paint('36', 'help')}: {_visible(diagnostic.help)}")
    if diagnostic.witness is not None:
        parts.append(f"  {witness_to_text(diagnostic.witness, paint)}")
    return "".join(f"{part}\n" for part in parts)


def witness_to_text(witness: Witness, paint: Paint = _plain) -> str:
    """The witness on one line, long texts cut: JSON output has them whole."""
    proof, told = ("witness", witness.envelope) if witness.shown else ("possible", witness.facts)
    return f"{paint('36', proof)}: {_visible(json.dumps(_cut(told), ensure_ascii=False))}"


def _cut(value: object) -> object:
    match value:
        case str() if len(value) > _LONGEST_TEXT:
            return f"{value[:_SHOWN_OF_TEXT]}… ({len(value)} characters)"
        case list() | tuple() if len(value) > _LONGEST_LIST:
            return [*map(_cut, value[:1]), f"… ({len(value)} items)"]
        case list() | tuple():
            return [_cut(item) for item in value]
        case Mapping():
            return {key: _cut(item) for key, item in value.items()}
        case _:
            return value


def _excerpt(span: Span, paint: Paint) -> list[str]:
    """The line where a span starts and the carets below it; nothing for a file that could not be read."""
    if not span.source.text:
        return []
    number, column = span.source.position(span.start)
    line, start = span.source.line(number), column - 1
    left = max(0, min(start - _WIDEST // 2, len(line) - _WIDEST))
    right = min(len(line), left + _WIDEST)
    before = (_CUT if left else "") + line[left:start]
    marked = line[start : max(start, min(right, start + span.end - span.start))]
    after = line[start + len(marked) : right] + (_CUT if right < len(line) else "")
    # A tab stays a tab above and below, so that the caret stands right whatever a tab's width is.
    pad = "".join("\t" if char == "\t" else " " * _columns(char) for char in before)
    carets = "^" * max(1, sum(map(_columns, marked)))
    gutter = " " * len(str(number))
    return [f"  {number} | {_visible(before + marked + after).rstrip()}", f"  {gutter} | {pad}{paint('31', carets)}"]


def _columns(char: str) -> int:
    """How many columns of a terminal a character takes."""
    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1


def _visible(text: str) -> str:
    """The text without what would steer a terminal: policies may come from anybody."""
    return "".join(char if char == "\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────


def to_json(diagnostic: Diagnostic) -> dict[str, object]:
    """One finding as JSON: places as file, line and column, the end included."""
    edit = diagnostic.edit
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "help": diagnostic.help,
        "related": [{"message": label.text, **_place(label.span)} for label in diagnostic.labels],
        "fix": None if edit is None else {**_place(edit.span), "replacement": edit.replacement},
        "witness": None if diagnostic.witness is None else witness_to_json(diagnostic.witness),
    }


def witness_to_json(witness: Witness) -> dict[str, object]:
    """The witness whole: the envelope of a request that shows it, else None, and facts."""
    return {"shown": witness.shown, "request": witness.envelope, "facts": dict(witness.facts)}


def _place(span: Span) -> dict[str, object]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"file": span.source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """All findings as one JSON list."""
    return json.dumps([to_json(diagnostic) for diagnostic in diagnostics], indent=2, ensure_ascii=False) + "\n"


# ── GitHub ──────────────────────────────────────────────────────────────────────────────────────


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


# ── SARIF ───────────────────────────────────────────────────────────────────────────────────────


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
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.value,
        "message": {"text": _with_help(diagnostic)},
        "locations": [{"physicalLocation": _sarif_place(diagnostic.span)}],
    }
    if diagnostic.labels:
        result["relatedLocations"] = [_sarif_label(label) for label in diagnostic.labels]
    if diagnostic.edit is not None:
        result["fixes"] = [_sarif_fix(diagnostic.edit)]
    return result


def _sarif_label(label: Label) -> dict[str, object]:
    return {"message": {"text": label.text}, "physicalLocation": _sarif_place(label.span)}


def _sarif_fix(edit: Edit) -> dict[str, object]:
    place = _sarif_place(edit.span)
    replacement = {"deletedRegion": place["region"], "insertedContent": {"text": edit.replacement}}
    return {"artifactChanges": [{"artifactLocation": place["artifactLocation"], "replacements": [replacement]}]}


def _sarif_place(span: Span) -> dict[str, object]:
    place = _place(span)
    region = {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }
    from urllib.parse import quote  # noqa: PLC0415 - only this format needs it

    return {"artifactLocation": {"uri": quote(span.source.name)}, "region": region}


FORMATS: Mapping[str, Callable[[Iterable[Diagnostic]], str]] = MappingProxyType(
    {"text": render_text, "json": render_json, "github": render_github, "sarif": render_sarif}
)
"""How findings can be rendered, by name."""
