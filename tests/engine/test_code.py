"""The generated code against the reference evaluator: the same rule, and the same facts asked, in order."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, cast

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from routedsl.base.types import Value
from routedsl.engine.code import NO_RULE, Select, compiled, module_of, selectors
from routedsl.engine.plan import facts_of, lower, named_facts
from routedsl.engine.reference import holds, rules_with_conditions, select
from routedsl.language.policy import (
    And,
    Compare,
    CompareFacts,
    Condition,
    Constant,
    Contains,
    Given,
    HandOver,
    Holds,
    InSet,
    Like,
    Matches,
    Not,
    Op,
    Or,
    Policy,
    Reject,
    Rule,
)
from tests.policies import blocks_before, depth_of, random_condition, random_facts, random_policy

Outcome = tuple[int, list[str]]
"""The number of the rule that decides, and the facts asked, in order, each once."""


def by_reference(policy: Policy, given: Mapping[str, Value]) -> Outcome:
    asked: dict[str, Value] = {}

    def read(text: str) -> Value:
        return asked.setdefault(text, given[text])

    rule = select(policy, "auto", read)
    return NO_RULE if rule is None else rule.number, list(asked)


def by_code(function: Select, given: Mapping[str, Value]) -> Outcome:
    """As a request finds it: nothing is read at first, and what was read is known."""
    asked: dict[str, Value] = {}
    values: dict[str, Value] = dict.fromkeys(given)

    def read(text: str) -> Value:
        asked[text] = values[text] = given[text]
        return given[text]

    return function(values, read), list(asked)


def disagreements(seeds: range, requests: int, generate: Callable[[Policy], Select]) -> Iterator[str]:
    """Each request of each seed's policy that the two decide differently."""
    for seed in seeds:
        rng = Random(seed)
        policy = random_policy(rng)
        function, named = generate(policy), named_facts(policy).values()
        for _ in range(requests):
            facts = random_facts(rng, named)
            wanted, found = by_reference(policy, facts), outcome_of(function, facts)
            if wanted != found:
                yield f"seed {seed}, {facts}: {wanted} by the reference, {found} by the code"


def outcome_of(function: Select, given: Mapping[str, Value]) -> Outcome | Exception:
    try:
        return by_code(function, given)
    except Exception as error:  # noqa: BLE001 - broken code fails in any way
        return error


def as_generated(policy: Policy) -> Select:
    return selectors(lower(policy))["auto"]


@given(st.randoms(use_true_random=False))
def test_code_and_reference_agree(rng: Random) -> None:
    policy = random_policy(rng)
    function, named = as_generated(policy), named_facts(policy).values()
    for _ in range(2):
        facts = random_facts(rng, named)
        number, asked = by_reference(policy, facts)
        event("no rule" if number == NO_RULE else "a rule")
        assert by_code(function, facts) == (number, asked)
        assert function(dict(facts), lambda text: None) == number, "facts that were read beforehand decide alike"


def test_code_and_reference_agree_on_many(record_property: Callable[[str, object], None]) -> None:
    profile = settings.get_profile(settings.get_current_profile_name())
    policies, requests = 3 * profile.max_examples, 20
    assert next(disagreements(range(policies), requests, as_generated), None) is None
    record_property("measured", f"{policies:,} policies, {requests} requests each")


@given(st.randoms(use_true_random=False))
def test_a_where_condition_holds_alike(rng: Random) -> None:
    condition = random_condition(rng, depth=3)
    facts = random_facts(rng, facts_of(condition))
    found = compiled(condition)(dict.fromkeys(facts), facts.__getitem__)
    assert bool(found) is holds(condition, facts.__getitem__)


# ── whether the policies and facts above reach every kind of case ───────────────────────────────

PREDICATES = (Compare, CompareFacts, InSet, Contains, Matches, Like, Given, Holds)
EVERY_KIND = {
    *(f"{kind.__name__} is {result}" for kind in (*PREDICATES, Constant, And, Or, Not) for result in (True, False)),
    *(f"{kind.__name__} of a missing fact" for kind in PREDICATES),
    *(f"{place} the limit of {op}" for op in Op for place in ("at", "one below", "one above")),
    *("or by a later part", "and falls by a later part", "not of a missing fact"),
    *("decided in a block", "decided two blocks deep", "decided behind a block that was entered"),
    *("decided by another route", "decided by a rejection", "decided by nobody"),
}


def kinds_of(policy: Policy, given: Mapping[str, Value]) -> Iterator[str]:
    """What kinds of case one decision goes through, as the reference sees it."""
    kinds: list[str] = []
    read = given.__getitem__

    def watch(condition: Condition, result: bool) -> None:
        kinds.append(f"{type(condition).__name__} is {result}")
        kinds.extend(parts_of(condition, result, given))

    for rule, condition in rules_with_conditions(policy.routes["auto"].items):
        if holds(condition, read, watch):
            yield from places_of(policy, rule, given)
            break
    else:
        yield "decided by nobody"
    yield from kinds


def parts_of(condition: Condition, result: bool, given: Mapping[str, Value]) -> Iterator[str]:
    match condition:
        case Not(item=item) if isinstance(item, PREDICATES) and given[item.fact.text] is None:
            yield "not of a missing fact"
        case Or(items=[first, *_]) if result and not holds(first, given.__getitem__):
            yield "or by a later part"
        case And(items=[first, *_]) if not result and holds(first, given.__getitem__):
            yield "and falls by a later part"
        case _ if isinstance(condition, PREDICATES) and given[condition.fact.text] is None:
            yield f"{type(condition).__name__} of a missing fact"
        case Compare(fact=fact, op=op, value=int() as limit):
            away = {0: "at", -1: "one below", 1: "one above"}
            value = given[fact.text]
            if isinstance(value, int) and value - limit in away:
                yield f"{away[value - limit]} the limit of {op}"
        case _:
            return


def places_of(policy: Policy, rule: Rule, given: Mapping[str, Value]) -> Iterator[str]:
    depth = depth_of(policy.routes["auto"].items, rule)
    if depth:
        yield "decided in a block"
    if depth == 2:
        yield "decided two blocks deep"
    if any(holds(block.condition, given.__getitem__) for block in blocks_before(policy.routes["auto"].items, rule)):
        yield "decided behind a block that was entered"
    if isinstance(rule.target, HandOver):
        yield "decided by another route"
    if isinstance(rule.target, Reject):
        yield "decided by a rejection"


def test_every_kind_of_case_is_reached_often() -> None:
    counted: Counter[str] = Counter()
    for seed in range(500):
        rng = Random(seed)
        policy = random_policy(rng)
        named = named_facts(policy).values()
        for _ in range(5):
            counted.update(set(kinds_of(policy, random_facts(rng, named))))
    rare = {kind: counted[kind] for kind in EVERY_KIND if counted[kind] < 10}
    assert rare == {}


# ── whether the comparison sees what is broken ──────────────────────────────────────────────────


Change = Callable[[ast.AST], ast.AST]
"""What becomes of one node of the generated code."""


class Everywhere(ast.NodeTransformer):
    """Makes a change at every node, inner ones first."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def visit(self, node: ast.AST) -> ast.AST:
        return self.change(self.generic_visit(node))


def instead_of(old: type[ast.AST], new: type[ast.AST]) -> Change:
    return lambda node: new() if isinstance(node, old) else node


def is_guard(node: ast.AST) -> bool:
    """Whether this asks if a fact is given."""
    match node:
        case ast.BoolOp(op=ast.Or(), values=[ast.Compare(ops=[ast.IsNot()]), *_]):
            return True
        case _:
            return False


def connects_conditions(node: ast.AST) -> bool:
    return isinstance(node, ast.BoolOp) and not is_guard(node) and not is_guard(node.values[0])


def without_not(node: ast.AST) -> ast.AST:
    return node.operand if isinstance(node, ast.UnaryOp) else node


def without_reading(node: ast.AST) -> ast.AST:
    return node.values[0] if isinstance(node, ast.BoolOp) and is_guard(node) else node


def without_guard(node: ast.AST) -> ast.AST:
    """A missing fact passes for given."""
    return ast.BoolOp(ast.Or(), [node, ast.Constant(True)]) if is_guard(node) else node  # type: ignore[list-item]  # an expression


def backwards(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.BoolOp) and connects_conditions(node):
        node.values.reverse()
    return node


def without_the_last_part(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.BoolOp) and connects_conditions(node):
        node.values[1:] = node.values[1:-1] or [node.values[0]]
    return node


def without_falling_through(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.If):
        node.body.append(ast.Return(ast.Constant(NO_RULE)))
    return node


def with_rules_swapped(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.FunctionDef):
        node.body[:-1] = reversed(node.body[:-1])
    return node


def without_handing_over(node: ast.AST) -> ast.AST:
    return (
        ast.Return(ast.Constant(NO_RULE)) if isinstance(node, ast.Return) and isinstance(node.value, ast.Call) else node
    )


def broken_by(change: Change) -> Callable[[Policy], Select]:
    """What `selectors` makes, from a module that is changed on the way."""

    def generated(policy: Policy) -> Select:
        module, matchers = module_of(lower(policy))
        changed = ast.fix_missing_locations(Everywhere(change).visit(module))
        scope: dict[str, Any] = {"__builtins__": {}, **matchers}
        exec(compile(changed, "<broken>", "exec"), scope)  # type: ignore[call-overload]  # still a module
        return cast("Select", scope["route_0"])

    return generated


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(instead_of(ast.Lt, ast.LtE), id="< takes its limit"),
        pytest.param(instead_of(ast.LtE, ast.Lt), id="<= leaves its limit out"),
        pytest.param(instead_of(ast.Gt, ast.GtE), id="> takes its limit"),
        pytest.param(instead_of(ast.GtE, ast.Gt), id=">= leaves its limit out"),
        pytest.param(instead_of(ast.Eq, ast.LtE), id="== is <="),
        pytest.param(instead_of(ast.In, ast.NotIn), id="in is not in"),
        pytest.param(instead_of(ast.IsNot, ast.Is), id="given is missing"),
        pytest.param(instead_of(ast.And, ast.Or), id="and is or"),
        pytest.param(instead_of(ast.Or, ast.And), id="or is and"),
        *(
            pytest.param(change, id=change.__name__.replace("_", " "))
            for change in (
                without_not,
                without_reading,
                without_guard,
                backwards,
                without_the_last_part,
                without_falling_through,
                with_rules_swapped,
                without_handing_over,
            )
        ),
    ],
)
def test_what_is_broken_is_seen(change: Change) -> None:
    assert next(disagreements(range(100), 25, broken_by(change)), None) is not None


def test_nothing_is_seen_where_nothing_is_broken() -> None:
    assert next(disagreements(range(20), 25, broken_by(lambda node: node)), None) is None
