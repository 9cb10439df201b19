"""What a rule decides, in a form that is equal wherever two rules decide the same."""

from collections.abc import Iterable, Sequence
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.ground import Ground
from routedsl.base.source import NOWHERE
from routedsl.engine.program import Program
from routedsl.language.policy import Condition, Constant, Options, Policy, Ranked, Reject, Rule, undeclared

TRUE = Constant(True, span=NOWHERE)
FALSE = Constant(False, span=NOWHERE)
SPLIT = "split"
ORDERING = frozenset({"first", "fastest", "cheapest", "best", "least_busy"})
"""The language's own strategies that leave nobody out; of an installed one nothing is known."""
Place = tuple[str, Condition]
"""A model in a list, and when it is there."""


class Aim(Struct, frozen=True):
    """What a rule decides, without names and forms that make no difference.

    Rules of equal `shape` decide the same wherever `wheres`, which say when each candidate is there,
    agree, and so do the limits of the models. `models` are all that may be in the chain.
    """

    shape: tuple[object, ...]
    wheres: tuple[Condition, ...] = ()
    models: tuple[str, ...] = ()


def aim_of(rule: Rule, program: Program, ground: Ground) -> Aim:
    """The aim of a rule that decides itself, which one that hands over to another route does not."""
    match rule.target:
        case Reject(status=status, message=message):
            return Aim((rule.route, "reject", status, message))
        case Ranked() as target:
            return _aim(rule, target, program.policy, ground)
        case _:
            raise TypeError("a rule that hands over has no aim of its own")


def _aim(rule: Rule, target: Ranked, policy: Policy, ground: Ground) -> Aim:
    shares, places = _kept(target, ground)
    strategy, ranked = _ordered(target, places, policy)
    later: list[Place] = [(name, TRUE) for name in _later(strategy, ranked, rule.options)]
    if strategy == "first":
        shares = ()
        if rule.options.sticky is None and not rule.options.explore:
            ranked, later = [], [*ranked, *later]  # no strategy, no session and no draw tells the two lists apart
    drawn = (shares, target.by) if shares else ()
    order = (strategy, target.order if strategy == target.strategy else None)
    prices = tuple(_prices(model, policy) for model, _ in ranked) if strategy == "cheapest" else ()
    return Aim(
        shape=(rule.route, order, _names(ranked), _names(later), drawn, prices, _without_lists(rule.options)),
        wheres=tuple(where for _, where in (*ranked, *later)),
        models=tuple(dict.fromkeys(_names((*ranked, *later)))),
    )


def _kept(target: Ranked, ground: Ground) -> tuple[tuple[int, ...], list[Place]]:
    """The shares and the candidates, without those that can never be there."""
    shares = target.shares or (-1,) * len(target.candidates)
    wheres = [TRUE if one.where is None else ground.condition(one.where) for one in target.candidates]
    listed = [
        (share, (candidate.model, where))
        for share, candidate, where in zip(shares, target.candidates, wheres, strict=True)
        if where != FALSE and not (share == 0 and target.strategy == SPLIT)
    ]
    return tuple(share for share, _ in listed if target.shares), [place for _, place in listed]


def _ordered(target: Ranked, places: list[Place], policy: Policy) -> tuple[str, list[Place]]:
    """The strategy and its candidates in order; `first` where declarations alone give the order, or there is none."""
    strategy = target.strategy
    if strategy == "best" and target.order in (None, "quality"):
        return "first", sorted(places, key=lambda place: -_quality(place[0], policy))
    return "first" if len(places) <= 1 and strategy in {*ORDERING, SPLIT} else strategy, places


def _quality(name: str, policy: Policy) -> float:
    declared = policy.models[name].quality if name in policy.models else None
    return -inf if declared is None else declared


def _prices(name: str, policy: Policy) -> tuple[int, int, int | None]:
    model = policy.models.get(name) or undeclared(name)
    return model.input_price, model.output_price, model.typical_output


def _later(strategy: str, ranked: Sequence[Place], options: Options) -> Iterable[str]:
    """The fallback without those that the ranking has in any case."""
    sure = {model for model, where in ranked if where == TRUE} if strategy in ORDERING else set()
    return dict.fromkeys(name for name in options.fallback if name not in sure)


def _without_lists(options: Options) -> Options:
    """The options without the fallback, which stands with the models, and failure kinds in one order."""
    return replace(options, fallback=(), fallback_on=tuple(sorted(set(options.fallback_on))))


def _names(places: Iterable[Place]) -> tuple[str, ...]:
    return tuple(model for model, _ in places)
