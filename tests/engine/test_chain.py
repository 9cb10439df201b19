"""Chains, where the cases of tests/conformance do not reach: strategies that do what they should not."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.discover import builtin
from routedsl.engine.example import NOON
from routedsl.engine.program import Program, program_of
from routedsl.engine.request import Message, Request
from routedsl.engine.strategy import Ballot, Strategy
from routedsl.engine.world import World
from routedsl.language.policy import Candidate, Constant, Fact, Holds, Ranked
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
