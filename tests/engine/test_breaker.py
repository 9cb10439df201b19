"""The breaker against its promises: when it opens, that one request probes, and what never closes it."""

from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.breaker import (
    CLOSED,
    ENOUGH,
    FAILURES_IN_A_ROW,
    LONGEST_OPEN,
    SECOND,
    SHORTEST_OPEN,
    WINDOW,
    Breaker,
    answering,
    began,
    due,
    error_share,
    failed,
    is_up,
    released,
    resting,
    succeeded,
)


def tripped(now: int = 0) -> Breaker:
    breaker = CLOSED
    for _ in range(FAILURES_IN_A_ROW):
        breaker = failed(breaker, now, now)
    return breaker


def test_it_opens_on_failures_in_a_row() -> None:
    breaker = CLOSED
    for _ in range(FAILURES_IN_A_ROW - 1):
        breaker = failed(breaker, 0, 0)
    assert is_up(breaker, 0)
    assert not is_up(failed(breaker, 0, 0), 0)


def test_a_success_in_between_begins_a_new_row() -> None:
    breaker = CLOSED
    for _ in range(FAILURES_IN_A_ROW - 1):
        breaker = failed(breaker, 0, 0)
    breaker = succeeded(breaker, 0, 0)
    assert is_up(failed(breaker, 0, 0), 0)


def half_failing(count: int, every: int) -> Breaker:
    breaker = CLOSED
    for index in range(count):
        end = succeeded if index % 2 else failed
        breaker = end(breaker, index * every, index * every)
    return breaker


def test_it_opens_when_half_of_enough_failed() -> None:
    assert is_up(half_failing(ENOUGH, 1), ENOUGH)
    assert not is_up(half_failing(ENOUGH + 1, 1), ENOUGH)


def test_what_is_long_ago_does_not_count() -> None:
    assert is_up(half_failing(10 * ENOUGH, 2 * WINDOW // ENOUGH), 0)


def test_half_open_lets_one_through() -> None:
    breaker = tripped()
    assert not is_up(breaker, SHORTEST_OPEN - 1)
    assert is_up(breaker, SHORTEST_OPEN)
    probing = began(breaker, SHORTEST_OPEN)
    assert not is_up(probing, 100 * SHORTEST_OPEN)
    assert began(probing, SHORTEST_OPEN + 1) == probing


def test_the_probe_decides() -> None:
    probing = began(tripped(), SHORTEST_OPEN)
    assert is_up(answering(probing, SHORTEST_OPEN), SHORTEST_OPEN)
    again = failed(probing, SHORTEST_OPEN, SHORTEST_OPEN + 1)
    assert due(again) == SHORTEST_OPEN + 1 + 2 * SHORTEST_OPEN


def test_only_the_probe_decides() -> None:
    probing = began(tripped(now=1), 1 + SHORTEST_OPEN)
    assert failed(probing, 2, 2 + SHORTEST_OPEN) == probing


def test_a_probe_that_says_nothing_is_given_back() -> None:
    probing = began(tripped(), SHORTEST_OPEN)
    assert is_up(released(probing, SHORTEST_OPEN), SHORTEST_OPEN)
    assert released(probing, 1) == probing


def test_a_success_that_began_before_the_trip_does_not_close_it() -> None:
    breaker = tripped(now=10)
    assert not is_up(succeeded(breaker, 9, 11), 11)
    assert is_up(succeeded(breaker, 10, 11), 11)


def test_failures_while_open_are_nothing_new() -> None:
    breaker = tripped()
    assert failed(breaker, 0, 4 * SECOND) == breaker


def test_it_stays_open_longer_each_time_but_not_for_ever() -> None:
    breaker, now, pauses = tripped(), 0, []
    for _ in range(300):
        pauses.append(due(breaker) - now)
        start = due(breaker)
        breaker, now = failed(began(breaker, start), start, start), start
    assert pauses[:3] == [5 * SECOND, 10 * SECOND, LONGEST_OPEN]
    assert set(pauses[3:]) == {LONGEST_OPEN}


@given(st.integers(0, 999_999))
def test_a_draw_spreads_the_time_that_it_stays_open_by_a_fifth(draw: int) -> None:
    breaker = CLOSED
    for _ in range(FAILURES_IN_A_ROW):
        breaker = failed(breaker, 0, 0, draw)
    assert due(breaker) == SHORTEST_OPEN * 4 // 5 + draw * 2


def test_a_rest_is_no_failure() -> None:
    breaker = resting(CLOSED, 7)
    assert (is_up(breaker, 6), is_up(breaker, 7)) == (False, True)
    assert resting(breaker, 3) == breaker
    assert error_share(breaker, 6) == 0


def test_the_share_of_errors_is_of_late() -> None:
    breaker = succeeded(failed(CLOSED, 0, 0), 0, 0)
    assert error_share(breaker, 0) == 500_000
    assert error_share(breaker, 2 * WINDOW) == 0
    assert error_share(CLOSED, 0) == 0


@given(st.lists(st.integers(0, WINDOW), max_size=200))
def test_the_memory_is_bounded(pauses: list[int]) -> None:
    breaker, now = CLOSED, 0
    for pause in pauses:
        now += pause
        breaker = succeeded(breaker, now, now)
    assert len(breaker.tallies) <= WINDOW // (5 * SECOND) + 1
