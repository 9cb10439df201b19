"""The compiled shape of a policy: for each route a tree of branches and leaves, folded and pruned.

A route's steps are tried in order. A branch whose condition holds goes into its own steps, and where none
of these decides, the steps behind the branch go on: exactly the meaning of nested `when`.

Folding keeps what is asked: a fact that the conditions as written ask before they are settled is asked
by the plan too, in the same order. So a decision shows the same facts whoever evaluates it.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from routedsl.language.policy import (
    And,
    Block,
    CompareFacts,
    Condition,
    Constant,
    Fact,
    HandOver,
    Not,
    Or,
    Policy,
    Ranked,
    Rule,
)


class Leaf(Struct, frozen=True):
    """A rule decides; where `route` is set, its target hands over to that route."""

    rule: int
    route: str | None = None


class Branch(Struct, frozen=True):
    """Steps that are only tried where a condition holds."""

    condition: Condition
    steps: tuple["Step", ...]


Step = Leaf | Branch


class Plan(Struct, frozen=True):
    """The steps of each route by name."""

    routes: Mapping[str, tuple[Step, ...]]


def lower(policy: Policy) -> Plan:
    """The plan of a checked policy."""
    return Plan({name: _steps(route.items) for name, route in policy.routes.items()})


def _steps(items: Sequence[Rule | Block]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for item in items:
        condition = fold(item.condition)
        inner = _steps(item.items) if isinstance(item, Block) else (_leaf(item),)
        if condition == Constant(True, span=condition.span):
            steps += inner
        elif not isinstance(condition, Constant):
            steps.append(Branch(condition, inner))
        if steps and isinstance(steps[-1], Leaf):
            break  # what follows a leaf is never reached
    return tuple(steps)


def _leaf(rule: Rule) -> Leaf:
    return Leaf(rule.number, rule.target.route if isinstance(rule.target, HandOver) else None)


def fold(condition: Condition) -> Condition:
    """The condition without neutral constants, double negations, and what stands behind a settling constant."""
    match condition:
        case Not(item=item):
            return _fold_not(fold(item), condition)
        case And():
            return _fold_items(condition, And, settling=False)
        case Or():
            return _fold_items(condition, Or, settling=True)
        case _:
            return condition


def _fold_not(item: Condition, whole: Not) -> Condition:
    match item:
        case Constant(value=value):
            return Constant(not value, span=whole.span)
        case Not(item=inner):
            return inner
        case _:
            return Not(item, span=whole.span)


def _fold_items(whole: And | Or, kind: type[And] | type[Or], *, settling: bool) -> Condition:
    items: list[Condition] = []
    for item in map(fold, whole.items):
        if isinstance(item, kind):
            items += item.items
        elif not isinstance(item, Constant) or item.value is settling:
            items.append(item)
        if items and isinstance(items[-1], Constant):
            break  # whatever follows is not asked
    if not items:
        return Constant(not settling, span=whole.span)
    return items[0] if len(items) == 1 else kind(tuple(items), span=whole.span)


def facts_of(condition: Condition) -> Iterator[Fact]:
    """Every fact that a condition names, in the order of the text."""
    match condition:
        case And(items=items) | Or(items=items):
            for item in items:
                yield from facts_of(item)
        case Not(item=item):
            yield from facts_of(item)
        case Constant():
            return
        case _:
            yield condition.fact
            if isinstance(condition, CompareFacts):
                yield condition.other


def named_facts(policy: Policy) -> dict[str, Fact]:
    """Every fact that the policy names, by its canonical text."""
    asked = [fact for route in policy.routes.values() for fact in _facts_in(route.items)]
    promised = [fact for promise in policy.asserts for fact in facts_of(promise.condition)]
    return {fact.text: fact for fact in (*asked, *promised)}


def _facts_in(items: Sequence[Rule | Block]) -> Iterator[Fact]:
    for item in items:
        yield from facts_of(item.condition)
        if isinstance(item, Block):
            yield from _facts_in(item.items)
        elif isinstance(item.target, Ranked):
            yield from _target_facts(item.target)


def _target_facts(target: Ranked) -> Iterator[Fact]:
    if target.by is not None:
        yield target.by
    for candidate in target.candidates:
        if candidate.where is not None:
            yield from facts_of(candidate.where)
