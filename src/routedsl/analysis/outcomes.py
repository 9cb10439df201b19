"""Which rules can take a request, and which outcomes a predicate can have where it is asked."""

from collections.abc import Iterable

from routedsl.analysis.reach import Dead
from routedsl.analysis.regions import Budget, Undecided, region
from routedsl.analysis.survey import Survey
from routedsl.base.source import NOWHERE
from routedsl.engine.coverage import Question
from routedsl.language.policy import And, Condition, Not, Rule


def is_dead(rule: Rule, survey: Survey) -> bool:
    """Whether it is proved that a rule takes nothing."""
    route = survey.routes[rule.route]
    return isinstance(route.reach.reach(route.place(rule)), Dead)


def can_be(asked: Iterable[Question], survey: Survey, *, outcome: bool) -> bool:
    """Whether a predicate has an outcome for some request, as one rule or another asks it.

    What cannot be decided may be.
    """
    return any(_can_be(question, survey, outcome=outcome) for question in asked)


def _can_be(question: Question, survey: Survey, *, outcome: bool) -> bool:
    route = survey.routes[question.rule.route]
    earlier = (1 << route.reach.starts[route.place(question.rule)]) - 1
    try:
        boxes = region(survey.ground.condition(_whole(question, outcome=outcome)), survey.space, Budget())
        return any(True for box in boxes for _ in route.reach.left_over(box, earlier, Budget()))
    except (Undecided, LookupError):
        return True


def _whole(question: Question, *, outcome: bool) -> Condition:
    """What holds where the predicate is asked and has this outcome."""
    predicate = question.predicate
    last = predicate if outcome else Not(predicate, span=predicate.span)
    return And((*question.way, last), span=NOWHERE)
