"""How long answers are: medians of the recent ones, of all and by rule, and never of too few."""

from statistics import median_low

from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.lengths import ENOUGH, KEPT, MOST_RULES, Lengths

ANSWERS = st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(["quick", "slow", None])), max_size=120)


@given(ANSWERS)
def test_the_median_is_that_of_the_last_answers(answers: list[tuple[int, str | None]]) -> None:
    lengths = Lengths()
    for tokens, rule in answers:
        lengths.add(tokens, rule)
    recent = [tokens for tokens, _ in answers][-KEPT:]
    assert lengths.typical == (median_low(recent) if len(recent) >= ENOUGH else None)
    for rule in ("quick", "slow"):
        mine = [tokens for tokens, of in answers if of == rule][-KEPT:]
        assert lengths.typical_of.get(rule) == (median_low(mine) if len(mine) >= ENOUGH else None)


def test_who_has_the_mapping_sees_no_change() -> None:
    lengths = Lengths()
    for _ in range(ENOUGH):
        lengths.add(10, "quick")
    before = lengths.typical_of
    for _ in range(KEPT):
        lengths.add(20, "quick")
    assert (before, lengths.typical_of) == ({"quick": 10}, {"quick": 20})


def test_rules_that_are_gone_are_forgotten() -> None:
    lengths = Lengths()
    for number in range(MOST_RULES + 10):
        for _ in range(ENOUGH):
            lengths.add(number, f"r{number}")
    assert len(lengths.typical_of) == MOST_RULES
    assert "r9" not in lengths.typical_of
    assert lengths.typical_of["r10"] == 10
