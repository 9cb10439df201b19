"""Sessions remember who answered, how long ago, and no more of them than they may."""

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


A, B, C = (b"a",), (b"b",), (b"c",)


def test_the_models_and_their_ages_are_told_the_last_first() -> None:
    clock = HandClock()
    sessions = Sessions(clock)
    assert sessions.models(A) == {}
    sessions.answered(A, "tiny")
    clock.time = 7
    assert sessions.models(A) == {"tiny": 7}
    sessions.answered(A, "large")
    assert list(sessions.models(A).items()) == [("large", 0), ("tiny", 7)]
    sessions.answered(A, "tiny")
    assert list(sessions.models(A).items()) == [("tiny", 0), ("large", 0)]


def test_no_conversation_and_no_answer_are_not_remembered() -> None:
    sessions = Sessions(HandClock())
    sessions.answered((), "tiny")
    sessions.answered(A, None)
    assert sessions.models(()) == {}
    assert sessions.models(A) == {}


def test_a_conversation_is_known_by_any_of_its_names_the_first_before_others() -> None:
    sessions = Sessions(HandClock())
    sessions.answered(A, "tiny")
    sessions.answered(B, "large")
    assert list(sessions.models((*C, *B, *A))) == ["large"]
    sessions.answered((*C, *B), "medium")
    assert list(sessions.models(C)) == ["medium", "large"]
    assert list(sessions.models(B)) == ["large"]


def test_the_quietest_conversation_is_forgotten_first_and_the_oldest_models_of_one() -> None:
    sessions = Sessions(HandClock(), most=2)
    for name in (A, B, A, C):
        sessions.answered(name, "tiny")
    assert [name for name in (A, B, C) if sessions.models(name)] == [A, C]
    for number in range(9):
        sessions.answered(A, f"m{number}")
    assert list(sessions.models(A)) == ["m8", "m7", "m6", "m5"]
