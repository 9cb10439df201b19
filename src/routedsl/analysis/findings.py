"""What the analysis warns of: rules that nothing reaches, conditions that are no question, and what chains do."""

from collections.abc import Iterator, Sequence

from routedsl.analysis.chains import chain_findings
from routedsl.analysis.reach import Dead, Unknown
from routedsl.analysis.regions import Budget, Undecided, region
from routedsl.analysis.survey import RouteSurvey, Survey, first_rule
from routedsl.base.diagnostic import Diagnostic, Label, Severity
from routedsl.base.source import Span
from routedsl.language.policy import And, Block, Condition, Constant, Not, Or, Rule


def lints(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings and notes about a program's routes and chains, in no order."""
    for route in survey.routes.values():
        yield from _items(route.route.items, route, survey)
    yield from chain_findings(survey)


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
