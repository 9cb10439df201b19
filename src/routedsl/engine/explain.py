"""Why a request goes where it goes: what the reference evaluator saw, rule by rule and predicate by predicate."""

from collections.abc import Mapping
from dataclasses import dataclass

from routedsl.base.types import Value
from routedsl.engine.address import ToModel, ToRoute, Unknown
from routedsl.engine.chain import Chained, chain_of
from routedsl.engine.decision import Decision
from routedsl.engine.facts import NOTHING_PINNED, Facts
from routedsl.engine.program import Program
from routedsl.engine.reference import holds, rules_with_conditions
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import CompareFacts, Condition, HandOver, Predicate, Ranked, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A predicate as it was evaluated: its text, the facts that it asked with their values, what came out."""

    text: str
    facts: Mapping[str, Value]
    result: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A rule as it was tried, with its predicates in the order they were evaluated."""

    rule: Rule
    result: bool
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision and its reasons. `chained` tells how the chain came about, where there is one."""

    asked: str | None
    decision: Decision
    tried: tuple[Tried, ...] = ()
    chained: Chained | None = None


def explain(
    program: Program, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED
) -> Explanation:
    """Decide as `Program.decide` does, by the reference evaluator, and keep what was seen on the way."""
    match program.addresses.find(request.model):
        case ToModel(model=model):
            return Explanation(asked=request.model, decision=program.explicit(model))
        case Unknown(message=message):
            return Explanation(asked=request.model, decision=program.unknown(message))
        case ToRoute(route=route):
            facts = program.facts(request, world, pinned)
            tried = _try_rules(program, route, facts)
            rule = tried[-1].rule
            decision = program.conclude(rule.number, facts, request, world)
            return Explanation(
                asked=request.model,
                decision=decision,
                tried=tried,
                chained=_chained(program, rule, facts, request, world),
            )


def _try_rules(program: Program, route: str, facts: Facts) -> tuple[Tried, ...]:
    tried: list[Tried] = []
    for rule, condition in rules_with_conditions(program.policy.routes[route].items):
        tried.append(_try_rule(rule, condition, facts))
        if tried[-1].result:
            break
    last = tried[-1].rule.target
    if isinstance(last, HandOver):
        tried += _try_rules(program, last.route, facts)
    return tuple(tried)


def _try_rule(rule: Rule, condition: Condition, facts: Facts) -> Tried:
    seen: list[Seen] = []

    def watch(predicate: Predicate, result: bool) -> None:  # noqa: FBT001 - a watch takes the result
        seen.append(_saw(predicate, result, facts))

    return Tried(rule=rule, result=holds(condition, facts, watch), seen=tuple(seen))


def _saw(predicate: Predicate, result: bool, facts: Facts) -> Seen:  # noqa: FBT001 - a watch takes the result
    asked = [predicate.fact, predicate.other] if isinstance(predicate, CompareFacts) else [predicate.fact]
    return Seen(text=predicate.span.text, facts={fact.text: facts[fact.text] for fact in asked}, result=result)


def _chained(program: Program, rule: Rule, facts: Facts, request: Request, world: World) -> Chained | None:
    if not isinstance(rule.target, Ranked):
        return None
    return chain_of(program.contests[rule.number], rule, facts, request, world, program.policy.models)
