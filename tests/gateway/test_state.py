"""What is measured of models, with a clock that is set by hand."""

from datetime import UTC, datetime

from routedsl.engine.outcome import Answered, Failed, Kind
from routedsl.engine.world import ModelState
from routedsl.gateway.clock import SECOND, SystemClock
from routedsl.gateway.state import States

ERROR = Failed(kind=Kind.ERROR, status=500)


class HandClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_000 * SECOND

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at / SECOND, UTC)

    def monotonic(self) -> int:
        return self.at


def states_by(clock: HandClock) -> States:
    return States(clock, draw=lambda: 500_000)


def called(states: States, clock: HandClock, outcome: Answered | Failed, took: int = 0) -> None:
    ongoing = states.begin("a")
    clock.at += took
    ongoing.end(outcome)


def tripped() -> tuple[States, HandClock]:
    clock = HandClock()
    states = states_by(clock)
    for _ in range(5):
        called(states, clock, ERROR)
    return states, clock


def test_who_was_never_called_is_not_in_the_world() -> None:
    states = states_by(HandClock())
    assert states.world_models() == {}
    assert states.is_up("a")
    assert states.last_resort(()) is None


def test_a_stream_is_measured_to_its_first_token_and_to_its_end() -> None:
    clock = HandClock()
    states = states_by(clock)
    ongoing = states.begin("a")
    clock.at += SECOND
    ongoing.answering()
    assert states.world_models()["a"] == ModelState(first_token=SECOND, inflight=1, load=10_000)
    clock.at += 2 * SECOND
    ongoing.end(Answered(usage=(7, 50)))
    assert states.world_models()["a"] == ModelState(latency=3 * SECOND, first_token=SECOND, speed=25)


def test_a_call_ends_once() -> None:
    states = states_by(HandClock())
    ongoing = states.begin("a")
    ongoing.end(Answered())
    ongoing.end(ERROR)
    assert states.in_flight == 0
    assert states.world_models()["a"].errors == 0


def test_measurements_grow_old() -> None:
    clock = HandClock()
    states = states_by(clock)
    called(states, clock, Answered(), took=SECOND)
    assert states.world_models()["a"].latency == SECOND
    clock.at += 3600 * SECOND
    assert states.world_models()["a"] == ModelState()


def test_an_open_breaker_lets_one_probe_through() -> None:
    states, clock = tripped()
    assert not states.is_up("a")
    clock.at += 5 * SECOND
    assert states.world_models()["a"].up
    probe = states.begin("a")
    assert not states.is_up("a")
    probe.answering()
    assert states.is_up("a")
    probe.end(Answered())
    assert states.is_up("a")


def test_a_probe_of_a_client_that_left_is_given_back() -> None:
    states, clock = tripped()
    clock.at += 5 * SECOND
    states.begin("a").end(Failed(kind=Kind.GONE))
    assert states.is_up("a")


def test_a_probe_that_is_told_to_wait_is_given_back_too() -> None:
    states, clock = tripped()
    clock.at += 5 * SECOND
    states.begin("a").end(Failed(kind=Kind.LIMITED, status=429, retry_after=9 * SECOND))
    assert not states.is_up("a")
    clock.at += 9 * SECOND
    assert states.is_up("a")


def test_the_last_resort_is_who_is_due_first_and_only_where_all_are_down() -> None:
    states, clock = tripped()
    clock.at += SECOND
    for _ in range(5):
        states.begin("b").end(ERROR)
    assert states.last_resort(("b", "a")) == "a"
    assert states.last_resort(("b", "a", "c")) is None


def test_a_dead_key_and_a_used_up_quota_rest_for_long() -> None:
    for kind, seconds in ((Kind.UNAUTHORIZED, 60), (Kind.EXHAUSTED, 300)):
        clock = HandClock()
        states = states_by(clock)
        called(states, clock, Failed(kind=kind, status=401))
        clock.at += seconds * SECOND - 1
        assert not states.is_up("a")
        clock.at += 1
        assert states.is_up("a")


def test_a_call_that_another_one_beat_takes_at_least_so_long() -> None:
    clock = HandClock()
    states = states_by(clock)
    called(states, clock, Failed(kind=Kind.LOST), took=SECOND)
    assert states.world_models()["a"].latency == SECOND
    for took in (SECOND // 2, 3 * SECOND, 3 * SECOND):
        called(states, clock, Failed(kind=Kind.LOST), took=took)
    assert states.world_models()["a"].latency == 3 * SECOND
    assert states.world_models()["a"].errors == 0


def test_a_client_that_leaves_tells_of_a_model_only_what_is_slower_than_known() -> None:
    clock = HandClock()
    states = states_by(clock)
    called(states, clock, Failed(kind=Kind.GONE), took=SECOND)
    assert states.world_models()["a"].latency is None
    called(states, clock, Answered(), took=SECOND)
    for took in (SECOND // 2, 9 * SECOND, 9 * SECOND):
        called(states, clock, Failed(kind=Kind.GONE), took=took)
    assert states.world_models()["a"].latency == 9 * SECOND


def test_a_clients_own_fault_does_not_touch_the_model() -> None:
    clock = HandClock()
    states = states_by(clock)
    for kind in (Kind.INVALID, Kind.TOO_LONG, Kind.FILTERED, Kind.GONE, Kind.UNKNOWN):
        for _ in range(30):
            called(states, clock, Failed(kind=kind, status=400))
    assert states.world_models()["a"] == ModelState()
