"""Diagnostics as text, JSON, GitHub annotations and SARIF."""

import json
import re
from typing import Any

import pytest

from routedsl.base.diagnostic import Diagnostic, Edit, Label, PolicyError, Severity, Witness, has_errors, in_order
from routedsl.base.render import FORMATS, render_github, render_json, render_sarif, render_text
from routedsl.base.source import Source, Span

TEXT = 'when chars < 1 -> a\nlet x = "größe"\nelse b\n'
SOURCE = Source("rules/a.route", TEXT)


def at(word: str, source: Source = SOURCE) -> Span:
    start = source.text.index(word)
    return Span(source, start, start + len(word))


def found(span: Span, **more: Any) -> Diagnostic:
    return Diagnostic(**{"code": "R0201", "message": "`it` is wrong", "span": span, **more})


def test_place_line_caret_and_help() -> None:
    diagnostic = found(at("chars"), help="did you mean `words`?")
    assert render_text([diagnostic]) == (
        "rules/a.route:1:6: error[R0201]: `it` is wrong\n"
        "  1 | when chars < 1 -> a\n"
        "    |      ^^^^^\n"
        "  help: did you mean `words`?\n"
    )


def test_a_blank_line_stands_between_two_findings() -> None:
    shown = render_text([found(at("chars")), found(at("else"), severity=Severity.WARNING)])
    assert re.findall(r"^$", shown, re.MULTILINE) == ["", ""]  # the one between them, and the end
    assert "\n\nrules/a.route:3:1: warning[R0201]: `it` is wrong\n" in shown


def test_nothing_found_shows_nothing() -> None:
    assert render_text([]) == ""
    assert render_github([]) == ""
    assert json.loads(render_json([])) == []


def test_labels_show_their_place() -> None:
    shown = render_text([found(at("b\n"), labels=(Label(at("chars"), "first here"),))])
    assert "  rules/a.route:1:6: first here\n  1 | when chars < 1 -> a\n    |      ^^^^^\n" in shown


def columns(shown: str) -> tuple[str, str]:
    line, carets = shown.splitlines()[1:3]
    return line.partition("| ")[2], carets.partition("| ")[2]


def test_tabs_stay_above_and_below() -> None:
    source = Source("t", "\twhen\tchars\t< 1")
    assert columns(render_text([found(at("chars", source))])) == ("\twhen\tchars\t< 1", "\t    \t^^^^^")


def test_wide_and_combining_letters_keep_the_caret_in_its_column() -> None:
    source = Source("t", "日本 e\u0301 chars < 1")
    assert columns(render_text([found(at("chars", source))]))[1] == " " * 7 + "^^^^^"
    assert columns(render_text([found(at("日本", source))]))[1] == "^^^^"


def test_crlf_is_no_part_of_a_line() -> None:
    source = Source("t", "when a -> b\r\nelse c\r\n")
    shown = render_text([found(at("else", source)), found(Span(source, 11, 12))])
    assert "\r" not in shown
    assert "  2 | else c\n" in shown


@pytest.mark.parametrize("start", [0, 5, 100, 5_000, 9_990, 9_999, 10_000])
def test_a_long_line_is_cut_around_the_caret(start: int) -> None:
    source = Source("t", "".join(chr(ord("a") + i % 26) for i in range(10_000)) + "\nelse")
    line, carets = columns(render_text([found(Span(source, start, min(start + 3, 10_000)))]))
    assert len(line) <= 162
    marked = line[carets.index("^") :][: carets.count("^")]
    assert marked == source.text[start : start + 3].partition("\n")[0]
    assert line.startswith("…") == (start > 80)
    assert line.endswith("…") == (start < 9_900)


def test_a_span_over_lines_is_marked_on_its_first() -> None:
    shown = render_text([found(Span(SOURCE, 5, len(TEXT)))])
    assert columns(shown)[1] == " " * 5 + "^" * len("chars < 1 -> a")


def test_an_empty_span_at_the_end_has_a_caret() -> None:
    shown = render_text([found(Span(SOURCE, len(TEXT), len(TEXT)))])
    assert shown.startswith("rules/a.route:4:1: ")
    assert columns(shown) == ("", "^")


def test_a_file_that_could_not_be_read_has_no_line() -> None:
    nowhere = Span(Source("gone.route", ""), 0, 0)
    assert render_text([found(nowhere)]) == "gone.route:1:1: error[R0201]: `it` is wrong\n"


def test_nothing_steers_the_terminal() -> None:
    hostile = Source("a\x1b]0;x\x07.route", "when \x1b[2J\x00\u202e -> a")
    shown = render_text([found(at("->", hostile), message="`\x1b[31m`", help="\x1b[0m\n\x07")])
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []
    assert shown.count("\n") == 4


def test_colours_are_put_around_words_only() -> None:
    diagnostics = [found(at("chars"), help="h"), found(at("else"), severity=Severity.NOTE)]
    coloured = render_text(diagnostics, color=True)
    assert "\x1b[31merror[R0201]\x1b[0m" in coloured
    assert "\x1b[36mnote[R0201]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render_text(diagnostics)


# ── for programs ────────────────────────────────────────────────────────────────────────────────

FULL = found(
    at("größe"),
    help="100%, really",
    labels=(Label(at("chars"), "first here"),),
    edit=Edit(at("größe"), "size"),
)


def test_json_has_places_related_places_and_the_change() -> None:
    (shown,) = json.loads(render_json([FULL]))
    place = {"file": "rules/a.route", "line": 2, "column": 10, "end_line": 2, "end_column": 15}
    assert shown == {
        "code": "R0201",
        "severity": "error",
        "message": "`it` is wrong",
        **place,
        "help": "100%, really",
        "related": [
            {"message": "first here", "file": "rules/a.route", "line": 1, "column": 6, "end_line": 1, "end_column": 11}
        ],
        "fix": {**place, "replacement": "size"},
        "witness": None,
    }


def test_github_escapes_what_would_end_a_property_or_the_line() -> None:
    source = Source("a,b:c%.route", "x")
    shown = render_github([found(Span(source, 0, 1), message="100%\r\nof it: a, b", help="two\nlines")])
    assert shown == (
        "::error file=a%2Cb%3Ac%25.route,line=1,endLine=1,col=1,endColumn=2,title=R0201"
        "::100%25%0D%0Aof it: a, b%0Ahelp: two%0Alines\n"
    )


@pytest.mark.parametrize(
    ("severity", "kind"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")]
)
def test_github_calls_severities_its_own_way(severity: Severity, kind: str) -> None:
    assert render_github([found(at("else"), severity=severity)]).startswith(f"::{kind} ")


def test_sarif_has_what_its_schema_requires() -> None:
    log = json.loads(render_sarif([FULL, found(at("else"), severity=Severity.NOTE)]))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "routedsl"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["R0201"]
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["ruleId"] in rules
        assert result["level"] in {"none", "note", "warning", "error"}
        for location in result["locations"] + result.get("relatedLocations", []):
            check_place(location["physicalLocation"])
    (fix,) = run["results"][0]["fixes"]
    (change,) = fix["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"] == {"text": "size"}
    check_place({"artifactLocation": change["artifactLocation"], "region": replacement["deletedRegion"]})


def check_place(place: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
    region = place["region"]
    assert 1 <= region["startLine"] <= region["endLine"]
    assert all(region[key] >= 1 for key in ("startColumn", "endColumn"))


def test_sarif_names_files_as_references() -> None:
    log = json.loads(render_sarif([found(Span(Source("my rules/größe 5%.route", "x"), 0, 1))]))
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20rules/gr%C3%B6%C3%9Fe%205%25.route"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_every_finding(name: str) -> None:
    nowhere = found(Span(Source("", ""), 0, 0))
    assert FORMATS[name]([FULL, nowhere]).endswith("\n")


# ── order ───────────────────────────────────────────────────────────────────────────────────────


def test_findings_are_sorted_and_told_once() -> None:
    other = Source("rules/b.route", "else b")
    first, second, third = found(at("chars")), found(at("else")), found(at("else", other))
    warning = found(at("chars"), code="R0207", severity=Severity.WARNING)
    assert in_order([third, second, warning, first, second]) == (first, warning, second, third)


def test_only_errors_keep_a_policy_from_loading() -> None:
    assert has_errors([found(at("else"))])
    assert not has_errors([found(at("else"), severity=Severity.WARNING)])


def test_the_exception_names_the_first_error() -> None:
    error = PolicyError([found(at("else")), found(at("chars"), severity=Severity.WARNING)])
    assert str(error) == "rules/a.route:3:1: `it` is wrong"
    assert len(error.diagnostics) == 2


def test_a_witness_is_told_below_with_its_long_texts_and_lists_cut() -> None:
    long = {"body": {"messages": [{"content": "a" * 200}], "tools": list(range(9))}}
    finding = Diagnostic(
        code="R0502", message="a gap", span=Span(Source("a.route", "else a"), 0, 4), witness=Witness(True, long)
    )
    text = render_text([finding])
    assert '  witness: {"body": {"messages": [{"content": "' + "a" * 24 + '… (200 characters)"}]' in text
    assert '"tools": [0, "… (9 items)"]' in text
    shown = json.loads(render_json([finding]))[0]["witness"]
    assert shown == {"shown": True, "request": long, "facts": {}}


def test_what_is_only_possible_says_so() -> None:
    witness = Witness(False, facts={"tokens": 9})
    finding = Diagnostic(code="R0502", message="a gap", span=Span(Source("a.route", "else a"), 0, 4), witness=witness)
    assert '  possible: {"tokens": 9}\n' in render_text([finding])
