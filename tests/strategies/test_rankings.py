"""What a policy makes of candidates in any world: all that `where` keeps, each once, and the same in the same world."""

from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.chain import Chained
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.engine.reference import holds
from routedsl.engine.request import Message, Request
from routedsl.engine.world import ModelState, World
from routedsl.language.parse import parse
from routedsl.language.policy import Ranked

NAMES = ("a", "b", "c", "d")
MODELS = """
model a { quality 30  context 100  input_price $1  output_price $4  tags [eu] }
model b { quality 60  supports []  output_price $1 }
model c { quality 60  input_price $3 }
model d {}
"""
WHERES = (
    "",
    " where up",
    " where quality >= 50",
    " where latency < 3s or latency is missing",
    ' where not (tags contains "eu") and errors < 20%',
    " where cost <= $0.001 and load < 100%",
)
TARGETS = [
    *(f"{name} of all{where}" for name in ("first", "fastest", "cheapest", "best", "least_busy") for where in WHERES),
    *(f"best of all by {fact}{where}" for fact in ("success", "speed") for where in WHERES),
]
PARTS = st.integers(0, 1_000_000)
STATES = st.builds(
    ModelState,
    up=st.booleans(),
    latency=st.none() | st.integers(0, 5_000_000),
    first_token=st.none() | st.integers(0, 5_000_000),
    errors=PARTS,
    inflight=st.integers(0, 3),
    queue=st.integers(0, 3),
    load=st.integers(0, 3_000_000),
    slots=st.none() | st.integers(1, 4),
    success=st.none() | PARTS,
    speed=st.none() | st.floats(0, 100),
)
WORLDS = st.builds(
    World,
    now=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    draw=st.none() | st.integers(0, 999_999),
    models=st.dictionaries(st.sampled_from(NAMES), STATES),
)
REQUESTS = st.builds(
    Request,
    endpoint=st.just("chat"),
    model=st.none(),
    messages=st.text("ab ", max_size=9).map(lambda text: (Message(role="user", text=text),)),
    user=st.none() | st.sampled_from(["ann", "bob"]),
    id=st.text("0123456789", min_size=1, max_size=3),
)


@cache
def program_of(target: str) -> Program:
    """A policy with one rule."""
    file, _ = parse(Source("one.route", f"{MODELS}else {target}"))
    program, _ = compile_policy([file], builtin())
    assert program is not None
    return program


def chained(program: Program, request: Request, world: World) -> Chained:
    found = program.chain(program.policy.rules[0], program.facts(request, world), request, world)
    assert found is not None
    return found


def kept(program: Program, request: Request, world: World) -> list[str]:
    """The candidates that `where` keeps, by the evaluator that is easy to believe."""
    target, facts = program.policy.rules[0].target, program.facts(request, world)
    assert isinstance(target, Ranked)
    return [one.model for one in target.candidates if one.where is None or holds(one.where, facts.read)]


def test_every_strategy_is_tried() -> None:
    tried = {target.partition(" ")[0] for target in (*TARGETS, "split")}
    assert tried == set(builtin().strategies)


@given(st.sampled_from(TARGETS), REQUESTS, WORLDS)
def test_a_ranking_is_all_that_where_keeps_each_once(target: str, request: Request, world: World) -> None:
    program = program_of(target)
    ranking = chained(program, request, world).ranking
    assert sorted(ranking) == kept(program, request, world)


@given(st.sampled_from(TARGETS), REQUESTS, WORLDS)
def test_the_same_world_gives_the_same_ranking_in_whatever_order_it_is_told(
    target: str, request: Request, world: World
) -> None:
    told_backwards = World(now=world.now, draw=world.draw, models=dict(reversed(list(world.models.items()))))
    program_of.cache_clear()
    once = chained(program_of(target), request, world)
    program_of.cache_clear()
    assert chained(program_of(target), request, told_backwards) == once


@pytest.mark.parametrize("by", ["", " by user"])
@given(REQUESTS, WORLDS)
def test_a_split_ranks_one_whatever_is_measured(by: str, request: Request, world: World) -> None:
    program = program_of(f"split of [a 50%, b 30%, c]{by}")
    ranking = chained(program, request, world).ranking
    assert len(ranking) == 1
    assert ranking == chained(program, request, World(now=world.now, draw=world.draw)).ranking


@given(REQUESTS, WORLDS)
def test_nothing_that_is_not_asked_for_changes_a_ranking(request: Request, world: World) -> None:
    """`first` and `best` go by what is written alone."""
    plain = World(now=world.now)
    for target in ("first of all", "best of all", "cheapest of all"):
        program = program_of(target)
        assert chained(program, request, world).ranking == chained(program, request, plain).ranking
