"""What the engine decides by itself, as conditions: whom a request is for, who is in a chain, who can take it.

They ask facts as any condition does, so that the analysis holds them against rules and asserts.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from routedsl.analysis.ground import Ground
from routedsl.base.source import Span
from routedsl.base.types import Type
from routedsl.engine.address import ToModel, ToRoute
from routedsl.engine.program import Program
from routedsl.language.policy import (
    And,
    Compare,
    Condition,
    Constant,
    Fact,
    Given,
    Holds,
    InSet,
    Like,
    Model,
    Not,
    Op,
    Or,
    Ranked,
    Route,
    Rule,
)

MODEL = Fact("model", Type.TEXT)
ENDPOINT = Fact("endpoint", Type.TEXT)
_DRAW = Fact("draw", Type.SHARE)
_TOKENS = Fact("tokens", Type.COUNT)
_TOTAL = Fact("total_tokens", Type.COUNT)


# ── addresses ───────────────────────────────────────────────────────────────────────────────────


def explicit_choices(program: Program) -> tuple[str, ...]:
    """The models that answer by no rule where a client asks for them by name."""
    return tuple(name for name, found in program.addresses.exact.items() if isinstance(found, ToModel))


def asks_for(model: str, span: Span) -> Condition:
    """A client asks for just this name."""
    return Compare(MODEL, Op.EQ, model, span=span)


def address(route: Route, program: Program) -> Condition:
    """A client's request is for this route, by one of its names, or by a pattern where nothing goes before it."""
    exact, span = program.addresses.exact, route.span
    own = tuple(name for name, found in exact.items() if found == ToRoute(route.name))
    taken = Not(InSet(MODEL, tuple(exact), span=span), span=span)
    ways: list[Condition] = [InSet(MODEL, own, span=span)]
    before: list[Condition] = []
    for other in program.policy.routes.values():
        likes = [Like(MODEL, pattern, span=span) for pattern in other.patterns]
        if other.name == route.name:
            ways += [And((like, taken, Not(Or(tuple(before), span=span), span=span)), span=span) for like in likes]
        before += likes
    return Or(tuple(ways), span=span)


# ── chains ──────────────────────────────────────────────────────────────────────────────────────


class Link(Struct, frozen=True):
    """A model that may be in a chain, and when it is, were it up and able."""

    model: str
    kept: Condition


Links = tuple[Link, ...]


def chains(rule: Rule, ground: Ground, program: Program) -> Iterator[Links]:
    """What a rule's chain may be made of, in order; of a strategy that draws one model, once for each.

    Models that are down or unable are left out of a chain, but of one that has no other, so that
    nobody who stands here is ever sure to be left out.
    """
    if not isinstance(rule.target, Ranked):
        return
    if program.catalog.strategies[rule.target.strategy].single:
        for link in _drawn(rule.target, rule.span):
            yield _with_fallback((link,), rule)
    else:
        yield _with_fallback(tuple(_kept(rule.target, ground, rule.span)), rule)


def wheres(rule: Rule, ground: Ground) -> tuple[Condition, ...]:
    """What a rule asks of its candidates; none where it asks nothing of them."""
    candidates = rule.target.candidates if isinstance(rule.target, Ranked) else ()
    return tuple(ground.condition(candidate.where) for candidate in candidates if candidate.where is not None)


def _kept(target: Ranked, ground: Ground, span: Span) -> Iterator[Link]:
    for candidate in target.candidates:
        where = Constant(True, span=span) if candidate.where is None else ground.condition(candidate.where)
        if not isinstance(where, Constant) or where.value:
            yield Link(candidate.model, where)


def _with_fallback(ranking: Links, rule: Rule) -> Links:
    always = {name: Link(name, Constant(True, span=rule.span)) for name in rule.options.fallback}
    ranked = {link.model: always.get(link.model, link) for link in ranking}
    return tuple({**ranked, **{name: link for name, link in always.items() if name not in ranked}}.values())


def _drawn(target: Ranked, span: Span) -> Iterator[Link]:
    """The models of a split: each where the draw falls in its share, or is made of another signal's value."""
    start = 0
    for candidate, share in zip(target.candidates, target.shares, strict=True):
        if share:
            inside = And((_draw(Op.GE, start, span), _draw(Op.LT, start + share, span)), span=span)
            chosen: Condition = inside
            if target.by is not None:
                chosen = Or((Given(target.by, span=span), inside), span=span)
            yield Link(candidate.model, chosen)
        start += share


def is_up(model: str, span: Span) -> Holds:
    """A model is not taken to be down."""
    return Holds(Fact("up", Type.BOOL, model=model), span=span)


def _draw(op: Op, share: int, span: Span) -> Condition:
    return Compare(_DRAW, op, share, span=span)


# ── what models cannot take ─────────────────────────────────────────────────────────────────────


def unable(name: str, cap: int | None, program: Program, span: Span) -> Mapping[str, Condition]:
    """By each need of a request that a model may not meet: the requests that it cannot take. `cap` is `max_output`."""
    model = program.policy.models.get(name)
    if model is None:
        return {}
    found = {} if model.context is None else {"tokens": _too_long(model.context, cap, span)}
    return found | {need: _asks(need, program, span) for need in _lacking(model, program)}


def _lacking(model: Model, program: Program) -> tuple[str, ...]:
    if model.supports is None:
        return ()
    return tuple(need for need in program.catalog.model_facts["supports"].values if need not in model.supports)


def _asks(need: str, program: Program, span: Span) -> Condition:
    fact = Fact(need, program.catalog.signals[need].type)
    return Holds(fact, span=span) if fact.type is Type.BOOL else Compare(fact, Op.GT, 0, span=span)


def _too_long(context: int, cap: int | None, span: Span) -> Condition:
    """A capped answer leaves more room than the client's `max_tokens` would."""
    long = Compare(_TOTAL, Op.GT, context, span=span)
    if cap is None or cap > context:
        return long
    return And((long, Compare(_TOKENS, Op.GT, context - cap, span=span)), span=span)


def mixed_endpoints(program: Program) -> tuple[str, ...]:
    """The endpoints at which some declared model cannot be asked, and some can; none where all speak alike."""
    fleet = program.fleet
    asked = {name: [fleet.serves(model, name) for model in fleet.spoken] for name in fleet.taken}
    return tuple(name for name, served in asked.items() if any(served) and not all(served))


def asks_at(endpoint: str, span: Span) -> Condition:
    """A client asks at just this endpoint."""
    return Compare(ENDPOINT, Op.EQ, endpoint, span=span)


# ── all of them ─────────────────────────────────────────────────────────────────────────────────


def implied(program: Program, ground: Ground) -> Iterator[Condition]:
    """Every condition that asserts and lints ask beside those of the rules."""
    policy = program.policy
    callers: dict[tuple[str, int | None], Span] = {}
    for rule in policy.rules:
        yield from wheres(rule, ground)
        for link in (link for links in chains(rule, ground, program) for link in links):
            yield link.kept
            callers.setdefault((link.model, rule.options.max_output), rule.span)
        yield from (asks_at(endpoint, rule.span) for endpoint in mixed_endpoints(program))
    for (model, cap), span in callers.items():
        yield from unable(model, cap, program, span).values()
    for promised in policy.asserts:
        yield ground.condition(promised.condition)
        yield from (asks_for(model, promised.span) for model in explicit_choices(program))
        yield from (is_up(model, promised.span) for model in policy.models)
    if policy.asserts:
        yield from (ground.condition(address(route, program)) for route in policy.routes.values())
