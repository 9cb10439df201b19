"""What keeps a policy from loading that only the analysis can tell: gaps, and promises that do not hold."""

from collections.abc import Iterator
from itertools import islice

from routedsl.analysis.describe import describe
from routedsl.analysis.promises import broken_promises
from routedsl.analysis.regions import Box, Budget, Undecided
from routedsl.analysis.survey import RouteSurvey, Survey
from routedsl.analysis.witness import Trial, witness
from routedsl.base.diagnostic import Diagnostic, Witness
from routedsl.engine.address import ToRoute
from routedsl.engine.reference import select


def proofs(survey: Survey) -> Iterator[Diagnostic]:
    """Errors alone, in no order: requests that no rule takes, and promises that do not hold."""
    for route in survey.routes.values():
        yield from _gap(route, survey)
    yield from broken_promises(survey)


def _gap(route: RouteSurvey, survey: Survey) -> Iterator[Diagnostic]:
    name = route.route.name
    help_ = 'say what takes every other request: `else …`, or on purpose `else reject 400 "…"`'
    place = route.rules[-1].span if route.rules else route.route.span
    try:
        pieces = route.reach.left_over({}, (1 << len(route.reach.boxes)) - 1, Budget())
        left = min(islice(pieces, _PIECES), key=len, default=None)
    except Undecided:
        message = f"it could not be decided whether the route `{name}` takes every request"
        yield Diagnostic(code="R0502", message=message, span=place, help=help_)
        return
    if left is not None:
        message = f"the route `{name}` does not take every request: no rule takes {_told(left, survey)}"
        proof = _escape(left, route, survey)
        yield Diagnostic(code="R0502", message=message, span=place, help=help_, witness=proof)


def _escape(left: Box, route: RouteSurvey, survey: Survey) -> Witness:
    """A request of the gap that really is taken by no rule."""
    program, name = survey.program, route.route.name

    def escapes(trial: Trial) -> bool:
        return select(program.policy, name, trial.facts.ask) is None

    return witness(left, survey.space, program, ToRoute(name), escapes)


def _told(box: Box, survey: Survey) -> str:
    """A box as a condition in backticks; a long one is only what it is."""
    condition = describe(box, survey.space)
    return f"`{condition}`" if len(condition) <= _LONGEST_CONDITION else "some requests"


_LONGEST_CONDITION = 120
_PIECES = 16
"""Pieces of a gap of which the plainest is told."""
