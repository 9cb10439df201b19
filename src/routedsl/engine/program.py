"""A policy ready to decide: the checked policy, its plan, and the functions made from it."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from routedsl.base.types import Type, Value
from routedsl.engine.address import AddressBook, ToModel, ToRoute, Unknown, address_book
from routedsl.engine.catalog import Catalog
from routedsl.engine.chain import Chained, Contest, chain_of
from routedsl.engine.code import NO_RULE, Select, compiled, selectors
from routedsl.engine.decision import EXPLICIT, Action, Decision
from routedsl.engine.facts import NOTHING_PINNED, Facts, Readings, readings
from routedsl.engine.fleet import Fleet, fleet_of
from routedsl.engine.plan import Plan, lower, named_facts
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import Options, Policy, Ranked, Reject, Rule


class Refusal(NamedTuple):
    """What a client is told who gets no model."""

    status: int
    code: str
    message: str


class Program(Struct, frozen=True):
    """What one policy text means, as functions of a request and a world. Made by `program_of`.

    `sticky` says that some rule wants to know which models answered the conversation before.
    """

    policy: Policy
    plan: Plan
    catalog: Catalog
    readings: Readings
    types: Mapping[str, Type]
    fleet: Fleet
    addresses: AddressBook
    selectors: Mapping[str, Select]
    contests: Mapping[int, Contest]
    sticky: bool

    def facts(self, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED) -> Facts:
        """The facts of a request, none read yet."""
        return Facts(self.readings, request, world, pinned)

    def decide(self, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED) -> Decision:
        """The decision on a request; `pinned` facts are taken as given. It never fails."""
        return self.decide_on(self.facts(request, world, pinned), request, world)

    def decide_on(self, facts: Facts, request: Request, world: World) -> Decision:
        """The same on facts of the caller's, which then tell what was read, in passing too."""
        match self.addresses.find(request.model):
            case ToRoute(route=route):
                number = self.selectors[route](facts.values, facts.read)
                if number == NO_RULE:
                    return self.untaken()
                rule = self.policy.rules[number]
                return self.conclude(rule, facts, self.chain(rule, facts, request, world))
            case ToModel(model=model):
                return self.explicit(model, request.endpoint)
            case Unknown(message=message):
                return self.unknown(message)

    def chain(self, rule: Rule, facts: Facts, request: Request, world: World) -> Chained | None:
        """The chain of the deciding rule; None where it rejects."""
        contest = self.contests.get(rule.number)
        if contest is None:
            return None
        return chain_of(contest, rule.options, facts, request, world, self.fleet)

    def conclude(self, rule: Rule, facts: Facts, chained: Chained | None) -> Decision:
        """The decision by a rule and its chain."""
        refusal = _refusal(rule, chained)
        return Decision(
            action=Action.REJECT if refusal else Action.FORWARD,
            route=rule.route,
            rule=rule.name,
            at=rule.at,
            chain=chained.chain if chained else (),
            options=rule.options,
            policy=self.policy.digest,
            ahead=chained.ahead if chained else None,
            facts=facts.asked,
            types=self.types,
            status=refusal.status if refusal else None,
            code=refusal.code if refusal else None,
            message=refusal.message if refusal else None,
        )

    def untaken(self) -> Decision:
        """The refusal of a request that no rule takes.

        A policy with such a gap does not load; only a signal of an extension that fails can open one.
        """
        message = "no rule takes the request: one of its facts could not be read"
        return self._refused(Refusal(500, "internal_error", message))

    def explicit(self, model: str, endpoint: str) -> Decision:
        """The decision that keeps the client's choice; a refusal where the model is not asked at this endpoint."""
        if not self.fleet.serves(model, endpoint):
            message = f"`{model}` {self.fleet.elsewhere(model)}, and nothing is translated"
            return self._refused(Refusal(400, "invalid_request", message), EXPLICIT)
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
        return self._refused(Refusal(404, "model_not_found", message))

    def _refused(self, refusal: Refusal, rule: str | None = None) -> Decision:
        return Decision(
            action=Action.REJECT,
            route=None,
            rule=rule,
            at=None,
            chain=(),
            options=Options(),
            policy=self.policy.digest,
            status=refusal.status,
            code=refusal.code,
            message=refusal.message,
        )


def _refusal(rule: Rule, chained: Chained | None) -> Refusal | None:
    """What is said where the rule rejects, or where its whole chain speaks another dialect."""
    if isinstance(rule.target, Reject):
        return Refusal(rule.target.status, "rejected_by_policy", rule.target.message)
    if chained is None or chained.chain or not chained.unfit:
        return None
    where = ", ".join(f"`{name}` {reason}" for name, reason in chained.unfit.items())
    return Refusal(503, "all_models_unavailable", f"no model of `{rule.name}` speaks this endpoint's dialect: {where}")


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
        fleet=fleet_of(policy, catalog),
        addresses=address_book(policy),
        selectors=selectors(plan),
        contests={
            rule.number: _contest(rule.target, rule.name, catalog)
            for rule in policy.rules
            if isinstance(rule.target, Ranked)
        },
        sticky=any(rule.options.sticky is not None for rule in policy.rules),
    )


def _contest(target: Ranked, rule: str, catalog: Catalog) -> Contest:
    tests = tuple(None if c.where is None else compiled(c.where) for c in target.candidates)
    return Contest(target, catalog.strategies[target.strategy], tests, rule)
