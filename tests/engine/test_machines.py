"""Breaker and retry budget against models of a few lines: whatever happens in whatever order, both say the same."""

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from routedsl.engine import budget
from routedsl.engine.breaker import CLOSED, began, failed, is_up, released, resting, succeeded

SECOND = 1_000_000
MOMENT = st.integers(1, 3 * SECOND) | st.integers(1, 40 * SECOND)

DRAW = st.integers(0, 199_999).map(lambda fifth: fifth * 5)
MANY = st.lists(st.booleans(), min_size=1, max_size=6) | st.lists(st.booleans(), min_size=15, max_size=26)
"""How calls end: few enough for a row of failures, or enough for their share to count."""


class BreakerModel:
    """The breaker as one would explain it: lists of what happened, and no state that is clever."""

    def __init__(self) -> None:
        self.ends: list[tuple[int, bool]] = []  # since the breaker was closed last: when, and whether it failed
        self.trips: list[tuple[int, int]] = []  # since then: when, and until when
        self.probe: int | None = None
        self.rest = 0

    @property
    def due(self) -> int:
        return max(self.trips[-1][1] if self.trips else 0, self.rest)

    def up(self, now: int) -> bool:
        return self.probe is None and now >= self.due

    def begin(self, now: int) -> None:
        if self.trips:
            self.probe = now

    def succeed(self, start: int, now: int) -> None:
        if self.trips and start >= self.trips[-1][0]:
            self.ends, self.trips, self.probe = [], [], None
        self.ends.append((now, False))

    def fail(self, start: int, now: int, draw: int) -> None:
        if not self.trips:
            self.ends.append((now, True))
            row = [bad for _, bad in self.ends][-5:]
            recent = [bad for at, bad in self.ends if (at // (5 * SECOND) + 1) * 5 * SECOND > now - 30 * SECOND]
            if row == [True] * 5 or (len(recent) >= 20 and 2 * sum(recent) >= len(recent)):
                self.trip(now, draw)
        elif start == self.probe:
            self.trip(now, draw)

    def trip(self, now: int, draw: int) -> None:
        pause = min(5 * 2 ** len(self.trips), 15)
        self.trips.append((now, now + pause * (800_000 + draw * 2 // 5)))
        self.probe = None


class BreakerMachine(RuleBasedStateMachine):
    """Many callers at once, who respect the breaker."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.breaker, self.model = CLOSED, BreakerModel()
        self.running: list[int] = []

    @rule(pause=MOMENT)
    def wait(self, pause: int) -> None:
        self.now += pause

    @rule(early=st.integers(-1, 1))
    def wait_until_it_is_due(self, early: int) -> None:
        self.now = max(self.now, self.model.due + early)

    @rule(count=st.integers(1, 3))
    def call(self, count: int) -> None:
        for _ in range(count):
            self.now += 1
            if is_up(self.breaker, self.now):
                self.breaker = began(self.breaker, self.now)
                self.model.begin(self.now)
                self.running.append(self.now)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), how=st.sampled_from(("well", "badly", "badly", "nothing", "rest")), draw=DRAW)
    def end(self, data: st.DataObject, how: str, draw: int) -> None:
        self.ended(self.running.pop(data.draw(st.integers(0, len(self.running) - 1))), how, draw)

    @rule(ends=MANY, draw=DRAW)
    def call_and_end(self, ends: list[bool], draw: int) -> None:
        """One after the other, while others go on."""
        for well in ends:
            others = len(self.running)
            self.call(1)
            for start in self.running[others:]:
                self.running.remove(start)
                self.ended(start, "well" if well else "badly", draw)
            self.both_say_the_same()

    @rule(ends=MANY, more=st.integers(-6 * SECOND, 6 * SECOND), later=MANY, draw=DRAW)
    def call_and_end_on_both_sides_of_a_window(self, ends: list[bool], more: int, later: list[bool], draw: int) -> None:
        self.call_and_end(ends, draw)
        self.now += 30 * SECOND + more
        self.call_and_end(later, draw)

    @precondition(lambda self: self.model.trips)
    @rule(times=st.integers(1, 4), draw=DRAW)
    def probe_in_vain(self, times: int, draw: int) -> None:
        for _ in range(times):
            self.wait_until_it_is_due(0)
            self.call_and_end([False], draw)

    @precondition(lambda self: self.model.trips and self.running)
    @rule(well=st.booleans(), draw=DRAW)
    def probe_while_another_wants_rest(self, well: bool, draw: int) -> None:
        before = self.running.pop(0)
        self.wait_until_it_is_due(0)
        self.call(1)
        self.ended(before, "rest", draw)
        self.both_say_the_same()
        if self.running and self.running[-1] == self.now:
            self.ended(self.running.pop(), "well" if well else "badly", draw)

    def ended(self, start: int, how: str, draw: int) -> None:
        match how:
            case "well":
                self.breaker = succeeded(self.breaker, start, self.now)
                self.model.succeed(start, self.now)
            case "badly":
                self.breaker = failed(self.breaker, start, self.now, draw)
                self.model.fail(start, self.now, draw)
            case _:
                self.release(start, rests=how == "rest")

    def release(self, start: int, *, rests: bool) -> None:
        self.breaker = released(self.breaker, start)
        if start == self.model.probe:
            self.model.probe = None
        if rests:
            self.breaker = resting(self.breaker, self.now + SECOND)
            self.model.rest = max(self.model.rest, self.now + SECOND)

    @invariant()
    def both_say_the_same(self) -> None:
        for later in (0, 1, SECOND, 5 * SECOND, 80 * SECOND):
            assert is_up(self.breaker, self.now + later) == self.model.up(self.now + later)

    @invariant()
    def one_probes_at_a_time(self) -> None:
        if self.breaker.opened is not None:
            assert sum(start > self.breaker.opened for start in self.running) <= 1

    @invariant()
    def nobody_is_locked_out_for_ever(self) -> None:
        if not self.running:
            assert is_up(self.breaker, self.now + 72 * SECOND)


class BudgetMachine(RuleBasedStateMachine):
    """First calls and extra ones at any time; the model is the list of them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.budget = budget.UNSPENT
        self.firsts: list[int] = []
        self.extras: list[int] = []

    @rule(pause=MOMENT)
    def wait(self, pause: int) -> None:
        self.now += pause

    @rule(early=st.integers(0, SECOND))
    def wait_for_nearly_a_window(self, early: int) -> None:
        self.now += budget.WINDOW * SECOND - early

    @rule(count=st.integers(1, 30))
    def first(self, count: int) -> None:
        for _ in range(count):
            self.budget = budget.with_first(self.budget, self.now)
            self.firsts.append(self.now)

    @rule(seconds=st.integers(1, 15))
    def first_every_second(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += SECOND
            self.first(1)

    @rule(most=st.integers(1, 12))
    def extra(self, most: int) -> None:
        for _ in range(most):
            if budget.allows(self.budget, self.now):
                self.budget = budget.with_extra(self.budget, self.now)
                self.extras.append(self.now)

    def late(self, times: list[int], seconds: int, now: int) -> int:
        return sum(at > now - seconds * SECOND for at in times)

    @invariant()
    def a_fifth_and_three_in_any_ten_seconds(self) -> None:
        for at in self.extras:
            extras = sum(at - 10 * SECOND < other <= at for other in self.extras)
            firsts = sum(at - 10 * SECOND < other <= at for other in self.firsts)
            assert extras <= 3 + firsts / 5

    @invariant()
    def what_is_clearly_within_is_allowed(self) -> None:
        """Seconds are counted whole, so that the model is sure of the answer but for one second at the edge."""
        extras, firsts = self.late(self.extras, 11, self.now), self.late(self.firsts, 9, self.now)
        if extras + 1 <= 3 + firsts // 5:
            assert budget.allows(self.budget, self.now)
        if self.late(self.extras, 10, self.now) >= 3 + self.late(self.firsts, 10, self.now) // 5:
            assert not budget.allows(self.budget, self.now)

    @invariant()
    def the_memory_is_bounded(self) -> None:
        assert len(self.budget) <= budget.WINDOW + 2


HARD = os.environ.get("HYPOTHESIS_PROFILE") == "torture"

TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=2_000 if HARD else 80, stateful_step_count=40, deadline=None)
TestBudget = BudgetMachine.TestCase
TestBudget.settings = TestBreaker.settings
