"""The breaker against its promises: when it opens, that one request probes, and what never closes it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

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


class Traffic(RuleBasedStateMachine):
    """Many callers at once, who respect the breaker."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.breaker = CLOSED
        self.running: list[int] = []

    @rule(pause=st.integers(1, 20 * SECOND))
    def wait(self, pause: int) -> None:
        self.now += pause

    @rule()
    def call(self) -> None:
        self.now += 1
        if is_up(self.breaker, self.now):
            self.breaker = began(self.breaker, self.now)
            self.running.append(self.now)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        start = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        opened = self.breaker.opened
        match data.draw(st.sampled_from(("well", "badly", "badly", "nothing", "rest"))):
            case "well":
                self.breaker = succeeded(self.breaker, start, self.now)
                assert opened is None or start >= opened or self.breaker.opened == opened
            case "badly":
                self.breaker = failed(self.breaker, start, self.now)
                assert opened is None or self.breaker.opened is not None
            case "nothing":
                self.breaker = released(self.breaker, start)
            case _:
                self.breaker = resting(released(self.breaker, start), self.now + SECOND)

    @invariant()
    def one_probe_at_a_time(self) -> None:
        if self.breaker.opened is not None:
            assert sum(start > self.breaker.opened for start in self.running) <= 1

    @invariant()
    def nobody_is_locked_out_for_ever(self) -> None:
        if not self.running:
            assert is_up(self.breaker, self.now + LONGEST_OPEN)


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
