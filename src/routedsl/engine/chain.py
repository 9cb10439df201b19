"""From a target to a chain: candidates filtered and ranked, then the fallback, without what cannot serve."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

from msgspec import Struct

from routedsl.engine.code import Test
from routedsl.engine.draw import Drawn, draw_of
from routedsl.engine.facts import Facts
from routedsl.engine.fleet import Fleet
from routedsl.engine.request import Request
from routedsl.engine.strategy import Ask, Ballot, Strategy
from routedsl.engine.tokenizer import token_bound
from routedsl.engine.world import World
from routedsl.language.policy import Options, Ranked

Ahead = Literal["sticky", "explore"]
"""An option that puts a candidate before those that the strategy ranks."""
_CARRIED = ("images", "audio", "files")


class Contest(Struct, frozen=True):
    """A rule's target, ready to rank: its strategy and the test of each candidate's `where`. `rule` is its name."""

    target: Ranked
    strategy: Strategy
    tests: tuple[Test | None, ...]
    rule: str | None = None


class Chained(Struct, frozen=True):
    """A chain and how it came about.

    `passed` are the candidates that `where` keeps, `ranking` is their order. `unfit` says of models
    why they cannot serve: they are left out of `chain`, unless that would leave nobody that speaks
    the request's dialect. `ahead` is the option that put the first of the ranking there, in the place of
    the strategy.
    """

    chain: tuple[str, ...]
    ranking: tuple[str, ...]
    passed: tuple[str, ...]
    unfit: Mapping[str, str]
    ahead: Ahead | None = None


def chain_of(contest: Contest, options: Options, facts: Facts, request: Request, world: World, fleet: Fleet) -> Chained:
    """The chain of a rule: the ranking, then its fallback, each model once.

    Models that are down or cannot take the request are left out, unless that leaves none. Models of
    another dialect are left out in any case.
    """
    tested = zip(contest.target.candidates, contest.tests, strict=True)
    passed = tuple(candidate.model for candidate, test in tested if test is None or test(facts.values, facts.read))
    ranked = rank(contest, passed, facts, asking(contest, facts))
    needed = needs(request)
    reasons = {
        name: reason
        for name in dict.fromkeys((*ranked, *options.fallback))
        if (reason := _unfit(name, needed, facts, request, world, fleet))
    }
    ahead, ranking = _reordered(
        ranked, [name for name in ranked if name not in reasons], options, facts, request, world
    )
    whole = tuple(dict.fromkeys((*ranking, *options.fallback)))
    fit = tuple(name for name in whole if name not in reasons)
    chain = fit or tuple(name for name in whole if fleet.serves(name, request.endpoint))
    return Chained(chain, ranking, passed, reasons, ahead)


def asking(contest: Contest, facts: Facts) -> Ask:
    """How the facts of models are asked where this rule ranks them."""
    return partial(facts.ask_model, rule=contest.rule)


def rank(contest: Contest, passed: tuple[str, ...], facts: Facts, ask: Ask) -> tuple[str, ...]:
    """The candidates in the order of the strategy, which learns of models by `ask`.

    A strategy cannot bring in others, name one twice, or fail: then the order of the text stands.
    """
    target = contest.target
    draw = draw_for(target, facts) if target.shares else 0
    ballot = Ballot(models=passed, ask=ask, shares=target.shares, draw=draw, order=target.order)
    try:
        ranked = dict.fromkeys(contest.strategy.rank(ballot))
    except Exception:  # noqa: BLE001 - whatever an extension raises, the request has an answer
        return passed
    return tuple(name for name in ranked if name in passed)


def draw_for(target: Ranked, facts: Facts) -> int:
    """The number by which a split chooses: of the signal that it draws by, else the request's own `draw`."""
    by = None if target.by is None else facts.read(target.by.text)
    if isinstance(by, Drawn):
        return by
    draw = facts.ask("draw") if by is None else draw_of(by if isinstance(by, str) else str(by))
    return draw if isinstance(draw, int) else 0


def _reordered(
    ranked: tuple[str, ...], fit: Sequence[str], options: Options, facts: Facts, request: Request, world: World
) -> tuple[Ahead | None, tuple[str, ...]]:
    """The ranking with the conversation's last model first, else with the one that is explored; `fit` can serve."""
    last = _last(fit, options.sticky, world)
    if last is not None:
        return "sticky", _first(last, ranked)
    other = _explored(fit, options.explore, facts, request)
    return (None, ranked) if other is None else ("explore", _first(other, ranked))


def _last(fit: Sequence[str], sticky: int | None, world: World) -> str | None:
    """Who answered the conversation last, of those of the ranking that can serve, and did so recently enough."""
    if sticky is None or world.sticky is None:
        return None
    ages = {world.sticky: world.sticky_age, **world.sticky_before}
    held = [name for name, age in ages.items() if name in fit and age <= sticky]
    return min(held, key=lambda name: ages[name], default=None)


def _explored(fit: Sequence[str], share: int, facts: Facts, request: Request) -> str | None:
    """Which of those behind the first that can serve is tried in its place: one of them in `share` of the draws."""
    if not share or len(fit) < 2:
        return None
    draw = explore_draw(facts, request)
    return fit[1 + draw * (len(fit) - 1) // share] if draw < share else None


def explore_draw(facts: Facts, request: Request) -> int:
    """The number by which `explore` chooses: another for each request of a session, so that none is always explored.

    It is made of the request's own `draw` and id, which records have. No rule on `draw` tells anything of it.
    """
    return draw_of(f"explore {facts.ask('draw')} {request.id}")


def _first(name: str, ranking: tuple[str, ...]) -> tuple[str, ...]:
    return (name, *(other for other in ranking if other != name))


def unfit(name: str, facts: Facts, request: Request, world: World, fleet: Fleet) -> str | None:
    """Why a model cannot serve a request now, or None where it can."""
    return _unfit(name, needs(request), facts, request, world, fleet)


def _unfit(
    name: str, needed: tuple[str, ...], facts: Facts, request: Request, world: World, fleet: Fleet
) -> str | None:
    if not fleet.serves(name, request.endpoint):
        return fleet.elsewhere(name)
    if not world.model(name).up:
        return "down"
    model = fleet.models.get(name)
    if model is None:
        return None
    if needed and model.supports is not None and (missing := [n for n in needed if n not in model.supports]):
        return f"does not support {', '.join(missing)}"
    if model.context is not None and not fits(model.context, facts, request):
        return f"has a context of {model.context} tokens, and the request wants {facts.ask('total_tokens')}"
    return None


def needs(request: Request) -> tuple[str, ...]:
    """What a model must support to take a request, of the values of `supports`."""
    carrying = [message for message in request.messages if message.images or message.audio or message.files]
    carried = [name for name in _CARRIED if any(getattr(message, name) for message in carrying)] if carrying else ()
    return (*(("tools",) if request.tools else ()), *carried, *(("json",) if request.json else ()))


def fits(context: int, facts: Facts, request: Request) -> bool:
    """Whether prompt and answer fit in a context window.

    Tokens are counted only where a bound from the size of the body does not settle it, since
    counting is the dearest thing that a decision can do.
    """
    counted = facts.known("tokens") or facts.known("total_tokens")
    if not counted and token_bound(request) + (request.max_tokens or 0) <= context:
        return True
    total = facts.ask("total_tokens")
    return not isinstance(total, int) or total <= context
