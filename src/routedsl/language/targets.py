"""Targets checked: models, pools and routes found, strategies known, candidates and shares settled."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.base.units import WHOLE, LiteralError, Quantity, parse_quantity, render_quantity
from routedsl.language import policy, syntax
from routedsl.language.conditions import check_condition
from routedsl.language.findings import listed, quoted, some, suggested
from routedsl.language.graph import shown, walk
from routedsl.language.operands import CONTROL
from routedsl.language.references import find_signal
from routedsl.language.scope import Scope, Wrong

# ── pools and lists ─────────────────────────────────────────────────────────────────────────────


class CheckedPool(Struct, frozen=True):
    """A pool as resolved: its models, its strategy, and what that goes by."""

    strategy: str
    models: tuple[str, ...]
    order: str | None = None


Pools = Mapping[str, CheckedPool]


def check_pools(scope: Scope) -> dict[str, CheckedPool]:
    """Resolve every pool, those that it names before it; a pool in a cycle is reported and left empty."""
    declared = scope.names.pools
    walked = walk({name: _inner_pools(pool) for name, pool in declared.items()})
    for cycle in walked.cycles:
        message = f"{quoted(cycle[0])} is made of itself: {shown(cycle)}"
        help_ = "write one of them as a list of models"
        scope.findings.error("R0206", declared[cycle[0]].name.span, message, help_)
    pools = {name: CheckedPool("first", ()) for cycle in walked.cycles for name in cycle}
    for name in walked.order:
        if name not in pools:
            pools[name] = _checked_pool(declared[name].target, scope, pools)
    return pools


def _inner_pools(pool: syntax.Pool) -> tuple[str, ...]:
    source = pool.target.source if isinstance(pool.target, syntax.ToStrategy) else None
    return (source.text,) if isinstance(source, syntax.Name) else ()


def _checked_pool(target: syntax.ToStrategy | syntax.Items, scope: Scope, pools: Pools) -> CheckedPool:
    if isinstance(target, syntax.Items):
        return CheckedPool("first", ranked_models(target, scope, pools))
    if target.where is not None:
        scope.findings.error("R0405", target.where.span, "a pool takes no `where`", "put it on the target of a rule")
    strategy = _strategy(target.strategy, scope, shared=False)
    return CheckedPool(strategy, ranked_models(target.source, scope, pools), _order(target, scope))


def ranked_models(source: syntax.Items | syntax.Name | syntax.All, scope: Scope, pools: Pools) -> tuple[str, ...]:
    """The models that are to be ranked, which may not be none."""
    if isinstance(source, syntax.Items) and not source.items:
        scope.findings.error(
            "R0306", source.span, "the list is empty: there is no model to choose", "name a model in it"
        )
    return model_list(source, scope, pools)


def model_list(source: syntax.Items | syntax.Name | syntax.All, scope: Scope, pools: Pools) -> tuple[str, ...]:
    """The models that a list, a pool's name or `all` stands for, each once."""
    match source:
        case syntax.All():
            return _all_models(source, scope)
        case syntax.Name():
            return _pool_models(source, scope, pools)
        case syntax.Items():
            return _listed_models(source, scope)


def _all_models(source: syntax.All, scope: Scope) -> tuple[str, ...]:
    if scope.names.open:
        message = "`all` means the declared models, and this policy declares none"
        scope.findings.error("R0202", source.span, message, "write a list: `[tiny, large]`")
    return tuple(scope.names.models)


def _pool_models(name: syntax.Name, scope: Scope, pools: Pools) -> tuple[str, ...]:
    if name.text in pools:
        scope.names.used.add(("pool", name.text))
        return pools[name.text].models
    is_model = name.text in scope.names.models or (scope.names.open and name.text not in scope.names.route_names)
    edit = f"[{name.span.text}]" if is_model else None
    hint = f"write a list: `{edit}`"
    if not is_model:
        there = f"there is {some(pools)}" if pools else "write a list: `[tiny, large]`"
        hint, edit = suggested(name.text, pools, there)
    scope.findings.error("R0202", name.span, f"{quoted(name.text)} is no pool", hint, edit=edit)
    return ()


def _listed_models(items: syntax.Items, scope: Scope) -> tuple[str, ...]:
    models: list[str] = []
    for item in items.items:
        if not isinstance(item, syntax.Name | syntax.Text):
            scope.findings.error("R0202", item.span, f"{quoted(item.span.text)} is no model's name")
            continue
        name = item.text if isinstance(item, syntax.Name) else item.value
        if name in models:
            scope.findings.error("R0203", item.span, f"{quoted(name)} is listed twice", "leave one out")
        elif scope.has_model(name, item.span):
            models.append(name)
    return tuple(models)


# ── targets ─────────────────────────────────────────────────────────────────────────────────────


def _strategy(name: syntax.Name, scope: Scope, *, shared: bool) -> str:
    known = scope.vocabulary.strategies
    if name.text not in known:
        hint, edit = suggested(name.text, known, f"the strategies are {listed(sorted(known))}")
        scope.findings.error("R0205", name.span, f"{quoted(name.text)} is no strategy", hint, edit=edit)
    elif known[name.text] and not shared:
        hint = f"write `{name.text} of [a 90%, b 10%]`"
        scope.findings.error("R0503", name.span, f"`{name.text}` needs a share for each model", hint)
    elif shared and not known[name.text]:
        hint = "leave the shares out, or write `split` in its place"
        scope.findings.error("R0503", name.span, f"`{name.text}` takes no shares", hint, edit="split")
    return name.text


def check_target(target: syntax.Target, scope: Scope, pools: Pools) -> policy.Target:
    """The target as the engine takes it; what is wrong is reported."""
    match target:
        case syntax.ToName(name=name):
            return _to_name(name, scope, pools)
        case syntax.ToStrategy():
            return _to_strategy(target, scope, pools)
        case syntax.ToSplit():
            return _to_split(target, scope)
        case syntax.ToRoute(name=name):
            return _to_route(name, scope)
        case syntax.ToReject():
            return _to_reject(target, scope)


def _to_name(name: syntax.Name, scope: Scope, pools: Pools) -> policy.Target:
    if name.text in pools:
        scope.names.used.add(("pool", name.text))
        pool = pools[name.text]
        members = tuple(policy.Candidate(model=model) for model in pool.models)
        return policy.Ranked(strategy=pool.strategy, candidates=members, order=pool.order)
    found = scope.has_model(name.text, name.span, target=True)
    return policy.Ranked(strategy="first", candidates=(policy.Candidate(model=name.text),) if found else ())


def _to_strategy(target: syntax.ToStrategy, scope: Scope, pools: Pools) -> policy.Target:
    strategy = _strategy(target.strategy, scope, shared=False)
    models = ranked_models(target.source, scope, pools)
    inside = replace(scope, candidate=True)
    where = None if target.where is None else check_condition(target.where, inside)
    kept = tuple(_candidate(model, where) for model in models)
    return policy.Ranked(strategy=strategy, candidates=kept, order=_order(target, scope))


def _order(target: syntax.ToStrategy, scope: Scope) -> str | None:
    """The fact of a model that a strategy is to go by; None where none is written, and where what is written is wrong.

    One that is unknown, or takes shares, has been reported.
    """
    name, known = target.strategy.text, scope.vocabulary
    if target.by is None or known.strategies.get(name, True):
        return None
    if name not in known.ordered:
        hint = f"{listed(sorted(known.ordered))} does"
        scope.findings.error("R0508", target.by.span, f"`{name}` takes no `by`", hint)
        return None
    fact = known.model_facts.get(target.by.name)
    if fact is None or not fact.better or target.by.model or target.by.key:
        better = [word.name for word in known.model_facts.values() if word.better]
        message = f"{quoted(target.by.span.text)} is nothing that `{name}` can go by"
        scope.findings.error("R0508", target.by.span, message, f"of what it goes by, more is better: {listed(better)}")
        return None
    return fact.name


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


# ── shares ──────────────────────────────────────────────────────────────────────────────────────


def _to_split(target: syntax.ToSplit, scope: Scope) -> policy.Target:
    strategy = _strategy(target.strategy, scope, shared=True)
    names = syntax.Items(tuple(share.name for share in target.shares), span=target.span)
    models = _listed_models(names, scope)
    shares = _shares(target, scope)
    if len(models) != len(target.shares):
        shares = ()  # a model was reported
    drawn = tuple(policy.Candidate(model=model) for model in models)
    return policy.Ranked(strategy=strategy, candidates=drawn, shares=shares, by=_by(target.by, scope))


def _by(ref: syntax.SignalRef | None, scope: Scope) -> policy.Fact | None:
    try:
        return None if ref is None else find_signal(ref, scope).fact
    except Wrong:
        return None


def _shares(target: syntax.ToSplit, scope: Scope) -> tuple[int, ...]:
    try:
        given = [None if share.share is None else _share(share.share, scope) for share in target.shares]
    except Wrong:
        return ()
    rest, left_out = WHOLE - sum(share for share in given if share is not None), given.count(None)
    if left_out > 1:
        hint = "one may be: it takes the rest"
        scope.findings.error("R0503", target.span, "more than one share is left out", hint)
    elif left_out and rest <= 0:
        scope.findings.error("R0503", target.span, "nothing is left for the one without a share")
    elif rest and not left_out:
        total = render_quantity(Quantity(Type.SHARE, WHOLE - rest)).removesuffix("%")
        hint = "one share may be left out: it takes the rest"
        scope.findings.error("R0503", target.span, f"the shares make {total} %, not 100 %", hint)
    return tuple(rest if share is None else share for share in given)


def _share(literal: syntax.Literal, scope: Scope) -> int:
    try:
        found = parse_quantity(literal.text)
    except LiteralError as error:
        raise scope.wrong("R0302", literal.span, str(error), error.help, edit=error.meant) from error
    if found.type is Type.SHARE:
        return int(found.value)
    meant = f"{literal.text}%" if literal.text.isdecimal() else None
    help_ = f"did you mean `{meant}`?" if meant else "shares are written `90%`"
    raise scope.wrong("R0301", literal.span, f"`{literal.text}` is no share", help_, edit=meant)


# ── what forwards nothing ───────────────────────────────────────────────────────────────────────


def _to_route(name: syntax.Name, scope: Scope) -> policy.Target:
    routes = scope.names.route_names
    if name.text not in routes:
        known = {**scope.names.models, **scope.names.pools}
        hint, edit = suggested(name.text, routes, f"there is {some(routes)}" if routes else "name a model")
        if name.text in known:
            hint, edit = f"write `-> {name.span.text}`", None
        scope.findings.error("R0202", name.span, f"{quoted(name.text)} is no route", hint, edit=edit)
    return policy.HandOver(routes.get(name.text, name.text))


def _to_reject(target: syntax.ToReject, scope: Scope) -> policy.Target:
    message, status = target.message.value, read_status(target.status, scope)
    if CONTROL.search(message):
        scope.findings.error("R0702", target.message.span, "the message has a control character", "take it out")
    return policy.Reject(status, message)


def read_status(literal: syntax.Literal, scope: Scope) -> int:
    """The status of a rejection; another is reported."""
    text = literal.text
    status = int(text) if text.isdecimal() and len(text) == 3 else 0
    if not 400 <= status <= 599:
        wrong = f"`{text}` is no status that a rejection can have"
        scope.findings.error("R0504", literal.span, wrong, "statuses go from `400` to `599`")
    return status
