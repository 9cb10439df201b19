"""Lints of dialects: chains with models that cannot be asked where their requests come in. Nothing is translated."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from routedsl.analysis.capacity import MOST_LABELS
from routedsl.analysis.implicit import Links, asks_at, chains, mixed_endpoints
from routedsl.analysis.regions import Box, Budget, Undecided, region
from routedsl.analysis.survey import RouteSurvey, Survey
from routedsl.analysis.witness import Trial, witness
from routedsl.base.diagnostic import Diagnostic, Label, Severity, Witness
from routedsl.engine.address import ToRoute
from routedsl.engine.fleet import Fleet
from routedsl.language.policy import Rule


class Gap(Struct, frozen=True):
    """A rule, an endpoint whose requests get there, and the models of its chain that cannot be asked there.

    `nobody` says that no model of the chain can; `box` are some of the requests.
    """

    rule: Rule
    endpoint: str
    left_out: tuple[str, ...]
    nobody: bool
    box: Box


def dialect_findings(route: RouteSurvey, survey: Survey) -> Iterator[Diagnostic]:
    """A warning where a route answers in several dialects, and not in each of them by the whole of its chains.

    A route of one dialect is meant for those who speak it.
    """
    gaps = list(_gaps(route, survey))
    empty = [gap for gap in gaps if gap.nobody]
    if empty:
        yield _nobody(empty, survey)
    elif gaps:
        yield _mixed(gaps)


def _gaps(route: RouteSurvey, survey: Survey) -> Iterator[Gap]:
    fleet = survey.program.fleet
    ways = [(place, rule, list(chains(rule, survey.ground, survey.program))) for place, rule in enumerate(route.rules)]
    models = {link.model for _, _, chained in ways for links in chained for link in links}
    served = [one for one in mixed_endpoints(survey.program) if any(_speaks(fleet, name, one) for name in models)]
    for place, rule, chained in ways if len(served) > 1 else ():
        for endpoint in served:
            yield from _gap(place, rule, chained, endpoint, route, survey)


def _gap(
    place: int, rule: Rule, chained: Sequence[Links], endpoint: str, route: RouteSurvey, survey: Survey
) -> Iterator[Gap]:
    fleet = survey.program.fleet
    deaf = [tuple(link.model for link in links if not fleet.serves(link.model, endpoint)) for links in chained]
    left_out = tuple(dict.fromkeys(name for names in deaf for name in names))
    box = _reaching(place, endpoint, rule, route, survey) if left_out else None
    if box is not None:
        nobody = any(len(names) == len(links) for names, links in zip(deaf, chained, strict=True))
        yield Gap(rule, endpoint, left_out, nobody, box)


def _speaks(fleet: Fleet, model: str, endpoint: str) -> bool:
    """Whether a model is declared to be asked at an endpoint, and does not just take anything."""
    return model in fleet.spoken and fleet.serves(model, endpoint)


def _reaching(place: int, endpoint: str, rule: Rule, route: RouteSurvey, survey: Survey) -> Box | None:
    """Some requests to an endpoint that reach the rule at a place."""
    budget = Budget()
    try:
        boxes = region(asks_at(endpoint, rule.span), survey.space, budget)
        return next(route.reaching(place, boxes, budget), None)
    except Undecided:
        return None


# ── told ────────────────────────────────────────────────────────────────────────────────────────


def _nobody(gaps: Sequence[Gap], survey: Survey) -> Diagnostic:
    first, *others = gaps
    message = f"no model of `{first.rule.name}` can be asked at the endpoint `{first.endpoint}`"
    return _warning(message, first, others, _proof(first, survey))


def _mixed(gaps: Sequence[Gap]) -> Diagnostic:
    first = gaps[0]
    own = [gap for gap in gaps if gap.rule is first.rule]
    parts = " and ".join(f"without {_named(gap.left_out)} at `{gap.endpoint}`" for gap in own)
    message = f"the chain of `{first.rule.name}` mixes dialects: it is {parts}"
    return _warning(message, first, [gap for gap in gaps if gap.rule is not first.rule])


def _warning(message: str, first: Gap, others: Sequence[Gap], proof: Witness | None = None) -> Diagnostic:
    rules = dict.fromkeys(gap.rule.name for gap in others if gap.rule is not first.rule)
    spans = {gap.rule.name: gap.rule.span for gap in others}
    return Diagnostic(
        code="R0520",
        severity=Severity.WARNING,
        message=message,
        span=first.rule.span,
        help=f'nothing is translated: give each dialect rules of its own, by `when endpoint == "{first.endpoint}"`',
        witness=proof,
        labels=tuple(Label(spans[name], f"`{name}`") for name in list(rules)[:MOST_LABELS]),
    )


def _named(models: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in models[:MOST_LABELS])
    return f"{shown}, …" if len(models) > MOST_LABELS else shown


def _proof(gap: Gap, survey: Survey) -> Witness:
    """A request to the endpoint that the rule takes, and none of its models."""
    program, rule = survey.program, gap.rule

    def gets_nobody(trial: Trial) -> bool:
        decision = program.decide(trial.request, trial.world, trial.pinned)
        return decision.rule == rule.name and not decision.chain

    return witness(gap.box, survey.space, program, ToRoute(rule.route), gets_nobody)
