"""The plan: what is folded, what is cut off, and that nothing is lost that the text asks."""

from routedsl.base.types import Type
from routedsl.engine.plan import Branch, Leaf, fold, lower
from routedsl.language.policy import And, Block, Compare, Condition, Constant, Fact, Not, Op, Or, Rule
from tests.policies import SPAN, policy_of, rule_of

YES, NO = Constant(True, span=SPAN), Constant(False, span=SPAN)


def over(limit: int) -> Compare:
    return Compare(Fact("chars", Type.COUNT), Op.GT, limit, span=SPAN)


A, B, C = over(1), over(2), over(3)


def both(*items: Condition) -> And:
    return And(items, span=SPAN)


def any_of(*items: Condition) -> Or:
    return Or(items, span=SPAN)


def no(item: Condition) -> Not:
    return Not(item, span=SPAN)


def test_neutral_constants_and_double_negations_go() -> None:
    assert fold(both(YES, A, YES)) == A
    assert fold(any_of(NO, A, B)) == any_of(A, B)
    assert fold(no(no(A))) == A
    assert fold(no(no(no(A)))) == no(A)
    assert fold(both()) == YES
    assert fold(any_of()) == NO


def test_nested_connectives_of_one_kind_become_one() -> None:
    assert fold(both(A, both(B, both(C)))) == both(A, B, C)
    assert fold(both(A, any_of(B, any_of(C)))) == both(A, any_of(B, C))


def test_what_settles_at_once_settles_the_whole() -> None:
    assert fold(both(NO, A)) == NO
    assert fold(any_of(YES, A)) == YES
    assert fold(no(both(NO, A))) == YES


def test_what_is_asked_before_it_is_settled_is_still_asked() -> None:
    assert fold(both(A, NO, B)) == both(A, NO)
    assert fold(any_of(A, YES, B)) == any_of(A, YES)
    assert fold(both(both(A, NO), B)) == both(A, NO)


def steps(*items: Rule | Block) -> object:
    return lower(policy_of(*items)).routes["auto"]


def test_rules_behind_one_that_takes_everything_are_cut_off() -> None:
    assert steps(rule_of(0, A), rule_of(1, YES), rule_of(2, B)) == (Branch(A, (Leaf(0),)), Leaf(1))


def test_rules_that_never_hold_are_left_out_and_blocks_that_always_do_are_opened() -> None:
    inner = Block(condition=YES, items=(rule_of(1, A), rule_of(2, YES)), span=SPAN)
    assert steps(rule_of(0, NO), inner, rule_of(3, YES)) == (Branch(A, (Leaf(1),)), Leaf(2))


def test_a_block_whose_rules_never_hold_still_asks() -> None:
    hollow = Block(condition=A, items=(rule_of(0, NO),), span=SPAN)
    assert steps(hollow, rule_of(1, YES)) == (Branch(A, ()), Leaf(1))
