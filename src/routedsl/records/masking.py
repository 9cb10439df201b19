"""A policy that asks of texts by name: facts that records have, where only the text itself could tell more."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.engine.catalog import Catalog
from routedsl.language.policy import (
    And,
    Block,
    Candidate,
    Condition,
    Constant,
    Fact,
    Holds,
    Not,
    Or,
    Policy,
    Ranked,
    Rule,
)
from routedsl.records.predicates import atoms, draw_name, kept, name_of


def masked(policy: Policy, catalog: Catalog) -> Policy:
    """The policy with the answers' names in the place of what it asks of texts that are not kept."""
    return _Mask(catalog).policy(policy)


class _Mask:
    """Puts facts that records have in the place of what a policy asks of texts."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def policy(self, policy: Policy) -> Policy:
        rules = {rule.number: self._rule(rule) for rule in policy.rules}
        routes = {
            name: replace(route, items=tuple(self._items(route.items, rules))) for name, route in policy.routes.items()
        }
        return replace(policy, rules=tuple(rules.values()), routes=routes, asserts=())

    def _items(self, items: tuple[Rule | Block, ...], rules: Mapping[int, Rule]) -> Iterator[Rule | Block]:
        for item in items:
            if isinstance(item, Block):
                inner = tuple(self._items(item.items, rules))
                yield replace(item, condition=self._condition(item.condition), items=inner)
            else:
                yield rules[item.number]

    def _rule(self, rule: Rule) -> Rule:
        target = self._target(rule.target) if isinstance(rule.target, Ranked) else rule.target
        return replace(rule, condition=self._condition(rule.condition), target=target)

    def _target(self, target: Ranked) -> Ranked:
        by = target.by
        if by is not None and not kept(by, self._catalog):
            by = Fact(draw_name(by), Type.TEXT, optional=True)
        return replace(target, candidates=tuple(map(self._candidate, target.candidates)), by=by)

    def _candidate(self, candidate: Candidate) -> Candidate:
        return candidate if candidate.where is None else replace(candidate, where=self._condition(candidate.where))

    def _condition(self, condition: Condition) -> Condition:
        match condition:
            case Constant():
                return condition
            case And(items=items):
                return And(tuple(map(self._condition, items)), span=condition.span)
            case Or(items=items):
                return Or(tuple(map(self._condition, items)), span=condition.span)
            case Not(item=item):
                return Not(self._condition(item), span=condition.span)
            case _ if kept(condition.fact, self._catalog):
                return condition
            case _:
                asked = (Fact(name_of(atom), Type.BOOL, optional=True) for atom in atoms(condition))
                return Or(tuple(Holds(fact, span=condition.span) for fact in asked), span=condition.span)
