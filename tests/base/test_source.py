"""Places in a text, and what stands there: equal where it says the same."""

from collections.abc import Iterator

import pytest

from routedsl.base.source import NOWHERE, Node, Source, Span
from routedsl.language import policy, syntax

TEXT = Source("main.route", "when chars < 200 -> tiny\nelse large")


def nodes(kind: type[Node] = Node) -> Iterator[type[Node]]:
    for each in kind.__subclasses__():
        yield each
        yield from nodes(each)


@pytest.mark.parametrize("kind", list(nodes()), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_the_place_comes_last_so_that_equality_can_leave_it_out(kind: type[Node]) -> None:
    assert kind.__struct_fields__[-1] == "span"


def test_what_says_the_same_is_equal_wherever_it_stands() -> None:
    here, there = (syntax.Name("tiny", span=span) for span in (NOWHERE, Span(TEXT, 20, 24)))
    assert here == there
    assert len({here, there}) == 1
    assert here != syntax.Name("large", span=NOWHERE)


def test_what_is_of_another_kind_is_never_equal() -> None:
    items = (policy.Constant(True, span=NOWHERE), policy.Constant(False, span=NOWHERE))
    assert policy.And(items, span=NOWHERE) != policy.Or(items, span=NOWHERE)
    assert policy.And(items, span=NOWHERE) != items


def test_a_source_is_equal_to_itself_alone() -> None:
    again = Source(TEXT.name, TEXT.text)
    assert again != TEXT
    assert Span(TEXT, 0, 4) == Span(TEXT, 0, 4)
    assert Span(TEXT, 0, 4) != Span(again, 0, 4)


@pytest.mark.parametrize(("start", "word"), [(0, "when"), (5, "chars"), (11, ""), (25, "else")])
def test_a_word_is_the_letters_that_a_piece_begins_with(start: int, word: str) -> None:
    assert Span(TEXT, start, len(TEXT.text)).word.text == word


def test_a_place_shows_where_it_is_and_no_text() -> None:
    assert repr(syntax.Name("large", span=Span(TEXT, 30, 35))) == "Name(text='large', span=main.route:2:6)"
