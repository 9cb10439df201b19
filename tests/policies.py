"""Random checked policies and facts to try them on, small enough to be wrong in every way there is.

Constants come from short lists, and facts are drawn around them: equal, one less, one more, missing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

from routedsl.base.source import Source, Span
from routedsl.base.types import Type, Value
from routedsl.language.policy import (
    And,
    Block,
    Candidate,
    Compare,
    CompareFacts,
    Condition,
    Constant,
    Contains,
    Fact,
    Given,
    HandOver,
    Holds,
    InSet,
    Like,
    Matches,
    Not,
    Op,
    Options,
    Or,
    Policy,
    Predicate,
    Ranked,
    Reject,
    Route,
    Rule,
    Target,
)

SPAN = Span(Source("random.route", "when"), 0, 4)
TINY = Ranked(strategy="first", candidates=(Candidate(model="tiny"),))
CONSTANTS: Mapping[Type, Sequence[int]] = {
    Type.COUNT: (0, 2, 200),
    Type.DURATION: (0, 800_000),
    Type.MONEY: (0, 50_000_000_000),
    Type.SHARE: (0, 50_000),
    Type.TIME: (0, 540),
}
REALS = (0.0, 0.5, 2.0)
TEXTS = ("", "a", "A", "ab", "gpt-4", "GPT-4o", "é", "É", "a\nb", "x a x", "\udcff")
WORDS = ("a", "AB", "gpt", "é", "4")
TAGS = ("eu", "EU", "paid")
PATTERNS = ("a", "^a$", "B|4", r"\d", "^$", "x.*x", "[^a]")
GLOBS = ("a", "a*", "?", "*", "gpt-*", "*-4?", "", "??b")

FACTS = (
    Fact("messages", Type.COUNT),
    Fact("chars", Type.COUNT),
    Fact("max_tokens", Type.COUNT, optional=True),
    Fact("temperature", Type.NUMBER, optional=True),
    Fact("quality", Type.NUMBER, model="a.b"),
    Fact("latency", Type.DURATION, model="tiny", optional=True),
    Fact("cost", Type.MONEY, model="tiny"),
    Fact("draw", Type.SHARE),
    Fact("time", Type.TIME),
    Fact("header", Type.TEXT, key="x-tier", optional=True),
    Fact("model", Type.TEXT),
    Fact("stream", Type.BOOL),
    Fact("up", Type.BOOL, model="tiny"),
    Fact("tags", Type.TEXTS, model="tiny"),
)
NUMBERS = [fact for fact in FACTS if fact.type is Type.COUNT or fact.type is Type.NUMBER]
ORDERED = [fact for fact in FACTS if fact.type.ordered]
TEXTUAL = [fact for fact in FACTS if fact.type is Type.TEXT]
BOOLEAN = [fact for fact in FACTS if fact.type is Type.BOOL]
LISTS = [fact for fact in FACTS if fact.type is Type.TEXTS]
DEEPEST = 3


def rule_of(number: int, condition: Condition, target: Target = TINY, route: str = "auto") -> Rule:
    """A rule with nothing else about it."""
    return Rule(
        number=number,
        name=f"{route}:{number + 1}",
        route=route,
        condition=condition,
        target=target,
        options=Options(),
        span=SPAN,
    )


def policy_of(*items: Rule | Block) -> Policy:
    """A policy of one route."""
    routes = {"auto": Route(name="auto", names=("auto",), patterns=(), items=items, span=SPAN)}
    return _open_policy(routes, tuple(_rules_in(items)))


def _rules_in(items: Iterable[Rule | Block]) -> Iterator[Rule]:
    for item in items:
        yield from _rules_in(item.items) if isinstance(item, Block) else (item,)


def _open_policy(routes: Mapping[str, Route], rules: tuple[Rule, ...]) -> Policy:
    return Policy(upstreams={}, models={}, routes=routes, rules=rules, defaults=Options(), open=True)


def random_policy(rng: Random, *, total: bool = False) -> Policy:
    """A policy of one to three routes; only later ones are handed over to.

    Where it is not `total`, some routes do not end in `else`.
    """
    rules: list[Rule] = []
    names = ["auto", "support", "last"][: rng.choice((1, 2, 3))]
    routes = {}
    for index, name in enumerate(names):
        items = _items(rng, name, names[index + 1 :], rules, depth=0)
        if total or rng.random() < 0.7:
            items = (*items, _rule(rng, name, (), rules, Constant(True, span=SPAN)))
        routes[name] = Route(name=name, names=(name,), patterns=(), items=items, span=SPAN)
    return _open_policy(routes, tuple(rules))


def _items(rng: Random, route: str, others: Sequence[str], rules: list[Rule], depth: int) -> tuple[Rule | Block, ...]:
    items: list[Rule | Block] = []
    for _ in range(rng.randrange(1, 5 - depth)):
        condition = random_condition(rng, depth=rng.randrange(DEEPEST))
        if depth < DEEPEST and rng.random() < 0.35:
            inner = _items(rng, route, others, rules, depth + 1)
            items.append(Block(condition=condition, items=inner, span=SPAN))
        else:
            items.append(_rule(rng, route, others, rules, condition))
    return tuple(items)


def _rule(rng: Random, route: str, others: Sequence[str], rules: list[Rule], condition: Condition) -> Rule:
    target: Target = TINY
    if others and rng.random() < 0.3:
        target = HandOver(rng.choice(others))
    elif rng.random() < 0.1:
        target = Reject(400, "no")
    rules.append(rule_of(len(rules), condition, target, route))
    return rules[-1]


def random_condition(rng: Random, depth: int) -> Condition:
    """A condition, `depth` connectives deep at most."""
    kind = rng.random()
    if depth == 0 or kind < 0.25:
        return Constant(rng.random() < 0.5, span=SPAN) if rng.random() < 0.08 else random_predicate(rng)
    if kind < 0.5:
        return Not(random_condition(rng, depth - 1), span=SPAN)
    items = tuple(random_condition(rng, depth - 1) for _ in range(rng.randrange(1, 4)))
    return And(items, span=SPAN) if kind < 0.75 else Or(items, span=SPAN)


def random_predicate(rng: Random) -> Predicate:
    """One predicate, each kind as likely as another, but comparisons more so."""
    match rng.randrange(16):
        case 0:
            return InSet(rng.choice(TEXTUAL), tuple(rng.sample(TEXTS, 2)), span=SPAN)
        case 1:
            fact = rng.choice(ORDERED)
            return InSet(fact, tuple(rng.sample(_constants(fact), 2)), span=SPAN)
        case 2:
            return Contains(rng.choice(TEXTUAL), tuple(rng.sample(WORDS, rng.randrange(1, 3))), span=SPAN)
        case 3:
            return Contains(rng.choice(LISTS), tuple(rng.sample(TAGS, rng.randrange(1, 3))), span=SPAN)
        case 4:
            return Matches(rng.choice(TEXTUAL), rng.choice(PATTERNS), rng.random() < 0.5, span=SPAN)
        case 5:
            return Like(rng.choice(TEXTUAL), rng.choice(GLOBS), span=SPAN)
        case 6:
            return Given(rng.choice(FACTS), span=SPAN)
        case 7:
            return Holds(rng.choice(BOOLEAN), span=SPAN)
        case 8:
            return CompareFacts(rng.choice(NUMBERS), rng.choice(list(Op)), rng.choice(NUMBERS), span=SPAN)
        case 9:
            return Compare(rng.choice(TEXTUAL), Op.EQ, rng.choice(TEXTS), span=SPAN)
        case _:
            fact = rng.choice(ORDERED)
            return Compare(fact, rng.choice(list(Op)), rng.choice(_constants(fact)), span=SPAN)


def _constants(fact: Fact) -> Sequence[int | float]:
    return REALS if fact.type is Type.NUMBER else CONSTANTS[fact.type]


def random_facts(rng: Random, facts: Iterable[Fact]) -> dict[str, Value]:
    """A value for each of the facts; any of them may be missing."""
    return {fact.text: None if rng.random() < 0.15 else _value(rng, fact) for fact in facts}


def _value(rng: Random, fact: Fact) -> Value:
    match fact.type:
        case Type.BOOL:
            return rng.random() < 0.5
        case Type.TEXT:
            return rng.choice(TEXTS)
        case Type.TEXTS:
            return tuple(rng.sample(TAGS, rng.randrange(3)))
        case Type.NUMBER:
            return rng.choice(REALS) + rng.choice((-0.5, 0, 0.5))
        case _:
            return rng.choice(CONSTANTS[fact.type]) + rng.choice((-1, 0, 1))


Items = Sequence[Rule | Block]


def depth_of(items: Items, rule: Rule) -> int | None:
    """In how many blocks a rule stands; None where it does not stand here."""
    for item in items:
        if item is rule:
            return 0
        inner = depth_of(item.items, rule) if isinstance(item, Block) else None
        if inner is not None:
            return inner + 1
    return None


def blocks_before(items: Items, rule: Rule) -> Iterator[Block]:
    """The blocks of the outermost level that end before a rule."""
    for item in items:
        if item is rule or (isinstance(item, Block) and depth_of(item.items, rule) is not None):
            return
        if isinstance(item, Block):
            yield item
