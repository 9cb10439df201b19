"""A policy ready to decide: the checked policy, its plan, and the functions made from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from routedsl.base.types import Type, Value
from routedsl.engine.address import AddressBook, ToModel, ToRoute, Unknown, address_book
from routedsl.engine.catalog import Catalog
from routedsl.engine.chain import Chained, Contest, chain_of
from routedsl.engine.code import NO_RULE, Select, compiled, selectors
from routedsl.engine.decision import EXPLICIT, Action, Decision
from routedsl.engine.facts import NOTHING_PINNED, Facts, Readings, readings
from routedsl.engine.plan import Plan, lower, named_facts
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import Options, Policy, Ranked, Reject, Rule


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
                number = self.selectors[route](facts.values, facts.read)
                if number == NO_RULE:
                    return self.untaken()
                rule = self.policy.rules[number]
                return self.conclude(rule, facts, self.chain(rule, facts, request, world))
            case ToModel(model=model):
                return self.explicit(model)
            case Unknown(message=message):
                return self.unknown(message)

    def chain(self, rule: Rule, facts: Facts, request: Request, world: World) -> Chained | None:
        """The chain of the deciding rule; None where it rejects."""
        contest = self.contests.get(rule.number)
        if contest is None:
            return None
        return chain_of(contest, rule.options, facts, request, world, self.policy.models)

    def conclude(self, rule: Rule, facts: Facts, chained: Chained | None) -> Decision:
        """The decision by a rule and its chain."""
        refusal = rule.target if isinstance(rule.target, Reject) else None
        return Decision(
            action=Action.REJECT if refusal else Action.FORWARD,
            route=rule.route,
            rule=rule.name,
            at=rule.at,
            chain=chained.chain if chained else (),
            options=rule.options,
            policy=self.policy.digest,
            facts=facts.asked,
            types=self.types,
            status=refusal.status if refusal else None,
            code="rejected_by_policy" if refusal else None,
            message=refusal.message if refusal else None,
        )

    def untaken(self) -> Decision:
        """The refusal of a request that no rule takes.

        A policy with such a gap does not load; only a signal of an extension that fails can open one.
        """
        message = "no rule takes the request: one of its facts could not be read"
        return self._refusal(500, "internal_error", message)

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
        return self._refusal(404, "model_not_found", message)

    def _refusal(self, status: int, code: str, message: str) -> Decision:
        return Decision(
            action=Action.REJECT,
            route=None,
            rule=None,
            at=None,
            chain=(),
            options=Options(),
            policy=self.policy.digest,
            status=status,
            code=code,
            message=message,
        )


def program_of(policy: Policy, catalog: Catalog) -> Program:
    """Lower a checked policy and make its functions. Raises `PatternError`."""
    named = named_facts(policy)
    plan = lower(policy)
    return Program(
        policy=policy,
        plan=plan,
        catalog=catalog,
        readings=readings(catalog, policy.models, policy.timezone, named),
        types={text: fact.type for text, fact in named.items()},
        addresses=address_book(policy),
        selectors=selectors(plan),
        contests={
            rule.number: _contest(rule.target, catalog) for rule in policy.rules if isinstance(rule.target, Ranked)
        },
    )


def _contest(target: Ranked, catalog: Catalog) -> Contest:
    tests = tuple(None if c.where is None else compiled(c.where) for c in target.candidates)
    return Contest(target, catalog.strategies[target.strategy], tests)
