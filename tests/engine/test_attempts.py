"""The walk along a chain: order, retries, clocks and endings, without a socket."""

from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.attempts import LEAST_TIME, SECOND, Attempts, Ending, Stop, Terms, Try, after, begin, terms_of
from routedsl.engine.classify import BACKOFF
from routedsl.engine.outcome import UNTRIED, Failed, Kind, Passage
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
        attempts = after(attempts, failure if isinstance(failure, Failed) else Failed(kind=failure), now)
    return attempts


def model(attempts: Attempts) -> str:
    assert isinstance(attempts.turn, Try)
    return attempts.turn.model


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
    assert attempts.turn == Try("a", BACKOFF, 110 * SECOND)
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

    assert failing(start(), limited(2)).turn == Try("a", 2 * SECOND, 110 * SECOND)
    assert model(failing(start(), limited(2.1))) == "b"
    short = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=3 * SECOND, retry=1)
    assert failing(start(short, ("a", "b")), limited(1)).turn == Try("a", SECOND, 2 * SECOND)
    assert model(failing(start(short, ("a", "b")), limited(1.1))) == "b"
    assert model(failing(start(short), limited(1))) == "b"  # or nothing would be left after the pause


def test_a_refusal_ends_the_chain_and_is_passed_on() -> None:
    refused = Failed(kind=Kind.INVALID, status=400, passage=NO)
    assert failing(start(), refused).turn == Stop(Ending.PASSED_ON, NO)
    assert failing(start(), Kind.TIMEOUT, refused).turn == Stop(Ending.PASSED_ON, NO)


def test_a_prompt_that_is_too_long_goes_only_where_there_is_more_room() -> None:
    long = Failed(kind=Kind.TOO_LONG, status=400, passage=NO)
    assert model(failing(start(a=8, b=8, c=32), long)) == "c"
    assert model(failing(start(a=8, c=8), long)) == "b"
    assert failing(start(a=32, b=8, c=32), long).turn == Stop(Ending.PASSED_ON, NO)
    other = Failed(kind=Kind.TOO_LONG, status=400, passage=Passage(status=400, content_type="x", body=b"other"))
    assert failing(start(a=8, b=16, c=8), long, other).turn == Stop(Ending.PASSED_ON, NO)
    assert failing(start(a=8, b=16, c=8), long, Kind.TIMEOUT).turn == Stop(Ending.PASSED_ON, NO)


def test_filtered_goes_on_where_the_route_says_so_and_else_is_the_answer() -> None:
    filtered = Failed(kind=Kind.FILTERED, status=400, passage=NO)
    on = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=SECOND, retry=1, fallback_on=("filtered",))
    assert failing(start(), filtered).turn == Stop(Ending.PASSED_ON, NO)
    assert model(failing(start(on), filtered)) == "b"
    assert failing(start(on, ("a", "b")), filtered, Kind.TIMEOUT).turn == Stop(Ending.PASSED_ON, NO)


def test_those_after_an_attempt_keep_their_reserve() -> None:
    assert start().turn == Try("a", 0, 110 * SECOND)
    late = failing(start(), Kind.TIMEOUT, took=112 * SECOND)
    assert late.turn == Try("b", 0, 116 * SECOND)


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


def test_the_first_call_is_made_however_short_the_deadline() -> None:
    tiny = Terms(timeout=SECOND, first_token=SECOND, idle=SECOND, deadline=LEAST_TIME // 2, retry=1)
    assert model(start(tiny)) == "a"
    assert model(failing(start(tiny), Kind.OPEN)) == "b"
    assert failing(start(tiny, ("a",)), Kind.TIMEOUT, took=LEAST_TIME // 2).turn == Stop(Ending.OUT_OF_TIME)


kinds = st.sampled_from([kind for kind in Kind if kind not in (Kind.SKIPPED, Kind.GONE, Kind.LATE)])
durations = st.integers(1, 200 * SECOND)
any_terms = st.builds(
    Terms,
    timeout=durations,
    first_token=durations,
    idle=durations,
    deadline=durations,
    retry=st.integers(0, 4),
    fallback_on=st.sampled_from([(), ("filtered",)]),
)


@given(
    terms=any_terms,
    size=st.integers(0, 6),
    retry_after=st.none() | st.integers(0, 60 * SECOND),
    data=st.data(),
)
def test_any_chain_ends_in_time_and_in_order(
    terms: Terms, size: int, retry_after: int | None, data: st.DataObject
) -> None:
    """Attempts that use all their time never run past the deadline, whatever they fail with."""
    chain = tuple(f"m{index}" for index in range(size))
    contexts = {name: data.draw(st.none() | st.integers(1, 3)) for name in chain}
    attempts, now, called = begin(chain, terms, contexts, 0), 0, []
    while isinstance(turn := attempts.turn, Try):
        assert now + turn.pause <= turn.until <= terms.deadline
        assert turn.until - now >= LEAST_TIME or not any(miss.failed.kind not in UNTRIED for miss in attempts.misses)
        kind = data.draw(kinds)
        if kind is not Kind.OPEN:
            called.append(turn.model)
            now += turn.pause + data.draw(st.integers(0, turn.until - now - turn.pause))
        attempts = after(attempts, Failed(kind=kind, retry_after=retry_after), now)
    assert now <= terms.deadline
    assert called == sorted(called)
    assert all(called.count(name) <= 1 + terms.retry for name in chain)
    if size and Kind.OPEN not in {miss.failed.kind for miss in attempts.misses}:
        assert called


@given(terms=any_terms, size=st.integers(1, 6))
def test_the_last_model_gets_its_reserve_when_all_others_hang(terms: Terms, size: int) -> None:
    chain = tuple(f"m{index}" for index in range(size))
    attempts, now = begin(chain, terms, {}, 0), 0
    share = terms.deadline // size
    reserve = min(max(terms.first_token, LEAST_TIME), 5 * SECOND, share)
    while isinstance(turn := attempts.turn, Try):
        if turn.model == chain[-1]:
            assert turn.until == terms.deadline
            assert turn.until - now >= reserve - size
            return
        now = turn.until
        attempts = after(attempts, Failed(kind=Kind.TIMEOUT), now)
    assert share < LEAST_TIME + size
