"""Sessions remember who answered last, for how long ago, and no more of them than they may."""

from dataclasses import dataclass
from datetime import UTC, datetime

from routedsl.gateway.sessions import Sessions


@dataclass
class HandClock:
    """A clock that a test moves."""

    time: int = 0

    def monotonic(self) -> int:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def loop_time(self, at: int) -> float:
        return float(at)

    async def sleep(self, duration: int) -> None:
        self.time += duration


def test_the_last_model_and_its_age_are_told() -> None:
    clock = HandClock()
    sessions = Sessions(clock)
    assert sessions.last("a") == (None, 0)
    sessions.answered("a", "tiny")
    clock.time = 7
    assert sessions.last("a") == ("tiny", 7)
    sessions.answered("a", "large")
    assert sessions.last("a") == ("large", 0)


def test_no_session_and_no_answer_are_not_remembered() -> None:
    sessions = Sessions(HandClock())
    sessions.answered(None, "tiny")
    sessions.answered("a", None)
    assert sessions.last(None) == (None, 0)
    assert sessions.last("a") == (None, 0)


def test_the_quietest_session_is_forgotten_first() -> None:
    sessions = Sessions(HandClock(), most=2)
    for session in ("a", "b", "a", "c"):
        sessions.answered(session, "tiny")
    assert [session for session in "abc" if sessions.last(session)[0]] == ["a", "c"]
