"""What is claimed of rules and outcomes of predicates, held against every request that can make a difference."""

from itertools import product
from random import Random

import pytest

from routedsl.analysis.outcomes import can_be, is_dead
from routedsl.analysis.survey import survey
from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.case import Case
from routedsl.engine.compile import compile_policy
from routedsl.engine.coverage import coverage_of
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.staging import NOON
from routedsl.engine.world import World
from routedsl.language.parse import parse
from tests.effort import effort

POLICIES = effort(20, 2_000)
PREDICATES = (
    *("messages < 2", "messages >= 3", "messages != 2", "1 <= messages < 3", "messages in [0, 3]", "turns > 1"),
    *("turns not in 0..1", "stream", "tools > 0", "tools == 1", "short"),
)
MODELS = "model tiny { quality 3 }\nmodel medium {}\nmodel large { quality 9 }\n"
LET = "let short = messages <= 2 and not stream\n"
UPS = ("tiny.up", "medium.up", "large.up")
CASES = [
    Case(
        id=None,
        request=Request(endpoint="chat", model=None, messages=(Message(role="user", text="hi"),)),
        world=World(now=NOON),
        pinned={"messages": messages, "turns": turns, "stream": stream, "tools": tools, **dict.fromkeys(UPS, up)},
    )
    for messages, turns, stream, tools, up in product(range(5), range(4), (False, True), range(3), (False, True))
    if turns <= messages
]
"""A request for each cell of the policies' space, and no other."""


def program_of(text: str) -> Program:
    file, _ = parse(Source("p.route", text))
    program, found = compile_policy([file], builtin())
    assert program is not None, found
    return program


def random_policy(rng: Random) -> str:
    rules = [f"when {condition(rng, 2)} -> tiny" for _ in range(rng.randrange(1, 5))]
    block = f"when {condition(rng, 1)} {{ when {condition(rng, 1)} -> large else medium }}"
    where = f"else first of all where {rng.choice(['up', 'quality > 5', 'tools < 2'])} or {rng.choice(PREDICATES[:-1])}"
    return "\n".join([MODELS, LET, *rules, block, where, "fallback [large]"])


def condition(rng: Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(["", "", "not "]) + rng.choice(["{}", "({})"]).format(rng.choice(PREDICATES))
    return f"({condition(rng, depth - 1)} {rng.choice(['and', 'or'])} {condition(rng, depth - 1)})"


@pytest.mark.parametrize("seed", range(4))
def test_what_is_seen_of_all_requests_is_what_can_be(seed: int) -> None:
    rng = Random(seed)
    for _ in range(POLICIES // 4):
        hold_against(program_of(random_policy(rng)))


def hold_against(program: Program) -> None:
    coverage, surveyed = coverage_of(program, CASES), survey(program)
    for rule in program.policy.rules:
        assert (coverage.taken[rule.number] == 0) == is_dead(rule, surveyed)
    for place in {question.place for question in coverage.questions}:
        asked = [question for question in coverage.questions if question.place == place]
        for outcome in (True, False):
            assert bool(coverage.seen[place, outcome]) == can_be(asked, surveyed, outcome=outcome)
    assert {place for place, _ in coverage.seen} <= {question.place for question in coverage.questions}
