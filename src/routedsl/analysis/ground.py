"""Conditions with all that is known before any request put in: declared facts decided, forms made uniform."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from routedsl.analysis.predicates import test_of
from routedsl.base.types import Value
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import (
    And,
    Compare,
    CompareFacts,
    Condition,
    Constant,
    Fact,
    Given,
    Like,
    Not,
    Op,
    Or,
    Predicate,
)

_FLIPPED: Mapping[Op, Op] = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ}
_NOBODY = Request(endpoint="chat", model=None, messages=())
_NEVER = World(now=datetime(1970, 1, 1, tzinfo=UTC))


class Ground:
    """Puts into conditions what a program's declarations say. What conditions share stays shared."""

    def __init__(self, program: Program) -> None:
        """Ask declared facts of no request at all: they do not depend on it."""
        self._facts = program.facts(_NOBODY, _NEVER)
        self._catalog = program.catalog
        self._known: dict[int, tuple[Condition, Condition]] = {}

    def condition(self, condition: Condition) -> Condition:
        """The condition over facts that a request or the world decides, constants folded."""
        known = self._known.get(id(condition))
        if known is None:
            # The condition is kept beside its meaning, so that no other gets its id.
            known = self._known[id(condition)] = (condition, self._worked_out(condition))
        return known[1]

    def _worked_out(self, condition: Condition) -> Condition:
        match condition:
            case And(items=items) | Or(items=items):
                return _joined(condition, [self.condition(item) for item in items])
            case Not(item=item):
                return _opposite(condition, self.condition(item))
            case Constant():
                return condition
            case _:
                return self._predicate(condition)

    def _predicate(self, predicate: Predicate) -> Condition:
        match predicate:
            case CompareFacts(fact=fact, op=op, other=other):
                value = self._declared(fact)
                if not isinstance(value, int | float):
                    return Constant(False, span=predicate.span)
                return Compare(other, _FLIPPED[op], value, span=predicate.span)
            case _ if self._is_declared(predicate.fact):
                value = self._declared(predicate.fact)
                return Constant(value is not None and test_of(predicate)(value), span=predicate.span)
            case Like(fact=fact, pattern=pattern) if "*" not in pattern and "?" not in pattern:
                return Compare(fact, Op.EQ, pattern, span=predicate.span)
            case Like(fact=fact, pattern=pattern) if not pattern.strip("*"):
                return Given(fact, span=predicate.span)
            case _:
                return predicate

    def _is_declared(self, fact: Fact) -> bool:
        return fact.model is not None and self._catalog.model_facts[fact.signal].declared

    def _declared(self, fact: Fact) -> Value:
        return self._facts.ask(fact.text)


def _joined(whole: And | Or, items: Sequence[Condition]) -> Condition:
    """The items joined, without those that do not matter; one constant where it settles all."""
    settling = isinstance(whole, Or)
    if any(isinstance(item, Constant) and item.value is settling for item in items):
        return Constant(settling, span=whole.span)
    left = tuple(item for item in items if not isinstance(item, Constant))
    if not left:
        return Constant(not settling, span=whole.span)
    return left[0] if len(left) == 1 else type(whole)(left, span=whole.span)


def _opposite(whole: Not, item: Condition) -> Condition:
    match item:
        case Constant(value=value):
            return Constant(not value, span=whole.span)
        case Not(item=inner):
            return inner
        case _:
            return Not(item, span=whole.span)
