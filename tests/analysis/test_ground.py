"""A grounded condition asks nothing that is declared, and holds for the same requests."""

from itertools import product
from random import Random

import pytest

from routedsl.analysis.ground import Ground
from routedsl.analysis.predicates import each_once
from routedsl.base.source import Source
from routedsl.base.types import Type
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.example import NOON
from routedsl.engine.program import Program
from routedsl.engine.reference import holds
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.parse import parse
from routedsl.language.policy import (
    And,
    Compare,
    CompareFacts,
    Condition,
    Constant,
    Fact,
    Given,
    Holds,
    Like,
    Not,
    Or,
    Ranked,
)
from tests.analysis.universe import SPAN

ASKED = (
    "context >= total_tokens", "context < total_tokens", "context <= max_tokens", "context > max_tokens",
    "context == total_tokens", "context != total_tokens", "quality >= temperature", "quality == temperature",
    "quality > 50", "quality is given", "context is missing", "quality in 50..60", "quality not in [55.5]",
    'supports contains "tools"', 'supports contains ["images", "json"]', "supports is missing",
    'tags contains "eu"', 'upstream == "local"', 'upstream like "local"', 'upstream like "l*"',
    "input_price > $1", "up", "latency < 1s", 'model like "gpt-4"', 'model like "gpt-*"', 'model like "*"',
    'user like "*"', 'user like ""', 'user like "**"', "total_tokens > 100", "always",
)  # fmt: skip
POLICY = """
upstream local { url "http://127.0.0.1:1/v1" }
model full { upstream local context 8k quality 55.5 supports [tools] tags [eu] input_price $2 }
model bare { upstream local }
"""
ROWS = [
    {"total_tokens": total, "max_tokens": bound, "temperature": heat, "model": model, "user": user}
    for total, bound, heat, model, user in product(
        (0, 8_000, 8_001), (None, 7_999, 8_000), (None, 55.5, 60), ("gpt-4", "gpt-4o", "a\nb"), (None, "", "x")
    )
]


@pytest.fixture(scope="module")
def program() -> Program:
    rules = "\n".join(f"when stream -> first of [full, bare] where {asked}" for asked in ASKED)
    file, _ = parse(Source("ground.route", f"{POLICY}{rules}\nelse full"))
    compiled, found = compile_policy([file], builtin())
    assert compiled is not None, found
    return compiled


def conditions(program: Program) -> list[Condition]:
    """What is asked of each candidate."""
    targets = [rule.target for rule in program.policy.rules if isinstance(rule.target, Ranked)]
    return [candidate.where for target in targets for candidate in target.candidates if candidate.where is not None]


def random_condition(rng: Random, parts: list[Condition], depth: int) -> Condition:
    kind = rng.randrange(4)
    if depth == 0 or kind == 0:
        return rng.choice([*parts, Constant(rng.random() < 0.5, span=SPAN)])
    if kind == 1:
        return Not(random_condition(rng, parts, depth - 1), span=SPAN)
    items = tuple(random_condition(rng, parts, depth - 1) for _ in range(rng.randrange(1, 4)))
    return And(items, span=SPAN) if kind == 2 else Or(items, span=SPAN)


def test_grounded_conditions_hold_for_the_same_requests(program: Program) -> None:
    rng, ground, parts = Random(0), Ground(program), conditions(program)
    assert len(parts) == 2 * (len(ASKED) - 1) + 2
    request, world = Request(endpoint="chat", model=None, messages=()), World(now=NOON)
    reads = [program.facts(request, world, row).ask for row in ROWS]
    for condition in [*parts, *(random_condition(rng, parts, 3) for _ in range(300))]:
        grounded = ground.condition(condition)
        for read in rng.sample(reads, 40):
            assert holds(grounded, read) is holds(condition, read), condition


def test_nothing_that_is_declared_is_asked(program: Program) -> None:
    ground = Ground(program)
    asked = list(each_once(map(ground.condition, conditions(program))))
    assert {predicate.fact.signal for predicate in asked if predicate.fact.model} == {"up", "latency"}
    assert not any(isinstance(predicate, CompareFacts) for predicate in asked)


def test_globs_without_a_choice_are_told_plainly(program: Program) -> None:
    ground, fact = Ground(program), next(p.fact for p in each_once(conditions(program)) if p.fact.signal == "user")
    forms = {glob: ground.condition(Like(fact, glob, span=SPAN)) for glob in ("a", "", "*", "**", "?", "a*")}
    kinds = {glob: type(form) for glob, form in forms.items()}
    assert kinds == {"a": Compare, "": Compare, "*": Given, "**": Given, "?": Like, "a*": Like}


def test_constants_leave_no_trace(program: Program) -> None:
    ground, yes, no = Ground(program), Constant(True, span=SPAN), Constant(False, span=SPAN)
    asked = Holds(Fact("stream", Type.BOOL), span=SPAN)
    assert ground.condition(And((yes, Or((no, no), span=SPAN)), span=SPAN)) == no
    assert ground.condition(Or((no, Not(no, span=SPAN)), span=SPAN)) == yes
    assert ground.condition(Or((asked, yes), span=SPAN)) == yes
    assert ground.condition(And((), span=SPAN)) == yes
    assert ground.condition(And((yes, Not(Not(asked, span=SPAN), span=SPAN)), span=SPAN)) == asked


def test_what_conditions_share_stays_shared(program: Program) -> None:
    ground, asked = Ground(program), Holds(Fact("stream", Type.BOOL), span=SPAN)
    shared = Or((asked, Not(asked, span=SPAN)), span=SPAN)
    first, second = (ground.condition(And((shared, asked), span=SPAN)) for _ in range(2))
    assert isinstance(first, And)
    assert isinstance(second, And)
    assert first.items[0] is second.items[0]
