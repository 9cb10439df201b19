"""What was asked of a request in effect: the rule that took it and none before it, as one box around the request."""

from collections.abc import Collection, Iterable, Sequence

from routedsl.analysis.index import bits
from routedsl.analysis.points import cell_of, holds_point
from routedsl.analysis.regions import Box, meet
from routedsl.analysis.space import Space
from routedsl.analysis.survey import RouteSurvey, Survey
from routedsl.engine.facts import Read
from routedsl.language.policy import Rule


def effective(survey: Survey, held: Sequence[Rule], read: Read, asked: Collection[str]) -> Box | None:
    """A box of requests, this one among them, that the rules that held take, and no rule before them does.

    `held` are the rule that decides, and before it those that hand over. The box is bounded by facts that
    were asked, as far as these tell. None where a region is not known, or the facts are none that a request has.
    """
    box: Box | None = {}
    for rule in held:
        route = survey.routes[rule.route]
        box = None if box is None else _taken(box, route, route.place(rule), read, asked)
    return box


def _taken(box: Box, route: RouteSurvey, place: int, read: Read, asked: Collection[str]) -> Box | None:
    rules = route.reach
    own = next((one for one in rules.regions[place] or () if holds_point(one, rules.space, read)), None)
    if own is None or rules.unsure_from < place:
        return None
    here = meet(box, own, rules.space)
    for number in bits(rules.index.meeting(own, (1 << rules.starts[place]) - 1)):
        here = None if here is None else _beside(here, rules.boxes[number], rules.space, read, asked)
    return here


def _beside(box: Box, other: Box, space: Space, read: Read, asked: Collection[str]) -> Box | None:
    """The box without another one, in which the request is not, cut in one dimension."""
    if meet(box, other, space) is None:
        return box
    for at in _by_ease(other, box, space, asked):
        dimension = space.dimensions[at]
        if not cell_of(dimension, read(dimension.fact.text)) & other[at]:
            return meet(box, {at: dimension.full & ~other[at]}, space)
    return None


def _by_ease(other: Box, box: Box, space: Space, asked: Collection[str]) -> Iterable[int]:
    """The dimensions in which to cut: facts that were asked, and bounds that there are, before any others."""
    return sorted(other, key=lambda at: (space.dimensions[at].fact.text not in asked, at not in box, at))
