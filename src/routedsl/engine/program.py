"""A policy ready to decide: the checked policy, its plan, and the functions made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from routedsl.base.types import Type, Value
from routedsl.engine.address import AddressBook, ToModel, ToRoute, Unknown, address_book
from routedsl.engine.catalog import Catalog
from routedsl.engine.chain import Contest, chain_of
from routedsl.engine.code import NO_RULE, Select, selectors, test_of
from routedsl.engine.decision import EXPLICIT, Action, Decision
from routedsl.engine.facts import NOTHING_PINNED, Facts, Readings
from routedsl.engine.plan import Plan, lower, named_facts
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import Options, Policy, Ranked, Reject


@dataclass(frozen=True, slots=True)
class Program:
    """What one policy text means, as functions of a request and a world. Made by `program_of`."""

    policy: Policy
    plan: Plan
    catalog: Catalog
    readings: Readings
    types: Mapping[str, Type]
    addresses: AddressBook
    selectors: Mapping[str, Select]
    contests: Mapping[int, Contest]

    def facts(self, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED) -> Facts:
        """The facts of a request, none read yet."""
        return Facts(self.readings, request, world, pinned)

    def decide(self, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED) -> Decision:
        """The decision on a request; `pinned` facts are taken as given. It never fails."""
        match self.addresses.find(request.model):
            case ToRoute(route=route):
                facts = self.facts(request, world, pinned)
                return self.conclude(self.selectors[route](facts), facts, request, world)
            case ToModel(model=model):
                return self.explicit(model)
            case Unknown(message=message):
                return self.unknown(message)

    def conclude(self, number: int, facts: Facts, request: Request, world: World) -> Decision:
        """The decision of a rule by its number."""
        if number == NO_RULE:
            raise AssertionError("a checked route takes every request")
        rule = self.policy.rules[number]
        decision = Decision(
            action=Action.FORWARD,
            route=rule.route,
            rule=rule.name,
            at=rule.at,
            chain=(),
            options=rule.options,
            policy=self.policy.digest,
            facts=facts,
            types=self.types,
        )
        match rule.target:
            case Reject(status=status, message=message):
                return replace(
                    decision, action=Action.REJECT, status=status, code="rejected_by_policy", message=message
                )
            case _:
                chained = chain_of(self.contests[number], rule, facts, request, world, self.policy.models)
                return replace(decision, chain=chained.chain)

    def explicit(self, model: str) -> Decision:
        """The decision that keeps the client's choice."""
        return Decision(
            action=Action.FORWARD,
            route=None,
            rule=EXPLICIT,
            at=None,
            chain=(model,),
            options=self.policy.defaults,
            policy=self.policy.digest,
        )

    def unknown(self, message: str) -> Decision:
        """The refusal of a model that nobody declared."""
        return Decision(
            action=Action.REJECT,
            route=None,
            rule=None,
            at=None,
            chain=(),
            options=Options(),
            policy=self.policy.digest,
            status=404,
            code="model_not_found",
            message=message,
        )


def program_of(policy: Policy, catalog: Catalog) -> Program:
    """Lower a checked policy and make its functions."""
    named = named_facts(policy)
    plan = lower(policy)
    return Program(
        policy=policy,
        plan=plan,
        catalog=catalog,
        readings=Readings(catalog, policy.models, policy.timezone, named),
        types={text: fact.type for text, fact in named.items()},
        addresses=address_book(policy),
        selectors=selectors(plan),
        contests={
            rule.number: _contest(rule.target, catalog) for rule in policy.rules if isinstance(rule.target, Ranked)
        },
    )


def _contest(target: Ranked, catalog: Catalog) -> Contest:
    tests = tuple(None if c.where is None else test_of(c.where) for c in target.candidates)
    return Contest(target, catalog.strategies[target.strategy], tests)
