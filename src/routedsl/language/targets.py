"""Targets checked: models, pools and routes found, strategies known, candidates and shares settled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.base.types import Type
from routedsl.base.units import WHOLE, LiteralError, parse_quantity
from routedsl.language import policy, syntax
from routedsl.language.conditions import Scope, check_condition, find_cycle, signal_fact
from routedsl.language.findings import listed


@dataclass(frozen=True, slots=True)
class CheckedPool:
    """A pool as resolved: its models and its strategy."""

    strategy: str
    models: tuple[str, ...]


Pools = Mapping[str, CheckedPool]


def check_pools(scope: Scope) -> dict[str, CheckedPool]:
    """Resolve every pool, pools within pools included; a pool in a cycle is reported and left empty."""
    pools: dict[str, CheckedPool] = {}
    for name, pool in scope.names.pools.items():
        path = find_cycle(name, lambda at: _inner_pools(scope, at))
        if path is not None:
            pools[name] = CheckedPool("first", ())
            if name == min(path):
                text = " → ".join(f"`{step}`" for step in [*path, path[0]])
                scope.findings.error("R0206", pool.name.span, f"`{name}` is made of itself: {text}")
    for name in scope.names.pools:
        _check_pool(name, scope, pools)
    return pools


def _inner_pools(scope: Scope, name: str) -> list[str]:
    target = scope.names.pools[name].target
    inner = target.source if isinstance(target, syntax.ToStrategy) else None
    return [inner.text] if isinstance(inner, syntax.Name) and inner.text in scope.names.pools else []


def _check_pool(name: str, scope: Scope, pools: dict[str, CheckedPool]) -> CheckedPool:
    if name not in pools:
        for inner in _inner_pools(scope, name):
            _check_pool(inner, scope, pools)
        target = scope.names.pools[name].target
        if isinstance(target, syntax.Items):
            pools[name] = CheckedPool("first", model_list(target, scope, pools))
        else:
            if target.where is not None:
                hint = "put it on the target of a rule"
                scope.findings.error("R0405", target.where.span, "a pool takes no `where`", hint)
            strategy = _strategy(target.strategy, scope, shared=False)
            pools[name] = CheckedPool(strategy, model_list(target.source, scope, pools))
    return pools[name]


def model_list(source: syntax.Items | syntax.Name | syntax.All, scope: Scope, pools: Pools) -> tuple[str, ...]:
    """The models that a list, a pool's name or `all` stands for, each once."""
    names = scope.names
    match source:
        case syntax.All():
            if names.open:
                message = "`all` means the declared models, and this policy declares none"
                scope.findings.error("R0202", source.span, message)
            return tuple(names.models)
        case syntax.Name():
            return _pool_models(source, scope, pools)
        case syntax.Items():
            return _listed_models(source, scope)


def _pool_models(name: syntax.Name, scope: Scope, pools: Pools) -> tuple[str, ...]:
    if name.text in pools:
        scope.names.used.add(name.text)
        return pools[name.text].models
    is_model = scope.names.open or name.text in scope.names.models
    hint = f"write a list: `[{name.span.text}]`" if is_model else did_you_mean(name.text, pools)
    edit = f"[{name.span.text}]" if is_model else None
    scope.findings.error("R0202", name.span, f"`{name.text}` is no pool", hint, edit=edit)
    return ()


def _listed_models(items: syntax.Items, scope: Scope) -> tuple[str, ...]:
    models: list[str] = []
    for item in items.items:
        if not isinstance(item, syntax.Name | syntax.Text):
            scope.findings.error("R0202", item.span, f"`{item.span.text}` is no model's name")
            continue
        name = item.text if isinstance(item, syntax.Name) else item.value
        if name in models:
            scope.findings.error("R0203", item.span, f"`{name}` is listed twice")
        elif is_model(name, item.span, scope):
            models.append(name)
    return tuple(models)


def is_model(name: str, span: Span, scope: Scope) -> bool:
    """Whether a name is a model's; where it is not, that is reported."""
    names = scope.names
    if name in names.models or (names.open and name not in names.pools):
        return True
    if name in names.pools:
        hint = "a pool stands in the place of a whole list"
        scope.findings.error("R0202", span, f"`{name}` is a pool, not a model", hint)
    else:
        suggestion = did_you_mean(name, [*names.models, *names.pools]) or _routes_hint(name, scope)
        scope.findings.error("R0202", span, f"`{name}` is no declared model", suggestion)
    return False


def _routes_hint(name: str, scope: Scope) -> str | None:
    return f"to hand over to that route, write `route {name}`" if name in scope.names.routes else None


def _strategy(name: syntax.Name, scope: Scope, *, shared: bool) -> str:
    known = scope.vocabulary.strategies
    if name.text not in known:
        hint = did_you_mean(name.text, known) or f"the strategies are {listed(sorted(known))}"
        scope.findings.error("R0205", name.span, f"`{name.text}` is no strategy", hint)
    elif known[name.text] and not shared:
        hint = f"write `{name.text} of [a 90%, b 10%]`"
        scope.findings.error("R0503", name.span, f"`{name.text}` needs a share for each model", hint)
    elif shared and not known[name.text]:
        hint = "leave the shares out, or write `split of …`"
        scope.findings.error("R0503", name.span, f"`{name.text}` takes no shares", hint)
    return name.text


def check_target(target: syntax.Target, scope: Scope, pools: Pools) -> policy.Target:
    """The target as the engine takes it; what is wrong is reported."""
    match target:
        case syntax.ToName(name=name):
            return _to_name(name, scope, pools)
        case syntax.ToStrategy():
            strategy = _strategy(target.strategy, scope, shared=False)
            models = model_list(target.source, scope, pools)
            inside = replace(scope, candidate=True)
            where = None if target.where is None else check_condition(target.where, inside)
            candidates = tuple(_candidate(model, where) for model in models)
            return policy.Ranked(strategy=strategy, candidates=candidates)
        case syntax.ToSplit():
            return _to_split(target, scope)
        case syntax.ToRoute(name=name):
            return _to_route(name, scope)
        case syntax.ToReject():
            return _to_reject(target, scope)


def _to_name(name: syntax.Name, scope: Scope, pools: Pools) -> policy.Target:
    if name.text in pools:
        scope.names.used.add(name.text)
        pool = pools[name.text]
        candidates = tuple(policy.Candidate(model=model) for model in pool.models)
        return policy.Ranked(strategy=pool.strategy, candidates=candidates)
    found = is_model(name.text, name.span, scope)
    return policy.Ranked(strategy="first", candidates=(policy.Candidate(model=name.text),) if found else ())


def _candidate(model: str, where: policy.Condition | None) -> policy.Candidate:
    return policy.Candidate(model=model, where=None if where is None else about(where, model))


def about(condition: policy.Condition, model: str) -> policy.Condition:
    """A `where` condition with one candidate's name in the place of `CANDIDATE`."""
    match condition:
        case policy.And(items=items) | policy.Or(items=items):
            return replace(condition, items=tuple(about(item, model) for item in items))
        case policy.Not(item=item):
            return replace(condition, item=about(item, model))
        case policy.Constant():
            return condition
        case _:
            if condition.fact.model != policy.CANDIDATE:
                return condition
            return replace(condition, fact=replace(condition.fact, model=model))


def _to_split(target: syntax.ToSplit, scope: Scope) -> policy.Target:
    strategy = _strategy(target.strategy, scope, shared=True)
    by = None if target.by is None else signal_fact(target.by, scope)
    names = syntax.Items(tuple(share.name for share in target.shares), span=target.span)
    models = _listed_models(names, scope)
    shares = _shares(target, scope)
    if len(models) != len(target.shares):
        shares = ()  # a model was reported
    candidates = tuple(policy.Candidate(model=model) for model in models)
    return policy.Ranked(strategy=strategy, candidates=candidates, shares=shares, by=by)


def _shares(target: syntax.ToSplit, scope: Scope) -> tuple[int, ...]:
    given = [None if share.share is None else _share(share.share, scope) for share in target.shares]
    rest = WHOLE - sum(share for share in given if share is not None)
    left_out = given.count(None)
    if left_out > 1:
        scope.findings.error("R0503", target.span, "more than one share is left out", "one may be: it takes the rest")
    elif rest < 0 or (rest > 0 and not left_out) or (rest == 0 and left_out):
        total = (WHOLE - rest) * 100 / WHOLE
        over = "nothing is left for the one without" if rest == 0 else f"the shares make {total:g} %, not 100 %"
        scope.findings.error("R0503", target.span, over)
    return tuple(rest if share is None else share for share in given)


def _share(literal: syntax.Literal, scope: Scope) -> int:
    try:
        found = parse_quantity(literal.text)
    except LiteralError as error:
        scope.findings.error("R0302", literal.span, str(error), error.help)
        return 0
    if found.type is not Type.SHARE:
        scope.findings.error("R0301", literal.span, f"`{literal.text}` is no share", f"did you mean `{literal.text}%`?")
        return 0
    return int(found.value)


def _to_route(name: syntax.Name, scope: Scope) -> policy.Target:
    routes = {each.text: route for route, node in scope.names.routes.items() for each in node.names}
    if name.text not in routes:
        hint = did_you_mean(name.text, routes)
        scope.findings.error("R0202", name.span, f"`{name.text}` is no route", hint)
    return policy.HandOver(routes.get(name.text, name.text))


def _to_reject(target: syntax.ToReject, scope: Scope) -> policy.Target:
    status = int(target.status.text) if target.status.text.isdecimal() and len(target.status.text) == 3 else 0
    if not 400 <= status <= 599:
        message = f"`{target.status.text}` is no status that a rejection can have"
        scope.findings.error("R0504", target.status.span, message, "statuses go from `400` to `599`")
    if not target.message.value.isprintable():
        scope.findings.error("R0702", target.message.span, "the message has a control character")
    return policy.Reject(status, target.message.value)
