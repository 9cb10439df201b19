"""Boxes on small examples: what is drawn into them, how they join, and what the space refuses."""

import pytest

from routedsl.analysis.regions import Box, Budget, region, tied
from routedsl.analysis.space import NO, YES, Space, space_of
from routedsl.base.types import Type, Value
from routedsl.language.policy import And, Compare, Condition, Contains, Fact, Given, InSet, Like, Not, Op, Or
from tests.analysis.universe import SPAN, WORDS

MODEL, USER = Fact("model", Type.TEXT), Fact("user", Type.TEXT, optional=True)
TURNS, MESSAGES = Fact("turns", Type.COUNT), Fact("messages", Type.COUNT)


def named(fact: Fact, text: str) -> Condition:
    return Compare(fact, Op.EQ, text, span=SPAN)


def like(fact: Fact, glob: str) -> Like:
    return Like(fact, glob, span=SPAN)


def above(fact: Fact, number: int) -> Condition:
    return Compare(fact, Op.GT, number, span=SPAN)


def made(*conditions: Condition) -> tuple[Space, list[list[Box]]]:
    """The space of conditions and the region of each."""
    space = space_of(conditions, WORDS)
    return space, [region(condition, space, Budget()) for condition in conditions]


def shown(box: Box, space: Space) -> dict[str, set[Value]]:
    """A box by its facts and patterns, with the samples of the cells that are left."""
    found: dict[str, set[Value]] = {}
    for at, cells in box.items():
        dimension = space.dimensions[at]
        name = dimension.pattern.pattern if isinstance(dimension.pattern, Like) else dimension.fact.text
        found[name] = {value for place, value in enumerate(dimension.values) if cells >> place & 1}
    return found


def test_a_value_decides_the_patterns_of_its_text() -> None:
    space, (box, *_) = made(named(MODEL, "gpt-4"), like(MODEL, "gpt-*"), like(MODEL, "llama*"))
    assert [shown(one, space) for one in box] == [{"model": {"gpt-4"}, "gpt-*": {True}, "llama*": {False}}]


def test_a_pattern_rules_out_values_and_other_patterns() -> None:
    space, (_, _, (box,), _) = made(
        named(MODEL, "llama"), like(MODEL, "gpt-*"), like(MODEL, "gpt-4*"), like(MODEL, "claude-*")
    )
    found = shown(box, space)
    assert "llama" not in found.pop("model")
    assert found == {"gpt-4*": {True}, "gpt-*": {True}, "claude-*": {False}}


def test_a_pattern_that_fails_rules_out_values() -> None:
    space, _ = made(named(MODEL, "gpt-4"), like(MODEL, "gpt-*"), like(MODEL, "gpt-4*"))
    (box,) = region(like(MODEL, "gpt-*"), space, Budget(), holds=False)
    assert "gpt-4" not in shown(box, space)["model"]
    assert shown(box, space)["gpt-4*"] == {False}


def test_what_a_pattern_leaves_of_a_text_decides_other_patterns() -> None:
    either = InSet(MODEL, ("gpt-4", "llama"), span=SPAN)
    space, _ = made(either, like(MODEL, "gpt-*"), like(MODEL, "gpt-4*"))
    for box in ({0: 0b11, 1: YES}, {1: YES, 0: 0b11}):
        narrowed = tied(box, space)
        assert narrowed is not None
        assert shown(narrowed, space) == {"model": {"gpt-4"}, "gpt-*": {True}, "gpt-4*": {True}}


def test_of_a_missing_text_no_pattern_is_found() -> None:
    space, _ = made(Given(USER, span=SPAN), like(USER, "a*"))
    (box,) = region(Given(USER, span=SPAN), space, Budget(), holds=False)
    assert shown(box, space) == {"user": {None}, "a*": {False}}
    (box,) = region(like(USER, "a*"), space, Budget())
    assert None not in shown(box, space)["user"]


def test_laws_bound_both_facts() -> None:
    space, ((many,), (few,)) = made(above(TURNS, 5), Not(above(MESSAGES, 2), span=SPAN))
    assert shown(many, space) == {"turns": {6}, "messages": {3}}
    assert shown(few, space) == {"messages": {0, 2}, "turns": {0}}
    assert region(And((above(TURNS, 5), Not(above(MESSAGES, 2), span=SPAN)), span=SPAN), space, Budget()) == []


def test_a_law_is_none_of_what_hides_a_signal() -> None:
    classifier = Fact("turns", Type.NUMBER)
    space, ((box,), _) = made(above(classifier, 5), above(MESSAGES, 2))
    assert not space.laws
    assert shown(box, space) == {"turns": {6}}


def test_boxes_of_one_fact_become_one() -> None:
    low, high = Not(above(MESSAGES, 2), span=SPAN), above(MESSAGES, 2)
    assert made(Or((low, high), span=SPAN))[1] == [[{}]]
    outside = Or((Compare(MESSAGES, Op.LT, 2, span=SPAN), above(MESSAGES, 7)), span=SPAN)
    assert [len(boxes) for boxes in made(outside)[1]] == [1]


def test_what_everybody_is_in_takes_in_all_other_boxes() -> None:
    everybody, some = Given(MESSAGES, span=SPAN), And((above(MESSAGES, 2), above(TURNS, 1)), span=SPAN)
    assert made(Or((some, everybody), span=SPAN))[1] == [[{}]]


def test_a_predicate_that_the_space_was_not_made_for_is_refused() -> None:
    space, _ = made(above(MESSAGES, 2))
    for other in (above(MESSAGES, 3), above(TURNS, 2), Contains(MODEL, ("a",), span=SPAN)):
        with pytest.raises(LookupError):
            region(other, space, Budget())


def test_no_box_is_changed() -> None:
    space, _ = made(named(MODEL, "gpt-4"), like(MODEL, "gpt-*"))
    box = {0: 0b1}
    assert tied(box, space) == {0: 0b1, 1: YES}
    assert box == {0: 0b1}
    assert tied({0: 0b1, 1: NO}, space) is None


@pytest.mark.parametrize("patterns", [64, 65])
def test_very_many_patterns_are_not_compared(patterns: int) -> None:
    globs = [like(MODEL, f"m{number}-*") for number in range(patterns)]
    _, boxes = made(*globs)
    assert len(boxes[0][0]) == (patterns if patterns <= 64 else 1)
