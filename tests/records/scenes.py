"""Random policies, requests and worlds for records: every kind of predicate, target and fact."""

from datetime import UTC, datetime, timedelta
from random import Random

from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR
from routedsl.engine.request import Message, Request
from routedsl.engine.world import ModelState, World
from routedsl.language.policy import (
    And,
    Block,
    Candidate,
    Compare,
    Condition,
    Constant,
    Contains,
    Fact,
    InSet,
    Like,
    Matches,
    Model,
    Not,
    Options,
    Or,
    Policy,
    Ranked,
    Rule,
)
from tests.policies import GLOBS, PATTERNS, SPAN, TEXTS, WORDS, random_condition, random_policy

MODELS = ("tiny", "a.b", "large")
HIDDEN = (
    Fact("text", Type.TEXT),
    Fact("last", Type.TEXT),
    Fact("system", Type.TEXT),
    Fact("user", Type.TEXT, optional=True),
    Fact("session", Type.TEXT, optional=True),
    Fact("header", Type.TEXT, key="x-tier", optional=True),
    Fact("metadata", Type.TEXT, key="team", optional=True),
)
STRATEGIES = ("first", "best", "cheapest", "fastest", "least_busy")


def scene_policy(rng: Random) -> Policy:
    """A policy whose rules rank, split and filter, and ask of texts."""
    policy = random_policy(rng, total=True)
    rules = {rule.number: _rule(rng, rule) for rule in policy.rules}
    routes = {name: replace(route, items=_items(rng, route.items, rules)) for name, route in policy.routes.items()}
    models = {name: _model(rng, name) for name in MODELS}
    return replace(policy, routes=routes, rules=tuple(rules.values()), models=models, open=False, digest="d" * 64)


def _items(rng: Random, items: tuple[Rule | Block, ...], rules: dict[int, Rule]) -> tuple[Rule | Block, ...]:
    done: list[Rule | Block] = []
    for item in items:
        if isinstance(item, Block):
            done.append(replace(item, condition=_condition(rng, item.condition), items=_items(rng, item.items, rules)))
        else:
            done.append(rules[item.number])
    return tuple(done)


def _rule(rng: Random, rule: Rule) -> Rule:
    condition = rule.condition if isinstance(rule.condition, Constant) else _condition(rng, rule.condition)
    target = _ranked(rng) if isinstance(rule.target, Ranked) else rule.target
    options = Options(
        fallback=tuple(rng.sample(MODELS, rng.randrange(3))),
        sticky=rng.choice((None, 60_000_000)),
        explore=rng.choice((0, 400_000)),
    )
    return replace(rule, condition=condition, target=target, options=options)


def _condition(rng: Random, condition: Condition) -> Condition:
    return _of_text(rng) if rng.random() < 0.4 else condition


def _of_text(rng: Random) -> Condition:
    fact = rng.choice(HIDDEN)
    match rng.randrange(5):
        case 0:
            return Contains(fact, tuple(rng.sample(WORDS, rng.randrange(1, 4))), span=SPAN)
        case 1:
            return Matches(fact, rng.choice(PATTERNS), rng.random() < 0.5, span=SPAN)
        case 2:
            return Like(fact, rng.choice(GLOBS), span=SPAN)
        case 3:
            return InSet(fact, tuple(rng.sample(TEXTS, 2)), span=SPAN)
        case _:
            return random_condition(rng, 2)


def _ranked(rng: Random) -> Ranked:
    names = rng.sample(MODELS, rng.randrange(1, 4))
    if len(names) > 1 and rng.random() < 0.3:
        shares = (300_000, 700_000) if len(names) == 2 else (300_000, 300_000, 400_000)
        by = rng.choice((None, *HIDDEN[3:], Fact("chars", Type.COUNT)))
        return Ranked(strategy="split", candidates=tuple(Candidate(model=n) for n in names), shares=shares, by=by)
    wheres = (_condition(rng, random_condition(rng, 1)) if rng.random() < 0.3 else None for _ in names)
    candidates = tuple(Candidate(model=n, where=where) for n, where in zip(names, wheres, strict=True))
    return Ranked(strategy=rng.choice(STRATEGIES), candidates=candidates)


def _model(rng: Random, name: str) -> Model:
    return Model(
        name=name,
        id=name,
        context=rng.choice((None, 12, 100, 8000)),
        quality=rng.choice((None, 0.5, 80.0)),
        supports=rng.choice((None, None, ("tools",), ("images", "json"))),
        input_price=rng.choice((0, 2_500_000_000_000)),
        output_price=rng.choice((0, 10_000_000_000_000)),
        tags=tuple(rng.sample(("eu", "EU", "paid"), rng.randrange(3))),
        span=SPAN,
    )


def scene_request(rng: Random) -> Request:
    """A request around the constants of the policies."""

    def text() -> str:
        return rng.choice((*TEXTS, "a" * 199, "ab gpt 4" * 25))

    def maybe(value: str) -> str | None:
        return None if rng.random() < 0.3 else value

    roles = ("user", "system", "assistant")
    return Request(
        endpoint="chat",
        model=rng.choice((None, "auto", "auto", "auto", "support", "tiny", "nobody", "gpt-4", "\udcff")),
        messages=tuple(
            Message(role=rng.choice(roles), text=text(), images=rng.choice((0, 0, 2)))
            for _ in range(rng.randrange(1, 4))
        ),
        id=f"r{rng.randrange(10**9)}",
        headers={name: value for name in ("x-tier", "x-other") if (value := maybe(text())) is not None},
        tools=("{}",) * rng.choice((0, 0, 3)),
        json=rng.random() < 0.2,
        stream=rng.random() < 0.5,
        max_tokens=rng.choice((None, 0, 2, 199, 200, 10**30)),
        temperature=rng.choice((None, 0, 0.5, 1.9999999999)),
        user=maybe(text()),
        session=maybe(text()),
        metadata={"team": text()} if rng.random() < 0.7 else {},
    )


def scene_world(rng: Random) -> World:
    """A world with the odd numbers of real ones."""

    def state() -> ModelState:
        return ModelState(
            up=rng.random() < 0.7,
            latency=rng.choice((None, 799_999, 800_000, rng.randrange(10**9))),
            first_token=rng.choice((None, rng.randrange(10**7))),
            errors=rng.choice((0, 49_999, rng.randrange(10**6))),
            inflight=rng.randrange(4),
            queue=rng.randrange(4),
            load=rng.choice((0, rng.randrange(10**6))),
            slots=rng.choice((None, 1, 4)),
            loaded=rng.choice((None, True, False)),
            memory_free=rng.choice((None, 333_333)),
            success=rng.choice((None, rng.randrange(10**6))),
            speed=rng.choice((None, 42.1, rng.random() * 100)),
            typical_output=rng.choice((None, 0, 500)),
            typical_outputs=rng.choice(({}, {"quick": 80})),
        )

    return World(
        now=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(microseconds=rng.randrange(86_400_000_000)),
        draw=rng.choice((None, 49_999, 50_000)),
        models={name: state() for name in MODELS if rng.random() < 0.7},
        sticky=rng.choice((None, "tiny", "large")),
        sticky_age=rng.choice((0, 59_999_999, 61_000_000)),
        sticky_before={name: rng.choice((1, 61_000_000)) for name in MODELS if rng.random() < 0.2},
        spent_today=rng.choice((0, 1, 4_999_999_999_999)),
        spent_month=rng.choice((0, 80 * DOLLAR)),
        total_spent_today=rng.choice((0, 123_456_789_012_345)),
        total_spent_month=rng.choice((0, 999_999 * DOLLAR)),
        requests_per_minute=rng.randrange(100),
        tokens_per_minute=rng.randrange(100_000),
    )


def moved(policy: Policy) -> Policy:
    """The policy with every threshold one higher."""
    rules = {rule.number: replace(rule, condition=_moved(rule.condition)) for rule in policy.rules}
    routes = {name: replace(route, items=_moved_items(route.items, rules)) for name, route in policy.routes.items()}
    return replace(policy, routes=routes, rules=tuple(rules.values()))


def _moved_items(items: tuple[Rule | Block, ...], rules: dict[int, Rule]) -> tuple[Rule | Block, ...]:
    return tuple(
        replace(item, condition=_moved(item.condition), items=_moved_items(item.items, rules))
        if isinstance(item, Block)
        else rules[item.number]
        for item in items
    )


def _moved(condition: Condition) -> Condition:
    match condition:
        case Compare(value=int(value)):
            return replace(condition, value=value + 1)
        case And(items=items) | Or(items=items):
            return replace(condition, items=tuple(map(_moved, items)))
        case Not(item=item):
            return replace(condition, item=_moved(item))
        case _:
            return condition
