"""Where a promise breaks: each rule, and each model asked for by name, that has a chain which it forbids.

The most that a chain may be is looked at first. Only where that breaks the promise it is worked out which
requests get there, and which of its models they can find together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct, field

from routedsl.analysis.implicit import Link, Links, address, asks_for, chains, explicit_choices
from routedsl.analysis.limits import Unbounded, Volume, most_calls, most_cost, most_wait, volume_of
from routedsl.analysis.regions import Box, Budget, Regions, meet
from routedsl.analysis.survey import RouteSurvey, Survey
from routedsl.language.policy import (
    And,
    Assert,
    AttemptsLimit,
    Condition,
    Constant,
    CostLimit,
    HandOver,
    Never,
    NeverWhere,
    Only,
    OnlyWhere,
    Options,
    Promise,
    Rule,
    WaitLimit,
)
from routedsl.language.targets import about


class Fault(Struct, frozen=True):
    """Why a chain breaks a promise: the model that it has, or the most that it can take."""

    model: str | None = None
    most: int | Unbounded = 0


class Breach(Struct, frozen=True):
    """A box of requests whose chain breaks a promise.

    `chain` is all that it may be made of, in order. `route` is where the requests come in, `rule` what
    decides; both are None where clients ask for the model by name.
    """

    box: Box
    fault: Fault
    chain: tuple[str, ...]
    route: str | None = None
    rule: Rule | None = None


def breaches(promised: Assert, survey: Survey) -> Iterator[Breach]:
    """Every way in which a promise breaks, in the order of the text; none proves that it holds.

    Raises `Undecided` where the budget is spent, or a rule's region is not known.
    """
    search = _Search(survey, Judge(promised.promise, survey), Regions(survey.space))
    condition = survey.ground.condition(promised.condition)
    for name, route in survey.routes.items():
        if search.is_suspect(name):
            here = survey.ground.condition(address(route.route, survey.program))
            yield from search.in_route(name, route, search.region(And((condition, here), span=promised.span)))
    for model in explicit_choices(survey.program):
        asked = And((condition, asks_for(model, promised.span)), span=promised.span)
        yield from search.by_name(model, asked)


# ── chains judged ───────────────────────────────────────────────────────────────────────────────


class Judge:
    """Tells whether a chain keeps a promise. More models, or more requests, never keep what fewer break."""

    def __init__(self, promise: Promise, survey: Survey) -> None:
        """Judge by what the policy declares."""
        self._promise = promise
        self._survey = survey
        self._policy = survey.program.policy
        self._guilty: dict[str, bool] = {}

    @property
    def of_models(self) -> bool:
        """Whether each model of a chain is judged alone."""
        return isinstance(self._promise, Only | Never | OnlyWhere | NeverWhere)

    def fault(self, chain: Sequence[str], options: Options, box: Box) -> Fault | None:
        """Why a chain breaks the promise for some request of a box; None where it keeps it."""
        return self.fault_at(chain, options, volume_of(box, self._survey.space, options.max_output))

    def fault_at(self, chain: Sequence[str], options: Options, volume: Volume) -> Fault | None:
        """Why a chain breaks the promise for so many tokens at most; None where it keeps it."""
        if self.of_models:
            return next((Fault(model) for model in chain if self.is_guilty(model)), None)
        most = self._most(chain, options, volume)
        return Fault(most=most) if isinstance(most, Unbounded) or most > self._limit else None

    def is_guilty(self, model: str) -> bool:
        """Whether a model breaks the promise by its presence."""
        if model not in self._guilty:
            self._guilty[model] = self._is_guilty(model)
        return self._guilty[model]

    def _is_guilty(self, model: str) -> bool:
        match self._promise:
            case Only(models=models):
                return model not in models
            case Never(models=models):
                return model in models
            case OnlyWhere(condition=condition):
                return not self._declared(condition, model)
            case NeverWhere(condition=condition):
                return self._declared(condition, model)
            case _:
                return False

    def _declared(self, condition: Condition, model: str) -> bool:
        known = self._survey.ground.condition(about(condition, model))
        return isinstance(known, Constant) and known.value

    @property
    def _limit(self) -> int:
        match self._promise:
            case AttemptsLimit(most=most) | WaitLimit(most=most) | CostLimit(most=most):
                return most
            case _:
                return 0

    def _most(self, chain: Sequence[str], options: Options, volume: Volume) -> int | Unbounded:
        match self._promise:
            case AttemptsLimit():
                return most_calls(chain, options)
            case WaitLimit():
                return most_wait(chain, options, self._policy)
            case _:
                return most_cost(chain, options, self._policy, volume)


# ── rules searched ──────────────────────────────────────────────────────────────────────────────


class _Search(Struct):
    survey: Survey
    judge: Judge
    regions: Regions
    budget: Budget = field(default_factory=Budget)
    suspects: dict[str, bool] = {}

    def region(self, condition: Condition) -> Sequence[Box]:
        return self.regions.of(condition, self.budget)

    def is_suspect(self, route: str) -> bool:
        """Whether a chain of the route, or of one that it hands over to, could break the promise."""
        if route not in self.suspects:
            self.suspects[route] = any(map(self._is_suspect_rule, self.survey.routes[route].rules))
        return self.suspects[route]

    def _is_suspect_rule(self, rule: Rule) -> bool:
        if isinstance(rule.target, HandOver):
            return self.is_suspect(rule.target.route)
        return any(True for _ in self._suspect_chains(rule))

    def _suspect_chains(self, rule: Rule) -> Iterator[Links]:
        for links in chains(rule, self.survey.ground, self.survey.program):
            if self.judge.fault(_models(links), rule.options, {}):
                yield links

    def in_route(self, entry: str, route: RouteSurvey, boxes: Sequence[Box]) -> Iterator[Breach]:
        """The breaches in a route by requests that come into it, and in those that it hands them over to."""
        for place, rule in enumerate(route.rules):
            if isinstance(rule.target, HandOver):
                if self.is_suspect(rule.target.route):
                    handed = list(route.reaching(place, boxes, self.budget))
                    yield from self.in_route(entry, self.survey.routes[rule.target.route], handed)
                continue
            for links in self._suspect_chains(rule):
                worth = _faulty(self.judge, _models(links), rule.options)
                for box in route.reaching(place, boxes, self.budget, worth):
                    yield from self._in_chain(entry, rule, links, box)

    def _in_chain(self, entry: str, rule: Rule, links: Links, box: Box) -> Iterator[Breach]:
        judged = [(link,) for link in links if self.judge.is_guilty(link.model)] if self.judge.of_models else [links]
        for some in judged:
            for found, fault in self._worst((), some, rule.options, box):
                yield Breach(found, fault, _models(links), entry, rule)

    def _worst(self, kept: tuple[str, ...], open_: Links, options: Options, box: Box) -> Iterator[tuple[Box, Fault]]:
        """The parts of a box whose chain is at fault: a link is in it where its condition holds, or it is not."""
        self.budget.spend()
        fault = self.judge.fault(kept, options, box)
        if fault is not None:
            yield box, fault
        elif open_ and self.judge.fault((*kept, *_models(open_)), options, box):
            link, *rest = open_
            for part in self._parts(box, link.kept):
                yield from self._worst((*kept, link.model), tuple(rest), options, part)
            for part in self._parts(box, link.kept, holds=False):
                yield from self._worst(kept, tuple(rest), options, part)

    def _parts(self, box: Box, condition: Condition, *, holds: bool = True) -> Iterator[Box]:
        for part in self.regions.of(condition, self.budget, holds=holds):
            both = meet(box, part, self.survey.space)
            if both is not None:
                yield both

    def by_name(self, model: str, asked: Condition) -> Iterator[Breach]:
        """The breaches by clients that ask for a model by its name."""
        options = self.survey.program.policy.defaults
        if self.judge.fault((model,), options, {}) is None:
            return
        for box in self.region(asked):
            fault = self.judge.fault((model,), options, box)
            if fault is not None:
                yield Breach(box, fault, (model,))


def _models(links: Iterable[Link]) -> tuple[str, ...]:
    return tuple(link.model for link in links)


def _faulty(judge: Judge, chain: Sequence[str], options: Options) -> Callable[[Box], bool]:
    return lambda box: judge.fault(chain, options, box) is not None
