"""Patterns over texts: what `like` and `contains` mean, and texts and patterns that RE2 does not take as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.base.types import Type
from routedsl.engine.matching import PatternError, matcher
from routedsl.language.policy import Contains, Fact, Like, Matches
from tests.policies import SPAN

HEADER = Fact("header", Type.TEXT, key="x", optional=True)
TAGS = Fact("tags", Type.TEXTS, model="tiny")
CHARS = st.text(st.sampled_from("ab*?.\\[]\n|é😀"), max_size=8)


def is_like(text: str, pattern: str) -> bool:
    """The meaning of `like`, spelled out."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(is_like(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and is_like(text[1:], pattern[1:])


@given(CHARS, CHARS)
def test_like_is_the_whole_value_with_two_wildcards(text: str, pattern: str) -> None:
    assert matcher(Like(HEADER, pattern, span=SPAN))(text) is is_like(text, pattern)


@given(st.text(st.characters(max_codepoint=127), max_size=20), st.lists(CHARS.filter(bool), min_size=1, max_size=3))
def test_contains_is_any_of_its_texts_in_any_case(text: str, parts: list[str]) -> None:
    wanted = any(part.lower() in text.lower() for part in parts)
    assert matcher(Contains(HEADER, tuple(parts), span=SPAN))(text) is wanted


def test_contains_on_a_list_is_a_member() -> None:
    has_eu = matcher(Contains(TAGS, ("eu", "us"), span=SPAN))
    assert has_eu(("paid", "eu"))
    assert not has_eu(("EU", "europe"))
    assert not has_eu(())


@pytest.mark.parametrize(
    "predicate",
    [
        Contains(HEADER, ("a",), span=SPAN),
        Contains(TAGS, ("a",), span=SPAN),
        Matches(HEADER, "", ignore_case=False, span=SPAN),
        Like(HEADER, "*", span=SPAN),
    ],
)
def test_nothing_matches_what_is_missing(predicate: Contains | Matches | Like) -> None:
    assert not matcher(predicate)(None)


def test_a_header_that_is_no_utf_8_is_searched_around_what_is_not() -> None:
    value = b"gold\xff".decode("utf-8", "surrogateescape")
    assert matcher(Contains(HEADER, ("GOLD",), span=SPAN))(value)
    assert matcher(Like(HEADER, "gold?", span=SPAN))(value)
    assert not matcher(Matches(HEADER, "^gold$", ignore_case=False, span=SPAN))(value)


def test_a_long_list_of_words_is_taken() -> None:
    words = tuple(f"wörd{number}" for number in range(40_000))
    assert matcher(Contains(HEADER, words, span=SPAN))("the WÖRD39999 is the last")


def test_a_pattern_that_is_too_large_is_told_with_its_place() -> None:
    with pytest.raises(PatternError) as error:
        matcher(Matches(HEADER, r"(\pL{500}){100}", ignore_case=True, span=SPAN))
    assert error.value.span is SPAN
