"""What takes more pieces than its budget is not decided, and nothing is claimed of it."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from routedsl.analysis import reach
from routedsl.analysis.reach import Dead, Reached, Rules, Unknown, rules_of
from routedsl.analysis.regions import MOST_PIECES, Budget, Undecided, product, region
from routedsl.analysis.space import space_of
from routedsl.base.types import Type
from routedsl.language.policy import And, Compare, Condition, Constant, Fact, Holds, Op, Or
from tests.analysis.universe import SPAN

ALWAYS = Constant(True, span=SPAN)
FEW = Compare(Fact("chars", Type.COUNT), Op.LT, 200, span=SPAN)
FEWER = Compare(Fact("chars", Type.COUNT), Op.LT, 100, span=SPAN)


def truths(count: int) -> Sequence[Condition]:
    return [Holds(Fact(f"truth{number}", Type.BOOL), span=SPAN) for number in range(count)]


def many() -> Condition:
    """More boxes than anybody counts: each of sixteen pairs gives two."""
    facts = truths(32)
    return And(tuple(Or(pair, span=SPAN) for pair in zip(facts[::2], facts[1::2], strict=True)), span=SPAN)


def rules(*conditions: Condition) -> Rules:
    return rules_of(conditions, space_of(conditions, {}))


def test_a_budget_lasts_for_as_many_pieces_as_it_has() -> None:
    budget = Budget(3)
    budget.spend(2)
    budget.spend()
    with pytest.raises(Undecided):
        budget.spend()


def test_a_region_of_too_many_boxes_is_undecided() -> None:
    space = space_of([many()], {})
    with pytest.raises(Undecided):
        region(many(), space, Budget())
    assert len(region(many(), space, Budget(), holds=False)) == 16


def test_a_product_spends_what_it_makes() -> None:
    parts = [[{0: 1}, {0: 2}], [{1: 1}, {1: 2}]]
    space = space_of([And(tuple(truths(2)), span=SPAN)], {})
    assert len(product(parts, space, Budget(6))) == 4
    with pytest.raises(Undecided):
        product(parts, space, Budget(5))


def test_of_a_rule_without_a_region_nothing_is_claimed() -> None:
    assert rules(FEW, many(), ALWAYS).reach(1) == Unknown()


def test_nothing_is_said_to_reach_a_rule_behind_one_without_a_region() -> None:
    asked = rules(FEW, many(), FEWER, ALWAYS)
    assert isinstance(asked.reach(0), Reached)
    assert asked.reach(2) == Dead((0,)), "what others take is taken all the same"
    assert asked.reach(3) == Unknown()


def test_what_is_left_over_spends_a_piece_at_a_time() -> None:
    asked = rules(FEW, FEWER)
    assert len(list(asked.left_over({}, 0b11, Budget(2)))) == 1
    with pytest.raises(Undecided):
        list(asked.left_over({}, 0b11, Budget(1)))


def test_an_answer_that_takes_too_many_pieces_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = [*truths(4), ALWAYS]
    assert isinstance(rules(*conditions).reach(4), Reached)
    monkeypatch.setattr(reach, "ALL_PIECES", 20)
    monkeypatch.setattr(reach, "FEWEST_PIECES", 3)
    assert rules(*conditions).reach(4) == Unknown()
    assert isinstance(rules(*conditions).reach(0), Reached)


def test_many_rules_share_the_pieces() -> None:
    assert rules(FEW).pieces == MOST_PIECES
    assert rules(*[FEW] * 1_000).pieces == 4_000
    assert rules(*[FEW] * 8_000).pieces == 1_000


def test_nobody_is_blamed_beyond_the_budget() -> None:
    low, high = (Compare(Fact("chars", Type.COUNT), op, 200, span=SPAN) for op in (Op.LT, Op.GE))
    asked = rules(*truths(2), low, high, ALWAYS)
    assert asked.reach(4) == Dead((2, 3))
    assert asked._covered([{}], [2, 3])
    assert not replace(asked, pieces=1)._covered([{}], [2, 3])
