"""Boundaries: at, below and above each threshold, where a rule asks for it, and the requests that are there."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from routedsl.analysis.regions import Box, Budget, Undecided, region
from routedsl.analysis.survey import Survey, survey
from routedsl.base.source import NOWHERE
from routedsl.base.types import Type
from routedsl.base.units import DOLLAR, DURATIONS, WHOLE, largest
from routedsl.engine.coverage import Place, Question, questions
from routedsl.engine.program import Program
from routedsl.language.policy import And, Compare, Condition, Fact, Not, Op, Or

_STEPS: Mapping[Type, int] = {
    Type.COUNT: 1,
    Type.NUMBER: 1,
    Type.DURATION: DURATIONS["ms"],
    Type.MONEY: DOLLAR // 1000,
    Type.SHARE: WHOLE // 1000,
    Type.TIME: 1,
}
"""How far below and above a threshold is near."""
_LAST_MINUTE = 24 * 60 - 1


class Point(Struct, frozen=True):
    """A value at or beside a threshold, and where it is asked: the rule's question, and what holds on the way."""

    question: Question
    way: tuple[Condition, ...]
    fact: Fact
    value: int | float

    @property
    def key(self) -> tuple[Place, str, float]:
        """The same for two rules that ask one predicate."""
        return (self.question.place, self.fact.text, self.value)


def points(program: Program, known: Survey) -> tuple[Point, ...]:
    """Below, at and above every threshold of a program, each once for each place of the text."""
    found: dict[tuple[Place, str, float], Point] = {}
    for question in questions(program.policy):
        for compared, way in _compared(question.predicate, question.way):
            grounded = known.ground.condition(compared)
            if isinstance(grounded, Compare) and grounded.fact.type.ordered and not isinstance(grounded.value, str):
                for value in _around(grounded.value, grounded.fact):
                    point = Point(question, way, grounded.fact, value)
                    found.setdefault(point.key, point)
    return tuple(found.values())


def _compared(condition: Condition, way: tuple[Condition, ...]) -> Iterator[tuple[Condition, tuple[Condition, ...]]]:
    """The comparisons in a predicate, and what holds where each is asked."""
    match condition:
        case And(items=items) | Or(items=items):
            for item in items:
                yield from _compared(item, way)
                way = (*way, item if isinstance(condition, And) else Not(item, span=item.span))
        case Not(item=item):
            yield from _compared(item, way)
        case _:
            yield condition, way


def _around(value: float, fact: Fact) -> Iterator[float]:
    step: float = _STEPS[fact.type]
    if fact.type not in (Type.COUNT, Type.TIME):
        while step > value > 0:  # nothing is below nothing
            step = step / 10
    highest = {Type.TIME: _LAST_MINUTE, Type.SHARE: WHOLE - (fact.signal == "draw")}.get(fact.type, largest(fact.type))
    for near in (value - step, value, value + step):
        if 0 <= near <= highest:
            yield float(f"{near:.15g}") if fact.type is Type.NUMBER else int(near)  # 0.3 - 0.1 is 0.2


class Shore(Struct, frozen=True):
    """A program laid out so that its space tells each point apart."""

    survey: Survey

    def boxes(self, point: Point) -> Iterator[Box]:
        """Requests for which the point's value is asked, plainest first; none where that is not decided."""
        rule = point.question.rule
        route = self.survey.routes[rule.route]
        earlier = (1 << route.reach.starts[route.place(rule)]) - 1
        whole = And((*point.way, _at(point)), span=NOWHERE)
        try:
            found = region(self.survey.ground.condition(whole), self.survey.space, Budget())
            for box in sorted(found, key=len):
                yield from route.reach.left_over(box, earlier, Budget())
        except (Undecided, LookupError):
            return


def shore(program: Program, wanted: Sequence[Point]) -> Shore:
    """Lay a program out for points."""
    return Shore(survey(program, [_at(point) for point in wanted]))


def _at(point: Point) -> Compare:
    return Compare(point.fact, Op.EQ, point.value, span=NOWHERE)
