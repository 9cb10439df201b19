"""Lints of chains: clocks that do not add up, fallbacks that fail together, filters that keep nobody."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from msgspec.structs import replace

from routedsl.analysis.capacity import MOST_LABELS, misfits, told
from routedsl.analysis.dialects import dialect_findings
from routedsl.analysis.implicit import Links, chains, wheres
from routedsl.analysis.limits import silence
from routedsl.analysis.predicates import test_of
from routedsl.analysis.regions import Budget, Undecided, region
from routedsl.analysis.survey import RouteSurvey, Survey
from routedsl.base.diagnostic import Diagnostic, Label, Severity
from routedsl.base.source import Span
from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity
from routedsl.engine.plan import facts_of
from routedsl.engine.program import Program
from routedsl.engine.world import UNMEASURED, ModelState
from routedsl.language.policy import And, CompareFacts, Condition, Constant, Not, Options, Or, Policy, Ranked, Rule

Chains = Sequence[tuple[Rule, Links]]
_MEASURED = frozenset(ModelState.__struct_fields__)


def chain_findings(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings about the chains that a program's rules lead to."""
    for route in survey.routes.values():
        longest = _longest(route, survey)
        yield from told(list(misfits(route, survey)), survey)
        yield from dialect_findings(route, survey)
        yield from _late(longest, survey.program.policy)
        yield from _together(longest, survey.program.policy)
        yield from filter_findings(route, survey)


def _longest(route: RouteSurvey, survey: Survey) -> list[tuple[Rule, Links]]:
    """The rules that forward, each with the most that its chain may be."""
    every = ((rule, list(chains(rule, survey.ground, survey.program))) for rule in route.rules)
    return [(rule, max(ways, key=len)) for rule, ways in every if ways]


def _warning(code: str, span: Span, message: str, help: str, rules: Sequence[Rule] = ()) -> Diagnostic:
    labels = tuple(Label(rule.span, f"`{rule.name}`") for rule in rules[:MOST_LABELS])
    return Diagnostic(code=code, severity=Severity.WARNING, message=message, span=span, help=help, labels=labels)


# ── time ────────────────────────────────────────────────────────────────────────────────────────


def _late(longest: Chains, policy: Policy) -> Iterator[Diagnostic]:
    """One warning for the rules of a route that run into the same deadline, at the one that waits longest."""
    by_deadline: dict[int, list[tuple[int, Rule]]] = {}
    for rule, links in longest:
        late = _past_deadline([link.model for link in links], rule.options, policy)
        if late is not None:
            by_deadline.setdefault(late[1], []).append((late[0], rule))
    for deadline, found in by_deadline.items():
        wait, rule = max(found, key=lambda one: one[0])
        message = (
            f"the waits of the chain of `{rule.name}` add up to {_shown(wait)}, past its deadline of {_shown(deadline)}"
        )
        help_ = "its last models get less time than they should: write a smaller `timeout`, or a larger `deadline`"
        yield _warning("R0515", rule.span, message, help_, [other for _, other in found if other is not rule])


def _past_deadline(chain: Sequence[str], options: Options, policy: Policy) -> tuple[int, int] | None:
    """How long a chain is silent at most, and its deadline, where one is written that comes first.

    A model that is silent is not called again, so that retries do not count. Of timeouts that nobody wrote
    those of streams count, which are shorter.
    """
    if options.deadline is None:
        return None
    stream = options.timeout is None
    wait = silence(chain, options, policy, stream=stream) if len(chain) > 1 else options.timeout or 0
    return (wait, options.deadline) if wait > options.deadline else None


def _shown(duration: int) -> str:
    return render_quantity(Quantity(Type.DURATION, duration))


# ── upstreams ───────────────────────────────────────────────────────────────────────────────────


def _together(longest: Chains, policy: Policy) -> Iterator[Diagnostic]:
    """One warning for the rules of a route whose models all answer at one upstream, though there are others.

    A rule without fallback, where others have one, does without on purpose.
    """
    fallbacks = any(rule.options.fallback for rule, _ in longest)
    by_upstream: dict[str, list[Rule]] = {}
    for rule, links in longest:
        shared = {policy.models[link.model].upstream for link in links if link.model in policy.models}
        if len(links) > 1 and len(shared) == 1 and bool(rule.options.fallback) is fallbacks:
            by_upstream.setdefault(next(iter(shared)) or "", []).append(rule)
    for upstream, rules in by_upstream.items():
        elsewhere = next(_elsewhere(upstream, policy), None)
        if elsewhere is not None:
            whose = f"the chain of `{rules[0].name}`" if len(rules) == 1 else f"the chains of these {len(rules)} rules"
            message = f"all models in {whose} answer at `{upstream}`: where it fails, they fail together"
            help_ = f"let a model of another upstream stand in, such as `{elsewhere}`"
            yield _warning("R0516", rules[0].span, message, help_, rules[1:])


def _elsewhere(upstream: str, policy: Policy) -> Iterator[str]:
    """The models of other upstreams that could stand in: they speak the same dialect."""
    spoken = {name: declared.protocol for name, declared in policy.upstreams.items()}
    for model in policy.models.values():
        if model.upstream != upstream and spoken.get(model.upstream or "") == spoken.get(upstream):
            yield model.name


# ── filters ─────────────────────────────────────────────────────────────────────────────────────


def filter_findings(route: RouteSurvey, survey: Survey) -> Iterator[Diagnostic]:
    """Warnings about the filters of a route that keep nobody: ever, at first, or where nobody stands in."""
    for place, rule in enumerate(route.rules):
        asked = wheres(rule, survey.ground)
        if asked:
            with suppress(Undecided):
                yield from _filter(rule, asked, place, route, survey)


def _filter(
    rule: Rule, asked: Sequence[Condition], place: int, route: RouteSurvey, survey: Survey
) -> Iterator[Diagnostic]:
    span = asked[0].span
    kept, at_start = Or(tuple(asked), span=span), Or(tuple(map(_at_start, asked)), span=span)

    def reaches(condition: Condition) -> bool:
        budget = Budget()
        boxes = region(condition, survey.space, budget)
        return any(True for _ in route.reaching(place, boxes, budget))

    if not reaches(kept):
        if reaches(Constant(True, span=span)):
            yield _warning("R0519", span, "this filter never keeps anybody", _never_in(rule, survey.program))
    elif not reaches(at_start):
        message = "before anything is measured, this filter keeps nobody"
        yield _warning("R0519", span, message, f"let models pass that nobody measured yet: {_way_in(asked)}")
    elif not rule.options.fallback and reaches(Not(kept, span=span)):
        message = f"where this filter keeps nobody, `{rule.name}` has no model to ask"
        yield _warning("R0517", span, message, "write a `fallback`, for then")


def _never_in(rule: Rule, program: Program) -> str:
    """What helps where no candidate is ever kept: first of all to declare what is asked."""
    candidates = rule.target.candidates if isinstance(rule.target, Ranked) else ()
    facts = [fact for each in candidates if each.where is not None for fact in facts_of(each.where)]
    for name, word in program.catalog.vocabulary().model_facts.items():
        asked = [program.policy.models.get(fact.model) for fact in facts if fact.model and fact.signal == name]
        if asked and word.declared and word.optional and all(getattr(model, name, None) is None for model in asked):
            return f"no candidate has its `{name}` declared: write it in each `model`"
    return "ask for less, or leave it out"


def _at_start(condition: Condition) -> Condition:
    """The condition while nothing is measured."""
    match condition:
        case And(items=items) | Or(items=items):
            return replace(condition, items=tuple(map(_at_start, items)))
        case Not(item=item):
            return replace(condition, item=_at_start(item))
        case Constant() | CompareFacts():
            return condition
        case _:
            if condition.fact.model is None or condition.fact.signal not in _MEASURED:
                return condition
            value = getattr(UNMEASURED, condition.fact.signal)
            return Constant(value is not None and test_of(condition)(value), span=condition.span)


def _way_in(asked: Sequence[Condition]) -> str:
    named = (fact.signal for where in asked for fact in facts_of(where) if fact.signal in _MEASURED and fact.optional)
    return f"`… or {next(named, 'latency')} is missing`"
