"""What the analysis has to say of a policy: gaps, rules that nothing reaches, conditions that are no question."""

from collections.abc import Iterator, Sequence
from itertools import islice

from routedsl.analysis.chains import chain_findings
from routedsl.analysis.describe import describe
from routedsl.analysis.promises import broken_promises
from routedsl.analysis.reach import Dead, Unknown
from routedsl.analysis.regions import Box, Budget, Undecided, region
from routedsl.analysis.survey import RouteSurvey, Survey, first_rule
from routedsl.analysis.witness import Trial, witness
from routedsl.base.diagnostic import Diagnostic, Label, Severity, Witness
from routedsl.base.source import Span
from routedsl.engine.address import ToRoute
from routedsl.engine.reference import select
from routedsl.language.policy import And, Block, Condition, Constant, Not, Or, Rule


def proofs(survey: Survey) -> Iterator[Diagnostic]:
    """Errors alone, in no order: requests that no rule takes, and promises that do not hold."""
    for route in survey.routes.values():
        yield from _gap(route, survey)
    yield from broken_promises(survey)


def lints(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings and notes about a program's routes and chains, in no order."""
    for route in survey.routes.values():
        yield from _items(route.route.items, route, survey)
    yield from chain_findings(survey)


# ── requests that no rule takes ─────────────────────────────────────────────────────────────────


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


# ── rules that nothing reaches ──────────────────────────────────────────────────────────────────


def _items(items: Sequence[Rule | Block], route: RouteSurvey, survey: Survey) -> Iterator[Diagnostic]:
    for item in items:
        constant = list(_constant(item.condition, survey))
        yield from constant
        never = any(finding.code == "R0512" for finding in constant)
        if isinstance(item, Rule):
            yield from () if never else _dead_rule(item, route)
        elif not never:
            yield from _block(item, route, survey)


def _block(block: Block, route: RouteSurvey, survey: Survey) -> Iterator[Diagnostic]:
    """A block that nothing reaches is told once, and not again for each rule inside."""
    inside = first_rule(block)
    reached = True if inside is None else _reaches_block(block, inside, route, survey)
    if reached:
        yield from _items(block.items, route, survey)
    else:
        message = "no request reaches this block: the rules before it take all that it is for"
        yield _warning("R0511", block.span, message)


def _reaches_block(block: Block, inside: Rule, route: RouteSurvey, survey: Survey) -> bool:
    earlier = (1 << route.reach.starts[route.place(inside)]) - 1
    try:
        boxes = region(survey.ground.condition(block.condition), survey.space, Budget())
        return any(True for box in boxes for _ in route.reach.left_over(box, earlier, Budget()))
    except Undecided:
        return True


def _dead_rule(rule: Rule, route: RouteSurvey) -> Iterator[Diagnostic]:
    match route.reach.reach(route.place(rule)):
        case Dead(by=by) if by:
            takers = [route.rules[place] for place in by]
            names = _listed([taker.name for taker in takers])
            verb = "takes" if len(takers) == 1 else "together take"
            labels = tuple(Label(taker.span, f"`{taker.name}`") for taker in takers[:_MOST_LABELS])
            message = f"no request reaches this rule: {names} {verb} all that it is for"
            yield _warning("R0511", rule.span, message, labels=labels)
        case Dead():
            message = "no request reaches this rule: its conditions exclude each other"
            yield _warning("R0511", rule.span, message)
        case Unknown():
            message = "it could not be decided whether a request reaches this rule"
            yield Diagnostic(code="R0518", severity=Severity.NOTE, message=message, span=rule.span)
        case _:
            return


_MOST_LABELS = 3


def _listed(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names[:_MOST_LABELS]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _warning(code: str, span: Span, message: str, labels: tuple[Label, ...] = ()) -> Diagnostic:
    return Diagnostic(
        code=code, severity=Severity.WARNING, message=message, span=span, help=_HELPS[code], labels=labels
    )


_HELPS = {
    "R0511": "leave it out, or move it above what takes its requests",
    "R0512": "leave it out, or ask for what can be",
    "R0513": "leave it out, or write `always`",
}


# ── conditions that are no question ─────────────────────────────────────────────────────────────


def _constant(condition: Condition, survey: Survey) -> Iterator[Diagnostic]:
    """The outermost parts of a condition that hold for every request, or for none."""
    if isinstance(condition, Constant):
        return
    truth = _truth(condition, survey)
    if truth is False:
        yield _warning("R0512", condition.span, "this is never true")
    elif truth is True:
        yield _warning("R0513", condition.span, "this is always true")
    elif isinstance(condition, And | Or):
        for item in condition.items:
            yield from _constant(item, survey)
    elif isinstance(condition, Not):
        yield from _constant(condition.item, survey)


def _truth(condition: Condition, survey: Survey) -> bool | None:
    grounded = survey.ground.condition(condition)
    try:
        if not region(grounded, survey.space, Budget()):
            return False
        return None if region(grounded, survey.space, Budget(), holds=False) else True
    except Undecided:
        return None
