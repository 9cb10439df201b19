"""What requests make of a policy: which rules take one, and which outcomes each predicate has.

A predicate is one place of the text. A range and a `!=` are one, and so is a predicate of a `let` that
several rules ask; it is evaluated as the reference evaluator short-circuits it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from routedsl.base.source import Span
from routedsl.engine.case import Case
from routedsl.engine.explain import Considered, Tried, explain
from routedsl.engine.program import Program
from routedsl.engine.reference import rules_with_conditions
from routedsl.language.policy import And, Condition, Constant, Not, Or, Policy, Ranked, Rule

Place = tuple[str, int, int]
"""A file's name, and where in it a predicate starts and ends."""


class Question(Struct, frozen=True):
    """A predicate where one rule asks it: what holds on the way to it, in the order in which that is asked."""

    rule: Rule
    predicate: Condition
    way: tuple[Condition, ...]

    @property
    def place(self) -> Place:
        """What makes it one with the same predicate of another rule."""
        return place_of(self.predicate.span)


class Coverage(Struct, frozen=True):
    """How often each rule took a request, by its number, and each outcome was seen, by the predicate's place."""

    questions: tuple[Question, ...]
    taken: Counter[int]
    seen: Counter[tuple[Place, bool]]


def coverage_of(program: Program, cases: Iterable[Case]) -> Coverage:
    """What some requests make of a program."""
    taken: Counter[int] = Counter()
    seen: Counter[tuple[Place, bool]] = Counter()
    for case in cases:
        explanation = explain(program, case.request, case.world, case.pinned)
        taken.update(tried.rule.number for tried in explanation.tried if tried.result)
        looks: list[Tried | Considered] = [*explanation.tried, *explanation.considered]
        for looked in looks:
            seen.update((place_of(each.condition.span), each.result) for each in looked.seen)
    return Coverage(tuple(questions(program.policy)), taken, seen)


def place_of(span: Span) -> Place:
    """A place that can be compared: sources are themselves only."""
    return (span.source.name, span.start, span.end)


def questions(policy: Policy) -> Iterator[Question]:
    """Every predicate that a rule asks, in the order of the text, each as often as rules ask it."""
    for route in policy.routes.values():
        for rule, condition in rules_with_conditions(route.items):
            yield from (Question(rule, predicate, way) for predicate, way in _before(condition))
            for candidate in rule.target.candidates if isinstance(rule.target, Ranked) else ():
                if candidate.where is not None:
                    asked = _asked(candidate.where, (condition,))
                    yield from (Question(rule, predicate, way) for predicate, way in asked)


def _before(condition: Condition) -> Iterator[tuple[Condition, tuple[Condition, ...]]]:
    """Each predicate before a target: in the conditions of its blocks, then in its own."""
    items = condition.items if isinstance(condition, And) else (condition,)
    for at, item in enumerate(items):
        yield from _asked(item, items[:at])


def _asked(condition: Condition, way: tuple[Condition, ...]) -> Iterator[tuple[Condition, tuple[Condition, ...]]]:
    """Each predicate of a condition, and what holds where it is asked."""
    match condition:
        case Constant():
            return
        case And(items=items) | Or(items=items) if any(item.span != condition.span for item in items):
            for item in items:
                yield from _asked(item, way)
                way = (*way, item if isinstance(condition, And) else Not(item, span=item.span))
        case Not(item=item) if item.span != condition.span:
            yield from _asked(item, way)
        case _:
            yield condition, way
