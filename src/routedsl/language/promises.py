"""Asserts checked: for which requests, and what is promised of their chains."""

from collections.abc import Iterator

from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.base.types import Type
from routedsl.language import policy, syntax
from routedsl.language.conditions import check_condition
from routedsl.language.findings import quoted
from routedsl.language.operands import SettingError, quantity, read_count, read_duration
from routedsl.language.scope import Scope
from routedsl.language.targets import Pools, model_list


def check_asserts(scope: Scope, pools: Pools) -> tuple[policy.Assert, ...]:
    """Every assert whose promise means something; what is wrong is reported."""
    checked = (_assert(node, scope, pools) for node in scope.names.asserts)
    return tuple(promised for promised in checked if promised is not None)


def _assert(node: syntax.Assert, scope: Scope, pools: Pools) -> policy.Assert | None:
    condition = check_condition(node.condition, scope)
    promise = _promise(node, scope, pools)
    return None if promise is None else policy.Assert(condition=condition, promise=promise, span=node.span)


def _promise(node: syntax.Assert, scope: Scope, pools: Pools) -> policy.Promise | None:
    match node.value:
        case syntax.Literal() as limit:
            return _limit(node.kind, limit, scope)
        case syntax.Items() | syntax.Name() | syntax.All() as models:
            return _models(node.kind, models, scope, pools)
        case _ as condition:
            return _where(node.kind, condition, scope)


# ── models ──────────────────────────────────────────────────────────────────────────────────────


def _models(
    kind: str, source: syntax.Items | syntax.Name | syntax.All, scope: Scope, pools: Pools
) -> policy.Promise | None:
    if isinstance(source, syntax.Items) and not source.items:
        hint = "to let nothing through, write `never all`"
        scope.findings.error("R0306", source.span, "the list is empty: it names no model", hint)
        return None
    models = model_list(source, scope, pools)
    return policy.Only(models) if kind == "only" else policy.Never(models)


def _where(kind: str, condition: syntax.Condition, scope: Scope) -> policy.Promise:
    inside = Scope(scope.vocabulary, scope.names, scope.findings, candidate=True, inlined=scope.inlined)
    checked = check_condition(condition, inside)
    for predicate in _predicates(checked):
        _must_be_declared(predicate, condition.span, scope)
        _must_know_upstreams(predicate, scope)
    return policy.OnlyWhere(checked) if kind == "only where" else policy.NeverWhere(checked)


def _predicates(condition: policy.Condition) -> Iterator[policy.Predicate]:
    match condition:
        case policy.And(items=items) | policy.Or(items=items):
            for item in items:
                yield from _predicates(item)
        case policy.Not(item=item):
            yield from _predicates(item)
        case policy.Constant():
            return
        case _:
            yield condition


def _must_be_declared(predicate: policy.Predicate, whole: Span, scope: Scope) -> None:
    """What is measured, and what a request says, is not known of a model before there is a request."""
    fact, facts = predicate.fact, scope.vocabulary.model_facts
    about = fact.model == policy.CANDIDATE
    if about and facts[fact.signal].declared and not isinstance(predicate, policy.CompareFacts):
        return
    inside = predicate.span.source is whole.source and whole.start <= predicate.span.start < whole.end
    place = predicate.span if inside else whole  # a `let` stands elsewhere
    help_ = "a promise is about what models declare, such as `tags`, `quality` and `upstream`"
    if about and fact.signal == "cost":
        help_ = "what a request will probably cost proves nothing: write the most, `cost <= $0.10`, without `where`"
    scope.findings.error("R1004", place, f"{quoted(place.text)} is not known from a declaration alone", help_)


def _must_know_upstreams(predicate: policy.Predicate, scope: Scope) -> None:
    """A misspelt upstream would be one that no model ever has."""
    declared = scope.names.upstreams
    if (predicate.fact.signal, predicate.fact.model) != ("upstream", policy.CANDIDATE):
        return
    match predicate:
        case policy.Compare(value=value):
            named: tuple[object, ...] = (value,)
        case policy.InSet(values=values):
            named = values
        case _:
            return
    for name in named:
        if name not in declared:
            hint = did_you_mean(str(name), declared)
            scope.findings.error("R0204", predicate.span, f"{quoted(str(name))} is no declared upstream", hint)


# ── limits ──────────────────────────────────────────────────────────────────────────────────────


def _limit(kind: str, limit: syntax.Literal, scope: Scope) -> policy.Promise | None:
    try:
        match kind:
            case "attempts":
                quantity(limit, Type.COUNT, "4")
                return policy.AttemptsLimit(read_count(limit))
            case "wait":
                return policy.WaitLimit(read_duration(limit))
            case _:
                return policy.CostLimit(int(quantity(limit, Type.MONEY, "$0.10").value))
    except SettingError as error:
        code = "R1003" if error.code == "R0402" else error.code
        scope.findings.error(code, error.span, str(error), error.help, edit=error.edit)
        return None
