"""The walk along a chain: order, retries, clocks and endings, without a socket."""

import pytest

from routedsl.engine.attempts import (
    LEAST_TIME,
    SECOND,
    Attempts,
    Ending,
    Miss,
    Stop,
    Try,
    Wait,
    after,
    begin,
    beside,
    denied,
)
from routedsl.engine.classify import BACKOFF
from routedsl.engine.outcome import Failed, Kind, Passage
from routedsl.engine.terms import Terms, terms_of
from routedsl.language.policy import Options

TERMS = Terms(timeout=15 * SECOND, first_token=10 * SECOND, idle=20 * SECOND, deadline=120 * SECOND, retry=1)
CHAIN = ("a", "b", "c")
NO = Passage(status=400, content_type="application/json", body=b"no")


def start(terms: Terms = TERMS, chain: tuple[str, ...] = CHAIN, **contexts: int) -> Attempts:
    return begin(chain, terms, contexts, now=0)


def failing(attempts: Attempts, *failures: Kind | Failed, took: int = 0) -> Attempts:
    now = 0
    for failure in failures:
        assert isinstance(attempts.turn, Try)
        now += attempts.turn.pause + took
        failed = failure if isinstance(failure, Failed) else Failed(kind=failure)
        attempts = after(attempts, attempts.turn.model, failed, now)
    return attempts


def model(attempts: Attempts) -> str:
    assert isinstance(attempts.turn, Try)
    return attempts.turn.model


def passed_on(name: str, failed: Failed) -> Stop:
    return Stop(Ending.PASSED_ON, Miss(name, failed))


def test_the_options_of_a_route_and_the_defaults_for_the_rest() -> None:
    assert terms_of(Options(), stream=True) == Terms(
        timeout=15 * SECOND, first_token=10 * SECOND, idle=20 * SECOND, deadline=600 * SECOND, retry=1
    )
    assert terms_of(Options(), stream=False) == Terms(
        timeout=60 * SECOND, first_token=10 * SECOND, idle=20 * SECOND, deadline=120 * SECOND, retry=1
    )
    assert terms_of(Options(timeout=SECOND, retry=0, fallback_on=("filtered",)), stream=True) == Terms(
        timeout=SECOND,
        first_token=SECOND,
        idle=20 * SECOND,
        deadline=600 * SECOND,
        retry=0,
        fallback_on=("filtered",),
    )
    assert terms_of(Options(timeout=SECOND, first_token=5 * SECOND), stream=True).first_token == 5 * SECOND


def test_the_chain_is_walked_in_order() -> None:
    attempts = start()
    assert model(attempts) == "a"
    assert model(failing(attempts, Kind.TIMEOUT)) == "b"
    assert model(failing(attempts, Kind.TIMEOUT, Kind.REFUSED)) == "c"
    end = failing(attempts, Kind.TIMEOUT, Kind.REFUSED, Kind.UNAVAILABLE)
    assert end.turn == Stop(Ending.EXHAUSTED)
    assert [(miss.model, miss.failed.kind) for miss in end.misses] == [
        ("a", Kind.TIMEOUT),
        ("b", Kind.REFUSED),
        ("c", Kind.UNAVAILABLE),
    ]


def test_an_empty_chain_ends_at_once() -> None:
    assert start(chain=()).turn == Stop(Ending.EXHAUSTED)


def test_a_retry_is_made_where_it_can_help_and_once() -> None:
    attempts = failing(start(), Kind.ERROR)
    assert attempts.turn == Try("a", BACKOFF, 110 * SECOND, retried=True)
    assert model(failing(start(), Kind.ERROR, Kind.ERROR)) == "b"
    assert model(failing(start(), Kind.ERROR, Kind.ERROR, Kind.RESET)) == "b"
    assert model(failing(start(), Kind.ERROR, Kind.TIMEOUT)) == "b"


def test_retry_0_is_no_retry_and_a_rate_limit_is_retried_as_often_as_the_route_says() -> None:
    none = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=120 * SECOND, retry=0)
    three = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=120 * SECOND, retry=3)
    assert model(failing(start(none), Kind.ERROR)) == "b"
    assert model(failing(start(three), Kind.LIMITED, Kind.LIMITED, Kind.LIMITED)) == "a"
    assert model(failing(start(three), Kind.LIMITED, Kind.LIMITED, Kind.LIMITED, Kind.LIMITED)) == "b"
    assert model(failing(start(three), Kind.ERROR, Kind.ERROR)) == "b"


def test_a_rate_limit_is_waited_for_where_it_is_short() -> None:
    def limited(seconds: float) -> Failed:
        return Failed(kind=Kind.LIMITED, status=429, retry_after=int(seconds * SECOND))

    assert failing(start(), limited(2)).turn == Try("a", 2 * SECOND, 110 * SECOND, retried=True)
    assert model(failing(start(), limited(2.1))) == "b"
    short = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=3 * SECOND, retry=1)
    assert failing(start(short, ("a", "b")), limited(1)).turn == Try("a", SECOND, 2 * SECOND, retried=True)
    assert model(failing(start(short, ("a", "b")), limited(1.1))) == "b"
    assert model(failing(start(short), limited(1))) == "b"  # or nothing would be left after the pause


def test_a_refusal_ends_the_chain_and_is_passed_on() -> None:
    refused = Failed(kind=Kind.INVALID, status=400, passage=NO)
    assert failing(start(), refused).turn == passed_on("a", refused)
    assert failing(start(), Kind.TIMEOUT, refused).turn == passed_on("b", refused)


def test_a_prompt_that_is_too_long_goes_only_where_there_is_more_room() -> None:
    long = Failed(kind=Kind.TOO_LONG, status=400, passage=NO)
    assert model(failing(start(a=8, b=8, c=32), long)) == "c"
    assert model(failing(start(a=8, c=8), long)) == "b"
    assert failing(start(a=32, b=8, c=32), long).turn == passed_on("a", long)
    other = Failed(kind=Kind.TOO_LONG, status=400, passage=Passage(status=400, content_type="x", body=b"other"))
    assert failing(start(a=8, b=16, c=8), long, other).turn == passed_on("a", long)
    assert failing(start(a=8, b=16, c=8), long, Kind.TIMEOUT).turn == passed_on("a", long)


def test_filtered_goes_on_where_the_route_says_so_and_else_is_the_answer() -> None:
    filtered = Failed(kind=Kind.FILTERED, status=400, passage=NO)
    on = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=SECOND, retry=1, fallback_on=("filtered",))
    assert failing(start(), filtered).turn == passed_on("a", filtered)
    assert model(failing(start(on), filtered)) == "b"
    assert failing(start(on, ("a", "b")), filtered, Kind.TIMEOUT).turn == passed_on("a", filtered)


def test_those_after_an_attempt_keep_their_reserve() -> None:
    assert start().turn == Try("a", 0, 110 * SECOND)
    late = failing(start(), Kind.TIMEOUT, took=112 * SECOND)
    assert late.turn == Try("b", 0, 115 * SECOND)


def test_a_short_deadline_is_divided() -> None:
    short = Terms(timeout=60 * SECOND, first_token=10 * SECOND, idle=SECOND, deadline=6 * SECOND, retry=1)
    attempts = start(short)
    assert attempts.turn == Try("a", 0, 2 * SECOND)
    assert failing(attempts, Kind.TIMEOUT, took=2 * SECOND).turn == Try("b", 0, 4 * SECOND)


def test_where_too_little_time_is_left_nobody_is_called_any_more() -> None:
    short = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=SECOND, retry=1)
    end = failing(start(short), Kind.TIMEOUT, took=SECOND - LEAST_TIME + 1)
    assert end.turn == Stop(Ending.OUT_OF_TIME)
    assert [miss.failed.word for miss in end.misses] == ["timeout", "skipped", "skipped"]


def test_a_deadline_runs_from_when_the_request_was_accepted() -> None:
    attempts = begin(CHAIN, TERMS, {}, now=100 * SECOND, accepted=0)
    assert attempts.turn == Try("a", 0, 110 * SECOND)
    squeezed = begin(CHAIN, TERMS, {}, now=117 * SECOND, accepted=0)
    assert squeezed.turn == Try("a", 0, 118 * SECOND), "what is left is divided"


def test_a_request_that_came_too_late_for_anybody_calls_nobody() -> None:
    for now in (120 * SECOND - LEAST_TIME + 1, 200 * SECOND):
        end = begin(CHAIN, TERMS, {}, now=now, accepted=0)
        assert end.turn == Stop(Ending.OUT_OF_TIME)
        assert [(miss.model, miss.failed.word) for miss in end.misses] == [(name, "skipped") for name in CHAIN]


def test_the_first_call_is_made_however_short_the_deadline() -> None:
    tiny = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=LEAST_TIME // 2, retry=1)
    assert model(start(tiny)) == "a"
    assert model(failing(start(tiny), Kind.OPEN)) == "b"
    assert failing(start(tiny, ("a",)), Kind.TIMEOUT, took=LEAST_TIME // 2).turn == Stop(Ending.OUT_OF_TIME)


@pytest.mark.parametrize("word", ["filtered", "invalid", "too_long"])
def test_what_a_route_may_send_on(word: str) -> None:
    failed = Failed(kind=Kind(word), status=400, passage=NO)
    terms = terms_of(Options(fallback_on=(word,)), stream=False)
    assert model(failing(start(terms, a=32, b=8), failed)) == "b"
    for other in {"filtered", "invalid"} - {word}:
        assert isinstance(failing(start(terms), Failed(kind=Kind(other), passage=NO)).turn, Stop)


def test_backoff_doubles_and_is_spread_by_the_draw() -> None:
    terms = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=120 * SECOND, retry=9)
    attempts, now, pauses = start(terms, ("a",)), 0, []
    for draw in (500_000, 500_000, 0, 999_999, 500_000):
        attempts = after(attempts, "a", Failed(kind=Kind.LIMITED), now, draw)
        assert isinstance(attempts.turn, Try)
        pauses.append(round(attempts.turn.pause / BACKOFF, 3))
    assert pauses == [1, 2, 2, 8, 8]


def test_no_pause_is_longer_than_what_may_be_waited_for() -> None:
    terms = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=5 * SECOND, retry=9)
    attempts = failing(start(terms, ("a",)), Kind.LIMITED, took=4 * SECOND + SECOND // 2)
    assert attempts.turn == Stop(Ending.EXHAUSTED)


def test_a_retry_does_not_eat_up_what_is_reserved_for_others() -> None:
    short = Terms(timeout=60 * SECOND, first_token=10 * SECOND, idle=SECOND, deadline=6 * SECOND, retry=1)
    attempts = failing(start(short), Kind.RESET, took=SECOND)
    assert attempts.turn == Try("a", 0, 2 * SECOND, retried=True)


def test_where_the_budget_has_no_retry_the_next_model_has_its_turn() -> None:
    assert model(denied(failing(start(), Kind.ERROR), 0)) == "b"
    assert denied(failing(start(chain=("a",)), Kind.ERROR), 0).turn == Stop(Ending.EXHAUSTED)


# ── hedges ──────────────────────────────────────────────────────────────────────────────────────

HEDGED = terms_of(Options(hedge=SECOND), stream=True)
INVALID = Failed(kind=Kind.INVALID, status=400, passage=NO)


def hedged(chain: tuple[str, ...] = CHAIN) -> Attempts:
    return beside(start(HEDGED, chain), SECOND)


def test_the_next_model_is_called_beside_one_that_is_late() -> None:
    assert start(HEDGED).hedge_at == SECOND
    assert hedged().turn == Try("b", 0, 595 * SECOND, hedged=True)
    assert hedged().hedge_at is None
    assert start().hedge_at is None
    assert start(HEDGED, ("a",)).hedge_at is None


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_where_one_of_two_fails_the_other_is_waited_for(first: str, second: str) -> None:
    waiting = after(hedged(), first, Failed(kind=Kind.ERROR), 2 * SECOND)
    assert waiting.turn == Wait()
    assert waiting.hedge_at is None
    going_on = after(waiting, second, Failed(kind=Kind.TIMEOUT), 3 * SECOND)
    assert going_on.turn == Try("c", 0, 600 * SECOND)


def test_after_the_other_has_failed_the_last_of_two_is_retried_as_ever() -> None:
    waiting = after(hedged(), "a", Failed(kind=Kind.TIMEOUT), 2 * SECOND)
    again = after(waiting, "b", Failed(kind=Kind.RESET), 3 * SECOND).turn
    assert again == Try("b", 0, 595 * SECOND, retried=True)


def test_a_refusal_ends_the_chain_although_another_runs() -> None:
    assert after(hedged(), "b", INVALID, 2 * SECOND).turn == passed_on("b", INVALID)


def test_a_hedge_that_is_not_even_called_goes_to_the_next() -> None:
    resting = after(hedged(), "b", Failed(kind=Kind.OPEN), SECOND)
    assert resting.turn == Try("c", 0, 600 * SECOND, hedged=True)
    assert after(resting, "c", Failed(kind=Kind.BUSY), SECOND).turn == Wait()


def test_a_hedge_that_the_budget_denies_is_not_asked_for_again() -> None:
    alone = denied(hedged(), SECOND)
    assert (alone.turn, alone.hedge_at) == (Wait(), None)
    assert model(after(alone, "a", Failed(kind=Kind.TIMEOUT), 2 * SECOND)) == "b"


def test_a_hedge_for_which_there_is_no_time_is_not_made() -> None:
    short = terms_of(Options(hedge=SECOND, deadline=SECOND + LEAST_TIME - 1), stream=True)
    assert beside(start(short), SECOND).turn == Wait()


def test_a_prompt_that_is_too_long_for_one_of_two() -> None:
    attempts = beside(begin(CHAIN, HEDGED, {"a": 8, "b": 8, "c": 8}, 0), SECOND)
    long = Failed(kind=Kind.TOO_LONG, status=400, passage=NO)
    waiting = after(attempts, "a", long, 2 * SECOND)
    assert (waiting.turn, waiting.left) == (Wait(), ())
    assert after(waiting, "b", Failed(kind=Kind.TIMEOUT), 3 * SECOND).turn == passed_on("a", long)
