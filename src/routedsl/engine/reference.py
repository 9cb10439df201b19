"""The obvious evaluator: it walks the rules in order and the conditions from left to right.

It is slow and easy to believe, and stays for ever: the generated code is tested against it, and what
`explain` shows is what it saw.
"""

from collections.abc import Callable, Iterator, Sequence

from routedsl.base.types import Value
from routedsl.engine.facts import Read
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

Watch = Callable[[Condition, bool], None]
"""Told of each condition that is evaluated, its parts before the whole, and of what came out."""


def _unwatched(_condition: Condition, _result: bool) -> None:  # noqa: FBT001 - a watch takes the result
    return


def holds(condition: Condition, read: Read, watch: Watch = _unwatched) -> bool:
    """Whether a condition holds; `and` and `or` stop as soon as they know."""
    match condition:
        case Constant(value=result):
            pass
        case And(items=items):
            result = all(holds(item, read, watch) for item in items)
        case Or(items=items):
            result = any(holds(item, read, watch) for item in items)
        case Not(item=item):
            result = not holds(item, read, watch)
        case _:
            result = _predicate_holds(condition, read)
    watch(condition, result)
    return result


def _predicate_holds(predicate: Predicate, read: Read) -> bool:
    value = read(predicate.fact.text)
    if value is None:
        return False
    match predicate:
        case Compare(op=op, value=constant):
            return _compares(value, op, constant)
        case CompareFacts(op=op, other=other):
            right = read(other.text)
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


def select(policy: Policy, route: str, read: Read) -> Rule | None:
    """The rule that decides in a route, other routes handed over to included; None where none takes the request."""
    for rule, condition in rules_with_conditions(policy.routes[route].items):
        if holds(condition, read):
            if isinstance(rule.target, HandOver):
                return select(policy, rule.target.route, read)
            return rule
    return None
