"""The canonical form: it is one, it loses no comment, and it never changes what a policy says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.base.diagnostic import PolicyError
from routedsl.base.source import Source
from routedsl.language import format as formatter
from routedsl.language import syntax as s
from routedsl.language.format import FormatError, format_file, format_source
from routedsl.language.lexis import lexemes_of
from routedsl.language.parse import parse
from tests.generators import files
from tests.language.golden import CASES, cases, check

ROWS = [
    [
        lexeme.text
        for lexeme in lexemes_of(Source(name, (CASES / "format" / f"{name}.route").read_text("utf-8"))).lexemes
    ]
    for name in ("spacing", "comments", "long")
]


def formatted(text: str) -> str:
    return format_source(Source("main.route", text))


@pytest.mark.parametrize("name", cases("format"))
def test_formatting(name: str) -> None:
    check("format", name, ".formatted", format_source)


@pytest.mark.parametrize("name", cases("format"))
def test_what_is_formatted_stays_as_it_is(name: str) -> None:
    text = (CASES / "format" / f"{name}.formatted").read_text("utf-8")
    assert formatted(text) == text


def test_a_broken_policy_is_not_formatted() -> None:
    with pytest.raises(PolicyError, match="a target is missing"):
        formatted("when a -> else x")


@pytest.mark.parametrize("lost", ["else y\n", "else x  # other\n", "else x\n", "else\n"])
def test_a_changed_meaning_is_refused(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatter, "format_file", lambda file: lost)
    with pytest.raises(FormatError, match=r"main\.route was left as it is"):
        formatted("else x # why")


def test_line_breaks_of_other_systems_become_plain() -> None:
    assert formatted("\ufeffelse x # a\r\n\r\n\r\n# b\r\ntimeout 10s") == "else x  # a\n\n# b\ntimeout 10s\n"
    assert formatted("") == ""


@given(files())
def test_syntax_is_written_and_read_back(file: s.File) -> None:
    text = format_file(file)
    again, diagnostics = parse(Source("main.route", text))
    assert diagnostics == ()
    assert (again.edition, again.statements) == (file.edition, file.statements)
    assert formatted(text) == text


@given(
    st.sampled_from(ROWS),
    st.lists(st.sampled_from([" ", " ", " ", "\n", "\n\n\n", " # aside\n", "\n# above\n"]), min_size=1, max_size=40),
)
def test_comments_and_breaks_may_stand_anywhere(lexemes: list[str], gaps: list[str]) -> None:
    text = "".join(lexeme + gaps[number % len(gaps)] for number, lexeme in enumerate(lexemes))
    once = formatted(text)  # which looks at the comments itself
    assert formatted(once) == once
