"""Recent medians: few, young, and steady."""

from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.latency import HALVING, KEPT, LIFETIME, Measured, Recent, Series, median, noted, steady_until


def measured(values: list[int], *, every: int = 1) -> Recent:
    recent: Recent = ()
    for index, value in enumerate(values):
        recent = noted(recent, value, index * every)
    return recent


def test_nothing_measured_is_missing() -> None:
    assert median((), 0) is None


def test_the_lower_of_two_in_the_middle() -> None:
    assert median(measured([40, 10, 30, 20]), 4) == 20


def test_one_outlier_changes_little() -> None:
    assert median(measured([10, 11, 12, 9_000_000, 10]), 5) == 11


def test_what_is_old_no_longer_counts() -> None:
    recent = noted(noted(noted((), 5, 0), 5, 0), 9, 100)
    assert median(recent, LIFETIME) == 5
    assert median(recent, LIFETIME + 1) == 9
    assert median(recent, LIFETIME + 101) is None


def test_what_came_last_outweighs_more_of_what_was_before() -> None:
    """A model that has become slow: three answers of now against six of two minutes ago, which weigh a quarter."""
    recent = measured([10] * 6)
    assert median(recent, 2 * HALVING) == 10
    for at in range(2 * HALVING, 2 * HALVING + 3):
        recent = noted(recent, 90, at)
    assert median(recent, 2 * HALVING + 10) == 90


def in_order(measured: list[Measured]) -> Recent:
    return tuple(sorted(measured, key=lambda each: each.at))


SAMPLES = st.lists(st.builds(Measured, st.integers(0, 2 * LIFETIME), st.integers(0, 99)), max_size=KEPT).map(in_order)


@given(SAMPLES, st.integers(2 * LIFETIME, 3 * LIFETIME))
def test_a_median_is_one_of_the_young_with_half_the_weight_on_either_side(recent: Recent, now: int) -> None:
    weights = [(each.value, 2.0 ** -((now - each.at) // HALVING)) for each in recent if now - each.at <= LIFETIME]
    found = median(recent, now)
    assert (found is None) is (not weights)
    if found is not None:
        whole = sum(weight for _, weight in weights)
        assert any(value == found for value, _ in weights)
        assert sum(weight for value, weight in weights if value < found) < whole / 2
        assert sum(weight for value, weight in weights if value <= found) >= whole / 2


@given(SAMPLES, st.integers(0, 2 * LIFETIME))
def test_without_new_ones_every_model_is_forgotten(recent: Recent, now: int) -> None:
    newest = max((each.at for each in recent), default=0)
    assert median(recent, max(newest, now) + LIFETIME + 1) is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=3 * KEPT))
def test_the_median_is_of_the_last_few(values: list[int]) -> None:
    recent = measured(values)
    last = sorted(values[-KEPT:])
    assert len(recent) == len(last)
    assert median(recent, len(values)) == last[(len(last) - 1) // 2]


STEPS = st.sampled_from((0, 1, HALVING - 1, HALVING, HALVING + 1, LIFETIME - HALVING, LIFETIME, LIFETIME + 1))
"""How long until the next thing happens: around each time at which a measurement changes its weight."""


@given(st.lists(st.tuples(STEPS, st.none() | st.integers(0, 9)), max_size=80))
def test_a_series_tells_the_median_whenever_it_is_asked(story: list[tuple[int, int | None]]) -> None:
    """With a value something is measured; without one, it is only asked."""
    recent: Recent = ()
    series, now = Series(), 0
    for step, value in story:
        now += step
        if value is not None:
            series.note(value, now)
            recent = noted(recent, value, now)
        assert series.median(now) == median(recent, now)


@given(st.lists(STEPS, max_size=40), STEPS)
def test_a_median_is_steady_just_until_a_weight_changes(steps: list[int], later: int) -> None:
    recent: Recent = ()
    now = 0
    for step in steps:
        now += step
        recent = noted(recent, 0, now)
    now += later
    until = steady_until(recent, now)
    assert weights(recent, until) == weights(recent, now)
    assert until > now + LIFETIME - 1 or weights(recent, until + 1) != weights(recent, now)


def weights(recent: Recent, now: int) -> list[int]:
    ages = [now - each.at for each in recent]
    return [age // HALVING for age in ages if age <= LIFETIME]
