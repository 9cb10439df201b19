"""Conditions with all that is known before any request put in: declared facts decided, forms made uniform."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from routedsl.analysis.space import test_of
from routedsl.base.types import Value
from routedsl.engine.plan import fold
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import And, Compare, CompareFacts, Condition, Constant, Fact, Like, Not, Op, Or

_FLIPPED: Mapping[Op, Op] = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ}
_NOBODY = Request(endpoint="chat", model=None, messages=())
_NEVER = World(now=datetime(1970, 1, 1, tzinfo=UTC))


class Ground:
    """Puts into conditions what a program's declarations say. Conditions that `let`s share are walked once."""

    def __init__(self, program: Program) -> None:
        """Ask declared facts of no request at all: they do not depend on it."""
        self._facts = program.facts(_NOBODY, _NEVER)
        self._catalog = program.catalog

    def condition(self, condition: Condition) -> Condition:
        """The condition over facts that a request or the world decides, constants folded."""
        return fold(self._ground(condition))

    def _ground(self, condition: Condition) -> Condition:
        match condition:
            case And(items=items) | Or(items=items):
                return replace(condition, items=tuple(self._ground(item) for item in items))
            case Not(item=item):
                return Not(self._ground(item), span=condition.span)
            case Constant():
                return condition
            case CompareFacts(fact=fact, op=op, other=other):
                value = self._declared(fact)
                if not isinstance(value, int | float):
                    return Constant(False, span=condition.span)
                return Compare(other, _FLIPPED[op], value, span=condition.span)
            case Like(fact=fact, pattern=pattern) if "*" not in pattern and "?" not in pattern:
                return Compare(fact, Op.EQ, pattern, span=condition.span)
            case _ if self._is_declared(condition.fact):
                value = self._declared(condition.fact)
                return Constant(value is not None and test_of(condition)(value), span=condition.span)
            case _:
                return condition

    def _is_declared(self, fact: Fact) -> bool:
        return fact.model is not None and self._catalog.model_facts[fact.signal].declared

    def _declared(self, fact: Fact) -> Value:
        return self._facts.ask(fact.text)
