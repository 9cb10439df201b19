"""From a target to a chain: candidates filtered and ranked, then the fallback, without what cannot serve."""

from collections.abc import Mapping
from dataclasses import dataclass

from routedsl.engine.code import Test
from routedsl.engine.draw import draw_of
from routedsl.engine.facts import Facts
from routedsl.engine.request import Request
from routedsl.engine.strategy import Ballot, Strategy
from routedsl.engine.tokenizer import token_bound
from routedsl.engine.world import World
from routedsl.language.policy import Model, Options, Ranked, Rule


@dataclass(frozen=True, slots=True)
class Contest:
    """A rule's target, ready to rank: its strategy and the test of each candidate's `where`."""

    target: Ranked
    strategy: Strategy
    tests: tuple[Test | None, ...]


@dataclass(frozen=True, slots=True)
class Chained:
    """A chain and how it came about: who was ranked, and why models were left out."""

    chain: tuple[str, ...]
    ranking: tuple[str, ...]
    left_out: Mapping[str, str]


def chain_of(
    contest: Contest, rule: Rule, facts: Facts, request: Request, world: World, models: Mapping[str, Model]
) -> Chained:
    """The chain of a rule: the ranking, then its fallback, each model once.

    Models that are down or cannot take the request are left out, unless that leaves none.
    """
    ranking = rank(contest, facts, world, rule.options)
    whole = tuple(dict.fromkeys((*ranking, *rule.options.fallback)))
    reasons = {name: reason for name in whole if (reason := unfit(name, facts, request, world, models))}
    fit = tuple(name for name in whole if name not in reasons)
    return Chained(fit, ranking, reasons) if fit else Chained(whole, ranking, {})


def rank(contest: Contest, facts: Facts, world: World, options: Options) -> tuple[str, ...]:
    """The candidates that pass `where`, in the order of the strategy; a session's last model goes first."""
    target = contest.target
    tested = zip(target.candidates, contest.tests, strict=True)
    passed = tuple(candidate.model for candidate, test in tested if test is None or test(facts))
    ballot = Ballot(models=passed, ask=facts.ask_model, shares=target.shares, draw=_draw(target, facts))
    ranking = contest.strategy.rank(ballot)
    last = world.sticky
    if options.sticky is None or last not in ranking or not world.model(last).up:
        return ranking
    return ranking if world.sticky_age > options.sticky else (last, *(name for name in ranking if name != last))


def _draw(target: Ranked, facts: Facts) -> int:
    if not target.shares:
        return 0
    by = None if target.by is None else facts[target.by.text]
    if by is not None:
        return draw_of(by if isinstance(by, str) else str(by))
    draw = facts.ask("draw")
    return draw if isinstance(draw, int) else 0


def unfit(name: str, facts: Facts, request: Request, world: World, models: Mapping[str, Model]) -> str | None:
    """Why a model cannot serve a request now, or None where it can."""
    if not world.model(name).up:
        return "down"
    model = models.get(name)
    if model is None:
        return None
    missing = () if model.supports is None else tuple(n for n in needs(request) if n not in model.supports)
    if missing:
        return f"does not support {', '.join(missing)}"
    if model.context is not None and not fits(model.context, facts, request):
        return f"has a context of {model.context} tokens"
    return None


def needs(request: Request) -> tuple[str, ...]:
    """What a model must support to take a request, of the values of `supports`."""
    asked = {
        "tools": bool(request.tools),
        "images": any(message.images for message in request.messages),
        "audio": any(message.audio for message in request.messages),
        "files": any(message.files for message in request.messages),
        "json": request.json,
    }
    return tuple(name for name, needed in asked.items() if needed)


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
