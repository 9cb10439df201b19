"""Why a request goes where it goes: what the reference evaluator saw, rule by rule and predicate by predicate."""

from collections.abc import Mapping

from msgspec import Struct

from routedsl.base.types import Type, Value
from routedsl.engine.address import ToModel, ToRoute, Unknown
from routedsl.engine.candidates import Placed, number_types, placed
from routedsl.engine.chain import Chained, draw_for, explore_draw
from routedsl.engine.decision import Decision
from routedsl.engine.facts import NOTHING_PINNED, Facts
from routedsl.engine.plan import facts_of
from routedsl.engine.program import Program
from routedsl.engine.reference import holds, rules_with_conditions
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.language.policy import And, Condition, Constant, HandOver, Not, Or, Ranked, Rule, Target


class Seen(Struct, frozen=True, kw_only=True):
    """A predicate as it was evaluated: the condition as a person wrote it, the facts that it asked, what came out."""

    condition: Condition
    facts: Mapping[str, Value]
    result: bool


class Tried(Struct, frozen=True, kw_only=True):
    """A rule as it was tried, with its predicates in the order they were evaluated."""

    rule: Rule
    result: bool
    seen: tuple[Seen, ...]


class Considered(Struct, frozen=True, kw_only=True):
    """A candidate as `where` was asked for it; `result` is whether it was kept."""

    model: str
    result: bool
    seen: tuple[Seen, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """A decision and its reasons.

    `chained` tells how the chain came about, where there is one; `considered` its candidates as `where` was asked for
    them, `placed` all with their numbers, whose types are `number_types`. `draw` is what a split chose by, `explore`
    the draw of that option; `age` is how long ago the model answered that `sticky` put first, in microseconds. `parts`
    are the numbers that the value of a fact is made of, by its text, of those facts that tell.
    """

    asked: str | None
    decision: Decision
    tried: tuple[Tried, ...] = ()
    considered: tuple[Considered, ...] = ()
    chained: Chained | None = None
    placed: tuple[Placed, ...] = ()
    number_types: Mapping[str, Type] = {}
    draw: int | None = None
    explore: int | None = None
    age: int | None = None
    parts: Mapping[str, Mapping[str, float]] = {}


def explain(
    program: Program, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED
) -> Explanation:
    """Decide as `Program.decide` does, by the reference evaluator, and keep what was seen on the way."""
    match program.addresses.find(request.model):
        case ToModel(model=model):
            return Explanation(asked=request.model, decision=program.explicit(model, request.endpoint))
        case Unknown(message=message):
            return Explanation(asked=request.model, decision=program.unknown(message))
        case ToRoute(route=route):
            facts = program.facts(request, world, pinned)
            tried = _try_rules(program, route, facts)
            if not tried[-1].result:
                return Explanation(asked=request.model, decision=program.untaken(), tried=tried)
            rule = tried[-1].rule
            considered = _consider(rule.target, facts)
            chained = program.chain(rule, facts, request, world)
            asked = {one.model: [text for seen in one.seen for text in seen.facts] for one in considered}
            contest = program.contests.get(rule.number)
            return Explanation(
                asked=request.model,
                decision=program.conclude(rule, facts, chained),
                tried=tried,
                considered=considered,
                chained=chained,
                placed=() if contest is None or chained is None else placed(contest, chained, facts, asked),
                number_types=number_types(program.catalog),
                draw=draw_for(rule.target, facts) if isinstance(rule.target, Ranked) and rule.target.shares else None,
                explore=_explore(rule, chained, facts, request),
                age=_age(chained, world),
                parts=_parts(facts, pinned),
            )


def _explore(rule: Rule, chained: Chained | None, facts: Facts, request: Request) -> int | None:
    """The draw of `explore`, where another candidate could have gone first by it."""
    if not rule.options.explore or chained is None or chained.ahead == "sticky" or len(chained.ranking) < 2:
        return None
    return explore_draw(facts, request)


def _age(chained: Chained | None, world: World) -> int | None:
    if chained is None or chained.ahead != "sticky":
        return None
    first = chained.ranking[0]
    return world.sticky_age if first == world.sticky else world.sticky_before[first]


def _try_rules(program: Program, route: str, facts: Facts) -> tuple[Tried, ...]:
    tried: list[Tried] = []
    for rule, condition in rules_with_conditions(program.policy.routes[route].items):
        result, seen = _look(condition, facts)
        tried.append(Tried(rule=rule, result=result, seen=seen))
        if result:
            break
    last = tried[-1].rule.target
    return (*tried, *_try_rules(program, last.route, facts)) if isinstance(last, HandOver) else tuple(tried)


def _parts(facts: Facts, pinned: Mapping[str, Value]) -> dict[str, Mapping[str, float]]:
    told = {text: facts.parts(text) for text in facts.asked if text not in pinned}
    return {text: parts for text, parts in told.items() if parts}


def _consider(target: Target, facts: Facts) -> tuple[Considered, ...]:
    asked = target.candidates if isinstance(target, Ranked) else ()
    looks = [(candidate.model, *_look(candidate.where, facts)) for candidate in asked if candidate.where is not None]
    return tuple(Considered(model=model, result=result, seen=seen) for model, result, seen in looks)


def _look(condition: Condition, facts: Facts) -> tuple[bool, tuple[Seen, ...]]:
    """Whether a condition holds, and each predicate that was evaluated for it, as a person wrote it.

    A range is two comparisons and `!=` a `not`: parts that stand at one place of the text are seen as one.
    """
    seen: list[Seen] = []

    def watch(part: Condition, result: bool) -> None:  # noqa: FBT001 - a watch takes the result
        asked: dict[str, Value] = {}
        while seen and isinstance(part, And | Or | Not) and seen[-1].condition.span == part.span:
            asked = {**seen.pop().facts, **asked}
        if asked or not isinstance(part, And | Or | Not | Constant):
            asked |= {fact.text: facts.values[fact.text] for fact in facts_of(part) if fact.text in facts.asked}
            seen.append(Seen(condition=part, facts=asked, result=result))

    return holds(condition, facts.read, watch), tuple(seen)
