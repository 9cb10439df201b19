"""Chains, where the cases of tests/conformance do not reach: odd strategies, and the shares of draws."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.discover import builtin
from routedsl.engine.example import NOON
from routedsl.engine.program import Program, program_of
from routedsl.engine.request import Message, Request
from routedsl.engine.strategy import Ballot, Strategy
from routedsl.engine.world import ModelState, World
from routedsl.language.policy import Candidate, Constant, Fact, Holds, Options, Ranked
from tests.policies import SPAN, policy_of, rule_of

REQUEST = Request(endpoint="chat", model="auto", messages=[Message(role="user", text="hello")])
Rank = Callable[[Ballot], tuple[str, ...]]


def program_with(rank: Rank) -> Program:
    """A policy whose one rule ranks a, b and (never up) c."""
    known = builtin()
    strategy = Strategy(name="odd", rank=rank, doc="Odd.", since="1.0")
    down = Holds(Fact("stream", Type.BOOL), span=SPAN)
    candidates = (Candidate(model="a"), Candidate(model="b"), Candidate(model="c", where=down))
    target = Ranked(strategy="odd", candidates=candidates)
    catalog = replace(known, strategies={**known.strategies, "odd": strategy})
    return program_of(policy_of(rule_of(0, Constant(True, span=SPAN), target)), catalog)


def fails(ballot: Ballot) -> tuple[str, ...]:
    raise KeyError(ballot.models)


@pytest.mark.parametrize(
    ("rank", "chain"),
    [
        (lambda ballot: ballot.models[::-1], ("b", "a")),
        (lambda ballot: ballot.models[:1], ("a",)),
        (lambda ballot: (), ()),
        (lambda ballot: ("b", "b", "a", "b"), ("b", "a")),
        (lambda ballot: ("c", "stranger", "b"), ("b",)),
        (fails, ("a", "b")),
    ],
)
def test_a_strategy_can_only_order_who_passed(rank: Rank, chain: tuple[str, ...]) -> None:
    assert program_with(rank).decide(REQUEST, World(now=NOON)).chain == chain


# ── exploring ───────────────────────────────────────────────────────────────────────────────────

FAST_TO_SLOW = {name: ModelState(latency=place) for place, name in enumerate("abcd", 1)}


def exploring(share: int, strategy: str = "fastest", sticky: int | None = None) -> Program:
    """A policy whose one rule ranks a, b, c and d, and explores for a share of the draws."""
    target = Ranked(strategy=strategy, candidates=tuple(Candidate(model=name) for name in "abcd"))
    rule = rule_of(0, Constant(True, span=SPAN), target)
    return program_of(policy_of(replace(rule, options=Options(explore=share, sticky=sticky))), builtin())


def ask(id_: str, session: str | None = None) -> Request:
    return replace(REQUEST, id=id_, session=session)


def test_exploring_takes_its_share_and_gives_each_of_the_others_the_same() -> None:
    program, world = exploring(200_000), World(now=NOON, models=FAST_TO_SLOW)
    first = Counter(program.decide(ask(f"r-{number}"), world).chain[0] for number in range(6000))
    assert first["a"] / 6000 == pytest.approx(0.8, abs=0.02)
    for name in "bcd":
        assert first[name] / 6000 == pytest.approx(0.2 / 3, abs=0.015)


def test_no_session_is_explored_with_each_of_its_requests() -> None:
    """`draw` is one number for a session; to explore by it alone would send some sessions elsewhere for ever."""
    program, world = exploring(100_000), World(now=NOON, models=FAST_TO_SLOW)
    for session in ("s-1", "s-2", "s-3"):
        chains = [program.decide(ask(f"r-{number}", session), world).chain for number in range(1000)]
        assert sum(chain[0] != "a" for chain in chains) / 1000 == pytest.approx(0.1, abs=0.04)


def test_exploring_does_not_go_with_a_roll_out() -> None:
    """Among those that a rule on `draw` takes, as many are explored as among the others."""
    program = exploring(300_000)
    explored = Counter(
        draw < 500_000
        for draw in range(0, 1_000_000, 250)
        if program.decide(ask("r-1"), World(now=NOON, models=FAST_TO_SLOW, draw=draw)).chain[0] != "a"
    )
    assert explored[True] / 2000 == pytest.approx(0.3, abs=0.05)
    assert explored[False] / 2000 == pytest.approx(0.3, abs=0.05)


STATES = st.fixed_dictionaries(
    {
        name: st.builds(
            ModelState, up=st.booleans(), latency=st.none() | st.integers(0, 9), load=st.integers(0, 2_000_000)
        )
        for name in "abcd"
    }
)
RANKING = sorted(name for name, strategy in builtin().strategies.items() if not strategy.shared)


@given(
    st.sampled_from(RANKING),
    st.integers(0, 1_000_000),
    st.none() | st.just(60_000_000),
    STATES,
    st.none() | st.sampled_from("abcdx"),
    st.text("0123456789", max_size=3),
)
def test_options_only_move_one_candidate_that_is_up_to_the_front(
    strategy: str, share: int, sticky: int | None, states: dict[str, ModelState], last: str | None, id_: str
) -> None:
    world = World(now=NOON, models=states, sticky=last, sticky_age=1)
    plain = exploring(0, strategy).decide(ask(id_), world).chain
    program = exploring(share, strategy, sticky)
    chain = program.decide(ask(id_), world).chain
    assert chain == program.decide(ask(id_), world).chain
    assert sorted(chain) == sorted(plain)
    assert list(chain[1:]) == [name for name in plain if name != chain[0]]
    if sticky is not None and last in states and states[last].up:
        assert chain[0] == last
