"""A plan as one Python function per route, built from `ast` nodes.

Policy text never becomes code by text: names are made here, texts and numbers of the policy appear only as
constants, and the code sees no builtins. Walking the tree instead was measured four to five times slower.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from routedsl.base.types import Value
from routedsl.engine.matching import Matcher, matcher
from routedsl.engine.plan import Branch, Leaf, Plan, Step, fold
from routedsl.language.policy import (
    And,
    Compare,
    CompareFacts,
    Condition,
    Constant,
    Contains,
    Given,
    Holds,
    InSet,
    Like,
    Matches,
    Not,
    Op,
    Or,
)

Select = Callable[[Mapping[str, Value]], int]
"""From facts to the number of the rule that decides."""
Test = Callable[[Mapping[str, Value]], bool]
"""From facts to whether a condition holds."""

NO_RULE = -1
_OPS: Mapping[Op, ast.cmpop] = {
    Op.LT: ast.Lt(),
    Op.LE: ast.LtE(),
    Op.GT: ast.Gt(),
    Op.GE: ast.GtE(),
    Op.EQ: ast.Eq(),
}
_FACTS = "facts"


@dataclass(slots=True)
class _Scribe:
    """Writes expressions; keeps the matchers that they call and the number of names made."""

    matchers: dict[str, Matcher] = field(default_factory=dict)
    made: int = 0

    def expression(self, condition: Condition) -> ast.expr:
        """A condition as a Python expression."""
        match condition:
            case Constant(value=value):
                return ast.Constant(value)
            case And(items=items):
                return ast.BoolOp(ast.And(), [self.expression(item) for item in items])
            case Or(items=items):
                return ast.BoolOp(ast.Or(), [self.expression(item) for item in items])
            case Not(item=item):
                return ast.UnaryOp(ast.Not(), self.expression(item))
            case Compare():
                return self._compare(condition)
            case CompareFacts(fact=fact, op=op, other=other):
                left, right = self._keep(fact.text), self._keep(other.text)
                both = [_given(left), _given(right), _compared(_load(left), op, _load(right))]
                return ast.BoolOp(ast.And(), both)
            case InSet(fact=fact, values=values):
                return ast.Compare(_fact(fact.text), [ast.In()], [ast.Constant(frozenset(values))])  # type: ignore[arg-type]  # compile takes frozensets
            case Contains() | Matches() | Like():
                return self._call(condition)
            case Given(fact=fact):
                return _is_not_none(_fact(fact.text))
            case Holds(fact=fact):
                return _fact(fact.text)

    def _compare(self, predicate: Compare) -> ast.expr:
        constant = ast.Constant(predicate.value)
        fact = predicate.fact
        if predicate.op is Op.EQ or not fact.optional:
            return _compared(_fact(fact.text), predicate.op, constant)
        name = self._keep(fact.text)
        return ast.BoolOp(ast.And(), [_given(name), _compared(_load(name), predicate.op, constant)])

    def _keep(self, text: str) -> ast.NamedExpr:
        self.made += 1
        return ast.NamedExpr(ast.Name(f"v{self.made}", ast.Store()), _fact(text))

    def _call(self, predicate: Contains | Matches | Like) -> ast.expr:
        name = f"m{len(self.matchers)}"
        self.matchers[name] = matcher(predicate)
        return ast.Call(ast.Name(name, ast.Load()), [_fact(predicate.fact.text)], [])


def _fact(text: str) -> ast.expr:
    return ast.Subscript(ast.Name(_FACTS, ast.Load()), ast.Constant(text), ast.Load())


def _load(kept: ast.NamedExpr) -> ast.expr:
    return ast.Name(kept.target.id, ast.Load())


def _given(kept: ast.NamedExpr) -> ast.expr:
    return _is_not_none(kept)


def _is_not_none(value: ast.expr) -> ast.expr:
    return ast.Compare(value, [ast.IsNot()], [ast.Constant(None)])


def _compared(left: ast.expr, op: Op, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [_OPS[op]], [right])


def _statements(steps: Sequence[Step], names: Mapping[str, str], scribe: _Scribe) -> list[ast.stmt]:
    return [_statement(step, names, scribe) for step in steps]


def _statement(step: Step, names: Mapping[str, str], scribe: _Scribe) -> ast.stmt:
    match step:
        case Branch(condition=condition, steps=inner):
            return ast.If(scribe.expression(condition), _statements(inner, names, scribe), [])
        case Leaf(rule=rule, route=None):
            return ast.Return(ast.Constant(rule))
        case Leaf(route=route):
            function = ast.Name(names[str(route)], ast.Load())
            return ast.Return(ast.Call(function, [ast.Name(_FACTS, ast.Load())], []))


def _function(name: str, body: list[ast.stmt]) -> ast.FunctionDef:
    parameters = ast.arguments([], [ast.arg(_FACTS)], None, [], [], None, [])
    return ast.FunctionDef(name, parameters, body, [])


def module_of(plan: Plan) -> tuple[ast.Module, dict[str, Matcher]]:
    """The plan's functions as a module, one a route, and the matchers that they call by name."""
    names = _names(plan)
    scribe = _Scribe()
    functions = [
        _function(names[route], [*_statements(steps, names, scribe), ast.Return(ast.Constant(NO_RULE))])
        for route, steps in plan.routes.items()
    ]
    return ast.Module(list[ast.stmt](functions), []), scribe.matchers


def _names(plan: Plan) -> dict[str, str]:
    return {route: f"route_{index}" for index, route in enumerate(plan.routes)}


def selectors(plan: Plan) -> dict[str, Select]:
    """A function for each route, from facts to the number of the rule that decides (`NO_RULE` for none)."""
    module, matchers = module_of(plan)
    scope = _run(module, matchers)
    return {route: scope[name] for route, name in _names(plan).items()}


def test_of(condition: Condition) -> Test:
    """A function that tells whether a condition holds."""
    scribe = _Scribe()
    body: list[ast.stmt] = [ast.Return(scribe.expression(fold(condition)))]
    test = _run(ast.Module([_function("test", body)], []), scribe.matchers)["test"]
    return lambda facts: bool(test(facts))


def _run(module: ast.Module, matchers: Mapping[str, Matcher]) -> dict[str, Callable[[Mapping[str, Value]], int]]:
    code = compile(ast.fix_missing_locations(module), "<policy>", "exec")
    scope: dict[str, object] = {"__builtins__": {}, **matchers}
    exec(code, scope)  # noqa: S102 - built from nodes of a fixed list, no text of the policy among its names
    return scope  # type: ignore[return-value]  # asked for what the module defines alone
