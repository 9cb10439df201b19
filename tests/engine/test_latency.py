"""Recent medians: few, young, and steady."""

from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.latency import KEPT, LIFETIME, Recent, median, noted


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
    recent = noted(noted((), 5, 0), 9, 100)
    assert median(recent, LIFETIME) == 5
    assert median(recent, LIFETIME + 1) == 9
    assert median(recent, LIFETIME + 101) is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=3 * KEPT))
def test_the_median_is_of_the_last_few(values: list[int]) -> None:
    recent = measured(values)
    last = sorted(values[-KEPT:])
    assert len(recent) == len(last)
    assert median(recent, len(values)) == last[(len(last) - 1) // 2]
