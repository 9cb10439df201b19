"""What patterns are said to imply and to exclude, held against all short texts."""

from itertools import product

import pytest

from routedsl.analysis.predicates import Pattern, excludes, implies
from routedsl.base.types import Type
from routedsl.engine.matching import matcher
from routedsl.language.policy import Contains, Fact, Like, Matches
from tests.analysis.universe import SPAN

TEXT, LIST = Fact("model", Type.TEXT), Fact("topics", Type.TEXTS)
GLOBS = ["".join(chars) for size in range(4) for chars in product("ab*?", repeat=size) if "***" not in "".join(chars)]
SHORT = ["".join(chars) for size in range(6) for chars in product("abc", repeat=size)]


def test_globs_imply_and_exclude_each_other_where_all_texts_say_so() -> None:
    globs = [Like(TEXT, glob, span=SPAN) for glob in GLOBS]
    fits = [{text for text in SHORT if matcher(glob)(text)} for glob in globs]
    for first, texts in zip(globs, fits, strict=True):
        for second, others in zip(globs, fits, strict=True):
            said, is_so = implies(first, second), texts <= others
            assert is_so or not said, (first.pattern, second.pattern)
            assert said or not is_so or "?" in second.pattern, (first.pattern, second.pattern)
            assert excludes(first, second) is texts.isdisjoint(others), (first.pattern, second.pattern)


def test_lists_of_parts_imply_each_other_where_each_part_has_one() -> None:
    lists = [("a",), ("A", "b"), ("ab",), ("ba", "AC"), ("bc", "ca", "a"), ("\u212a",), ("k", "a")]
    texts = [*SHORT, *(text.upper() for text in SHORT), "k", "K", "\u212a", "xKx"]
    for one, other in product(lists, repeat=2):
        first, second = (Contains(TEXT, parts, span=SPAN) for parts in (one, other))
        if implies(first, second):
            assert all(matcher(second)(text) for text in texts if matcher(first)(text)), (one, other)
        else:
            assert any(matcher(first)(text) and not matcher(second)(text) for text in texts), (one, other)
        assert not excludes(first, second)


@pytest.mark.parametrize(
    ("glob", "parts", "implied"),
    [
        ("ab*", ("B",), True),
        ("a?b", ("ab",), False),
        ("a*b", ("ab",), False),
        ("*abc", ("x", "bc"), True),
        ("*", ("a",), False),
        ("?", ("?",), False),
        ("", ("a",), False),
    ],
)
def test_a_glob_implies_what_stands_in_it(glob: str, parts: tuple[str, ...], implied: bool) -> None:
    assert implies(Like(TEXT, glob, span=SPAN), Contains(TEXT, parts, span=SPAN)) is implied


def test_lists_of_texts_have_members_and_not_parts() -> None:
    few, many, longer = (Contains(LIST, texts, span=SPAN) for texts in (("a",), ("b", "a"), ("ab",)))
    assert implies(few, many)
    assert not implies(many, few)
    assert not implies(longer, few)


def test_of_expressions_nothing_is_certain() -> None:
    narrow, wide = Matches(TEXT, "[^a]", False, span=SPAN), Matches(TEXT, "[^a]", True, span=SPAN)
    glob, part = Like(TEXT, "x*", span=SPAN), Contains(TEXT, ("x",), span=SPAN)
    patterns: list[Pattern] = [narrow, wide, glob, part]
    for first, second in product(patterns, repeat=2):
        if Matches in (type(first), type(second)):
            assert not implies(first, second)
            assert not excludes(first, second)
