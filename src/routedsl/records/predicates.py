"""What a policy asks of texts that no record keeps: each such predicate by a name that does not depend on its place."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b

from routedsl.base.types import Type
from routedsl.engine.catalog import Catalog
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
    Holds,
    InSet,
    Like,
    Matches,
    Not,
    Or,
    Policy,
    Predicate,
    Ranked,
    Rule,
)
from routedsl.language.written import quoted

HASHED = frozenset({"user", "session", "header", "metadata"})
"""Signals whose values are told apart in records, and not told."""
NAMES = frozenset({"model", "key"})
"""Texts that name what the policy or the operator declares: what is asked for, and by whom."""
SPLIT = 8
"""Members of a list up to which they are asked one by one, so that the list may change by one of them."""
LONGEST = 120
"""Characters of a predicate's name; what is longer ends in a digest of the whole."""

MOST = 256
"""Atoms of a policy that are asked of each request, in the order of the text."""


def kept(fact: Fact, catalog: Catalog) -> bool:
    """Whether records keep the values of a fact: all but texts that anybody may write."""
    signal = catalog.signals.get(fact.signal)
    if signal is None or fact.model is not None or fact.type not in (Type.TEXT, Type.TEXTS):
        return True
    return bool(signal.values) or fact.signal in NAMES


def atoms(predicate: Predicate) -> tuple[Predicate, ...]:
    """The predicates of which any must hold for this one to: its list taken apart, where that is short."""
    match predicate:
        case InSet(fact=fact, values=values) if len(values) <= SPLIT:
            return tuple(InSet(fact, (value,), span=predicate.span) for value in values)
        case Contains(fact=fact, texts=texts) if len(texts) <= SPLIT:
            return tuple(Contains(fact, (text,), span=predicate.span) for text in texts)
        case Compare(fact=fact, value=value):
            return (InSet(fact, (value,), span=predicate.span),)  # texts know equality alone
        case _:
            return (predicate,)


def name_of(predicate: Predicate) -> str:
    """The predicate as a policy would write it, on one line: the same for all that ask the same."""
    name = f"{predicate.fact.text} {_asked(predicate)}"
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}… {blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _asked(predicate: Predicate) -> str:
    match predicate:
        case Compare(op=op, value=value):
            return f"{op} {_constant(value)}"
        case CompareFacts(op=op, other=other):
            return f"{op} {other.text}"
        case InSet(values=(value,)):
            return f"== {_constant(value)}"
        case InSet(values=values):
            return f"in [{', '.join(sorted(map(_constant, values)))}]"
        case Contains(texts=(text,)):
            return f"contains {quoted(text)}"
        case Contains(texts=texts):
            return f"contains [{', '.join(sorted(map(quoted, texts)))}]"
        case Matches(pattern=pattern, ignore_case=ignore_case):
            return f"matches {quoted(pattern)}{' i' if ignore_case else ''}"
        case Like(pattern=pattern):
            return f"like {quoted(pattern)}"
        case Given():
            return "is given"
        case Holds():
            return "is yes"


def _constant(value: float | str) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


def draw_name(by: Fact) -> str:
    """The name of the draw that a split takes from a text."""
    return f"draw by {by.text}"


# ── where they stand in a policy ────────────────────────────────────────────────────────────────


def hidden_atoms(policy: Policy, catalog: Catalog) -> Mapping[str, Predicate]:
    """The atoms that the policy asks of texts that are not kept, by their names."""
    predicates = (each for condition in _conditions(policy) for each in predicates_of(condition))
    hidden = (each for each in predicates if not kept(each.fact, catalog))
    return {name_of(atom): atom for predicate in hidden for atom in atoms(predicate)}


def hidden_draws(policy: Policy, catalog: Catalog) -> Mapping[str, Fact]:
    """Every text that is not kept by which the policy splits, by the name of its draw."""
    targets = (rule.target for rule in policy.rules)
    facts = (target.by for target in targets if isinstance(target, Ranked) and target.by is not None)
    return {draw_name(fact): fact for fact in facts if not kept(fact, catalog)}


def predicates_of(condition: Condition) -> Iterator[Predicate]:
    """The predicates that a condition is made of."""
    match condition:
        case And(items=items) | Or(items=items):
            for item in items:
                yield from predicates_of(item)
        case Not(item=item):
            yield from predicates_of(item)
        case Constant():
            return
        case _:
            yield condition


def _conditions(policy: Policy) -> Iterator[Condition]:
    for route in policy.routes.values():
        yield from _conditions_in(route.items)
    for rule in policy.rules:
        if isinstance(rule.target, Ranked):
            yield from (where for where in map(_where, rule.target.candidates) if where is not None)


def _where(candidate: Candidate) -> Condition | None:
    return candidate.where


def _conditions_in(items: tuple[Rule | Block, ...]) -> Iterator[Condition]:
    for item in items:
        yield item.condition
        if isinstance(item, Block):
            yield from _conditions_in(item.items)
