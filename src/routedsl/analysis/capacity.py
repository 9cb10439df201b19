"""Requests that no model of their chain can take: too long for each, or asking for what none supports."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.describe import describe
from routedsl.analysis.implicit import Links, chains, unable
from routedsl.analysis.reach import Reached
from routedsl.analysis.regions import Box, Budget, Regions, Undecided, meet
from routedsl.analysis.survey import RouteSurvey, Survey
from routedsl.analysis.witness import Trial, witness
from routedsl.base.diagnostic import Diagnostic, Label, Severity, Witness
from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity
from routedsl.engine.address import ToRoute
from routedsl.engine.chain import unfit
from routedsl.language.policy import And, Condition, Constant, Model, Not, Or, Rule

RARE = frozenset({"audio", "files"})
"""Needs that are not told where no declared model meets them: then nobody expects them to be met."""
MOST_LABELS = 3


class Misfit(Struct, frozen=True):
    """A rule's requests that are too much for its whole chain: what they ask for, and some of them as a box.

    `asked` is a condition; None where it takes the box to tell.
    """

    rule: Rule
    asked: str | None
    box: Box


def misfits(route: RouteSurvey, survey: Survey) -> Iterator[Misfit]:
    """For each rule and each need that none of its models meets, else for needs that none meets together.

    Where it cannot be decided whether such requests get there, nothing is said.
    """
    search = _Search(route, survey, Regions(survey.space))
    for place, rule in enumerate(route.rules):
        for links in chains(rule, survey.ground, survey.program):
            yield from search.in_chain(place, rule, links)


def told(found: Sequence[Misfit], survey: Survey) -> Iterator[Diagnostic]:
    """One warning for all needs that the same rules of a route do not meet."""
    by_need: dict[str, dict[str, Misfit]] = {}
    for misfit in found:
        if misfit.asked is None:
            yield _warning([], [misfit], survey)
        else:
            by_need.setdefault(misfit.asked, {}).setdefault(misfit.rule.name, misfit)
    by_rules: dict[tuple[str, ...], list[str]] = {}
    for asked, rules in by_need.items():
        by_rules.setdefault(tuple(rules), []).append(asked)
    for needs in by_rules.values():
        yield _warning(needs, list(by_need[needs[0]].values()), survey)


def _warning(needs: Sequence[str], found: Sequence[Misfit], survey: Survey) -> Diagnostic:
    first = found[0]
    whose = f"the chain of `{first.rule.name}`" if len(found) == 1 else f"the chains of these {len(found)} rules"
    which = f"requests with {' or '.join(f'`{need}`' for need in needs)}" if needs else "some of its requests"
    way_out = f'such as by `when {needs[0]} -> reject 400 "…"`' if needs else "by a rule before this one"
    where = describe(first.box, survey.space)
    return Diagnostic(
        code="R0514",
        severity=Severity.WARNING,
        message=f"no model in {whose} takes {which}",
        span=first.rule.span,
        help=f"they get there where `{where}`: name a model that takes them, or say no, {way_out}",
        witness=_proof(first, survey),
        labels=tuple(Label(misfit.rule.span, f"`{misfit.rule.name}`") for misfit in found[1 : MOST_LABELS + 1]),
    )


def _proof(misfit: Misfit, survey: Survey) -> Witness:
    """A request that the rule takes, and none of its models can."""
    program, rule = survey.program, misfit.rule

    def fits_nobody(trial: Trial) -> bool:
        decision = program.decide(trial.request, trial.world, trial.pinned)
        asked = (trial.facts, trial.request, replace(trial.world, models={}), program.fleet)
        return decision.rule == rule.name and all(unfit(name, *asked) for name in decision.chain)

    return witness(misfit.box, survey.space, program, ToRoute(rule.route), fits_nobody)


# ── which there are ─────────────────────────────────────────────────────────────────────────────


class _Search(Struct):
    route: RouteSurvey
    survey: Survey
    regions: Regions
    reached: dict[int, Box | None] = {}

    def in_chain(self, place: int, rule: Rule, links: Links) -> Iterator[Misfit]:
        short = [self._short(link.model, rule) for link in links]
        if not all(missed or not isinstance(link.kept, Constant) for link, missed in zip(links, short, strict=True)):
            return  # a model that takes everything is always there
        alone = False
        for need in dict.fromkeys(need for missed in short for need in missed):
            box = self._reaching(place, _all_short(links, [_only(missed, need) for missed in short], rule))
            if box is not None:
                alone = True
                yield Misfit(rule, self._asked(need, links), box)
        box = None if alone else self._reaching(place, _all_short(links, short, rule))
        if box is not None:
            yield Misfit(rule, None, box)

    def _short(self, model: str, rule: Rule) -> Mapping[str, Condition]:
        missed = unable(model, rule.options.max_output, self.survey.program, rule.span)
        models = self.survey.program.policy.models.values()
        return {need: asks for need, asks in missed.items() if need not in RARE or any(_meets(m, need) for m in models)}

    def _asked(self, need: str, links: Links) -> str | None:
        """The need as a condition; a filter may leave out the larger models, so that no length is told."""
        models = self.survey.program.policy.models
        if need != "tokens":
            whole = self.survey.program.catalog.signals[need].type is Type.BOOL
            return need if whole else f"{need} > 0"
        if any(not isinstance(link.kept, Constant) for link in links):
            return None
        largest = max(models[link.model].context or 0 for link in links)
        return f"total_tokens > {render_quantity(Quantity(Type.COUNT, largest))}"

    def _reaching(self, place: int, condition: Condition) -> Box | None:
        """Some requests that reach a rule and are as a condition says."""
        if place not in self.reached:
            reach = self.route.reach.reach(place)
            self.reached[place] = reach.box if isinstance(reach, Reached) else None
        some, budget = self.reached[place], Budget()
        if some is None:
            return None
        try:
            boxes = self.regions.of(condition, budget)
            here = (meet(some, box, self.survey.space) for box in boxes)  # quick, and nearly always enough
            found = next((box for box in here if box is not None), None)
            return found or next(self.route.reaching(place, boxes, budget), None)
        except Undecided:
            return None


def _meets(model: Model, need: str) -> bool:
    return model.supports is None or need in model.supports


def _only(missed: Mapping[str, Condition], need: str) -> Mapping[str, Condition]:
    return {need: missed[need]} if need in missed else {}


def _all_short(links: Links, short: Sequence[Mapping[str, Condition]], rule: Rule) -> Condition:
    """Somebody is in the chain, and whoever is, is short of something."""
    span = rule.span
    left_out_or_short = (
        Or((Not(link.kept, span=span), *missed.values()), span=span) for link, missed in zip(links, short, strict=True)
    )
    somebody = Or(tuple(link.kept for link in links), span=span)
    return And((somebody, *left_out_or_short), span=span)
