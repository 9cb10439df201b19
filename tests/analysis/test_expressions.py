"""Texts made from expressions: found by RE2 in the common forms, and no failure in any."""

import pytest
import re2
from hypothesis import assume, given
from hypothesis import strategies as st

from routedsl.analysis.expressions import sample_of

LEXEMES = ("a", "B", "é", ".", "^", "$", "|", "(", ")", "(?:", "(?i)", "(?P<n>", "[a-z]", "[^a]", "[[:digit:]]", "[]x]")
MORE = (
    "*",
    "+",
    "?",
    "{2}",
    "{0,3}",
    "{1,}",
    r"\d",
    r"\W",
    r"\b",
    r"\.",
    r"\n",
    r"\x41",
    r"\x{3b1}",
    r"\pL",
    r"\Q",
    "[",
)


@pytest.mark.parametrize("variant", range(4))
@pytest.mark.parametrize(
    "expression",
    [
        *(r"\bdef |\bclass |#include", r"^[a-z]{3,}$", r"(?i)foo(bar)?\.py", r"[^a1]", r"\p{Greek}+", r"a{2}b{3,5}?c*"),
        *(r"(?P<x>a|b)+\x41\x{263a}", r"[[:alpha:]]\d", r"^\s*$", r"[]a]", r"\/", r"x.*x", r"(?:\d{1,3}\.){3}\d{1,3}"),
        *(r"^$", r"\A[\w.+-]+@[\w-]+\.[a-z]{2,}\z", r"```(python|sql)\n", r"[^\x00-\x7F]", r"(a|)(b|)c", r"\101\t"),
    ],
)
def test_the_text_of_a_common_expression_is_found(expression: str, variant: int) -> None:
    text = sample_of(expression, variant)
    assert text is not None
    assert re2.search(expression, text)


@given(st.lists(st.sampled_from(LEXEMES + MORE), max_size=8).map("".join), st.integers(0, 3))
def test_no_expression_is_too_much(expression: str, variant: int) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(expression, options)
    except re2.error:
        assume(False)
    assert sample_of(expression, variant) is None or isinstance(sample_of(expression, variant), str)


@pytest.mark.parametrize("expression", [r"\Qa.b\E", "(" * 200 + "a" + ")" * 200, "((a{1000}){1000}){1000}"])
def test_rare_and_huge_expressions_have_none(expression: str) -> None:
    assert sample_of(expression, 0) is None
