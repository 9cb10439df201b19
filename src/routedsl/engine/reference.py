"""The obvious evaluator: it walks the rules in order and the conditions from left to right.

It is slow and easy to believe, and stays for ever: the generated code is tested against it, and what
`explain` shows is what it saw.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from routedsl.base.types import Value
from routedsl.engine.matching import matcher
from routedsl.language.policy import (
    And,
    Block,
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
    Predicate,
    Rule,
)

Watch = Callable[[Predicate, bool], None]
"""Told of each predicate that is evaluated, and of what came out."""


def _unwatched(_predicate: Predicate, _result: bool) -> None:  # noqa: FBT001 - a watch takes the result
    return


def holds(condition: Condition, facts: Mapping[str, Value], watch: Watch = _unwatched) -> bool:
    """Whether a condition holds; `and` and `or` stop as soon as they know."""
    match condition:
        case Constant(value=value):
            return value
        case And(items=items):
            return all(holds(item, facts, watch) for item in items)
        case Or(items=items):
            return any(holds(item, facts, watch) for item in items)
        case Not(item=item):
            return not holds(item, facts, watch)
        case _:
            result = _predicate_holds(condition, facts)
            watch(condition, result)
            return result


def _predicate_holds(predicate: Predicate, facts: Mapping[str, Value]) -> bool:
    value = facts[predicate.fact.text]
    if value is None:
        return False
    match predicate:
        case Compare(op=op, value=constant):
            return _compares(value, op, constant)
        case CompareFacts(op=op, other=other):
            right = facts[other.text]
            return right is not None and _compares(value, op, right)
        case InSet(values=values):
            return value in values
        case Contains() | Matches() | Like():
            return matcher(predicate)(value)
        case Given():
            return True
        case Holds():
            return value is True


def _compares(left: Value, op: Op, right: Value) -> bool:
    match op:
        case Op.EQ:
            return left == right
        case Op.LT:
            return left < right  # type: ignore[operator]  # the checker compares ordered values of one type
        case Op.LE:
            return left <= right  # type: ignore[operator]  # as above
        case Op.GT:
            return left > right  # type: ignore[operator]  # as above
        case Op.GE:
            return left >= right  # type: ignore[operator]  # as above


def rules_with_conditions(
    items: Sequence[Rule | Block], outer: tuple[Condition, ...] = ()
) -> Iterator[tuple[Rule, Condition]]:
    """The rules of a route in the order of the text, each with all that stands before its target."""
    for item in items:
        conditions = (*outer, item.condition)
        if isinstance(item, Block):
            yield from rules_with_conditions(item.items, conditions)
        else:
            yield item, And(conditions, span=item.span)


def select(policy: Policy, route: str, facts: Mapping[str, Value]) -> Rule | None:
    """The rule that decides in a route, other routes handed over to included; None where none takes the request."""
    for rule, condition in rules_with_conditions(policy.routes[route].items):
        if holds(condition, facts):
            if isinstance(rule.target, HandOver):
                return select(policy, rule.target.route, facts)
            return rule
    return None
