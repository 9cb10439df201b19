"""How often answers were good: what counts, how it fades, and under which name a rule's history goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.base.source import Source
from routedsl.base.units import WHOLE
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.example import NOON
from routedsl.engine.explain import explain
from routedsl.engine.history import (
    HALF_LIFE,
    LEAST,
    NONE_YET,
    lasting_name,
    name_in,
    samples,
    score_of,
    share_of,
    with_more,
)
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.world import ModelState, World
from routedsl.language.parse import parse

TIMES = st.integers(0, 10 * HALF_LIFE)


def compiled(text: str) -> Program:
    file, _ = parse(Source("one.route", text))
    program, diagnostics = compile_policy([file], builtin())
    assert program is not None, diagnostics
    return program


@pytest.mark.parametrize(
    ("outcome", "score"),
    [
        ("ok", 1.0),
        ("timeout", 0.0),
        ("status_500", 0.0),
        ("status_401", 0.0),
        ("filtered", 0.0),
        ("cut", 0.0),
        ("status_400", None),
        ("too_long", None),
        ("gone", None),
        ("lost", None),
        ("open", None),
    ],
)
def test_what_an_attempt_tells_of_its_model(outcome: str, score: float | None) -> None:
    assert score_of(outcome) == score


def test_too_few_are_no_share() -> None:
    standing = with_more(NONE_YET, LEAST - 1, 3, 5)
    assert share_of(standing, 5) is None
    assert share_of(with_more(standing, 1, 1, 5), 5) == WHOLE // 5


def test_after_a_half_life_half_is_left_of_the_count_and_all_of_the_share() -> None:
    standing = with_more(NONE_YET, 3 * LEAST, 30, 0)
    assert samples(standing, HALF_LIFE) == 1.5 * LEAST
    assert share_of(standing, HALF_LIFE) == share_of(standing, 0) == WHOLE // 2
    assert share_of(standing, 2 * HALF_LIFE) is None


@given(st.lists(st.tuples(TIMES, st.floats(0, 1)), min_size=1), st.randoms())
def test_the_order_in_which_outcomes_become_known_does_not_matter(told: list[tuple[int, float]], rng: object) -> None:
    shuffled = list(told)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    one, other = NONE_YET, NONE_YET
    for (at, good), (late, better) in zip(told, shuffled, strict=True):
        one, other = with_more(one, 1, good, at), with_more(other, 1, better, late)
    assert one.at == other.at
    assert one.count == pytest.approx(other.count)
    assert one.good == pytest.approx(other.good, abs=1e-9)


def test_a_rule_keeps_the_name_that_it_was_given_and_no_place() -> None:
    assert lasting_name("quick", "aa") == "quick"
    assert name_in("quick", "bb") == "quick"
    assert name_in(lasting_name("auto:2", "aa" * 32), "aa" * 32) == "auto:2"
    assert name_in(lasting_name("auto:2", "aa" * 32), "bb" * 32) is None


POLICY = "when a.success < 50% -> a as low\nelse best of [a, b] by success where success > 10% as able fallback [b]\n"


def test_a_target_goes_by_the_success_under_its_rule_and_a_condition_by_that_of_all() -> None:
    program = compiled(POLICY)
    world = World(
        now=NOON,
        models={
            "a": ModelState(success=900_000, success_by_rule={"able": 200_000, "low": 0}),
            "b": ModelState(success=600_000),
        },
    )
    request = Request(endpoint="chat", model="auto", messages=())
    decision = program.decide(request, world)
    assert decision.rule == "able"
    assert decision.chain == ("b", "a")
    assert explain(program, request, world).decision == decision
    pinned = program.decide(request, world, {"a.success": 700_000})
    assert pinned.chain == ("a", "b")
