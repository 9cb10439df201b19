"""What is said about texts that do not follow the grammar: all of it in one run, and nothing twice."""

import pytest

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.render import render_text
from routedsl.base.source import Source
from routedsl.language import lexis
from routedsl.language import syntax as s
from routedsl.language.lexis import DEEPEST, MOST
from routedsl.language.parse import LARGEST, parse
from tests.language.golden import cases, check


def found(text: str) -> tuple[Diagnostic, ...]:
    return parse(Source("main.route", text))[1]


def mended(text: str) -> str:
    """The text with all edits made, the last first."""
    edits = [finding.edit for finding in found(text) if finding.edit]
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


@pytest.mark.parametrize("name", cases("mistakes"))
def test_mistakes_are_told(name: str) -> None:
    check("mistakes", name, ".txt", lambda source: render_text(parse(source)[1]))


@pytest.mark.parametrize("name", ["operators", "marks", "keywords"])
def test_the_edits_mend_everything(name: str) -> None:
    def mend(source: Source) -> str:
        text = mended(source.text)
        assert found(text) == ()
        return text

    check("mistakes", name, ".mended", mend)


@pytest.mark.parametrize(
    "text",
    [
        "when a {} -> b",
        "model tiny ( context 8k )",
        "let",
        'else reject 400 "',
        "upstream local { key $ }",
        "when chars in 1..  -> x",
        "route { else x }",
    ],
)
def test_one_mistake_is_told_once(text: str) -> None:
    assert len(found(text + "\nelse last\n")) == 1


def test_what_stands_around_a_mistake_is_kept() -> None:
    file, diagnostics = parse(
        Source("m", "let a = b\nroute r {\n  when c -> -> d\n  when ) -> e\n  else f\n}\nlet g = h\n")
    )
    assert len(diagnostics) == 2
    let, route, last = file.statements
    assert isinstance(let, s.Let)
    assert isinstance(last, s.Let)
    assert isinstance(route, s.Route)
    assert [rule.target for rule in route.body if isinstance(rule, s.Rule)] == [
        s.ToName(s.Name(name, span=route.span), span=route.span) for name in "df"
    ]


def test_a_file_past_the_size_limit_is_not_read() -> None:
    for text in ("#" * (LARGEST + 1), "é" * (LARGEST // 2 + 1), "\x00" * 2 * LARGEST):
        assert [finding.code for finding in found(text)] == ["R0108"]
    assert found("#" * LARGEST) == ()


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not ", ""), ("not (", ")")])
def test_conditions_go_so_deep_and_no_deeper(opening: str, closing: str) -> None:
    levels = opening.count("(") + opening.count("not")
    most = DEEPEST // levels
    assert found(f"when {opening * most}a{closing * most} -> x") == ()
    assert [finding.code for finding in found(f"when {opening * (most + 1)}a{closing * (most + 1)} -> x")] == ["R0108"]


def test_blocks_go_so_deep_and_no_deeper() -> None:
    assert found("when a {" * DEEPEST + "else x" + "}" * DEEPEST) == ()
    assert [finding.code for finding in found("when a {" * (DEEPEST + 1))] == ["R0108"]
    assert found("when not a and not b and (not c or not d) -> x\n" * 100) == ()


def test_a_file_with_too_many_lexemes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexis, "MANY", 12)
    assert found("else x\n" * 6) == ()
    assert [finding.code for finding in found("else x\n" * 7)] == ["R0108"]


def test_noise_is_given_up_after_so_many_findings() -> None:
    assert len(found("when ] -> x\n" * 1000)) == MOST
    assert len(found("@ " * 100_000)) == MOST


def test_a_broken_test_is_told_once_and_what_stands_around_it_is_read() -> None:
    text = 'test "a" { chars 5 [6 expect tiny }\nelse x\ntest "b" {\n  expect\n}\nwhen y -> z\ntest "c" { expect x }'
    file, findings = parse(Source("a.route", text))
    assert [(finding.code, finding.span.start) for finding in findings] == [("R0101", 19), ("R0101", 56)]
    assert [type(statement).__name__ for statement in file.statements] == ["Rule", "Rule", "Test"]


def test_a_text_of_control_characters_is_given_up() -> None:
    assert [finding.code for finding in found("\x00x" * 1000)] == ["R0702"] * MOST


def test_a_text_that_ends_amid_several_mistakes_is_read_to_its_end() -> None:
    text = 'route $A = b let c = d defaults { e 1 of } route f , "g" { when h ->'
    assert [finding.code for finding in found(text)] == ["R0101", "R0101", "R0109", "R0101"]


def test_a_statement_that_is_read_twice_is_told_once() -> None:
    assert len(found("when 200 > chars tiny\n" * (MOST // 2 - 1))) == MOST - 2


@pytest.mark.parametrize(
    "text",
    [
        "when chars->[]by 3",
        "a when",
        "tiny else when fallback large , medium , tiny ] timeout , 10s when messages < = 2 and chars < 200 - >",
    ],
)
def test_an_awkward_text_is_told_and_comes_to_an_end(text: str) -> None:
    _, found = parse(Source("a.route", text))
    assert found
    assert all(finding.help for finding in found)
