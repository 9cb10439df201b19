"""Routes checked: the order of rules, their names and numbers, options merged from the inside out."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Span
from routedsl.language import policy, syntax
from routedsl.language.conditions import check_condition
from routedsl.language.findings import quoted
from routedsl.language.graph import shown, walk
from routedsl.language.scope import Scope
from routedsl.language.settings import OPTIONS, read_settings
from routedsl.language.targets import Pools, check_target, model_list

Given = Mapping[str, Any]
"""The options that are written at one level, already checked."""
Body = Sequence[syntax.Rule | syntax.Block | syntax.Setting]
MOST_RULES = 10_000
_LAST = "move `else` to the end, or leave out what stands behind it"
EXPLICIT = "explicit"
"""What stands for a rule where the client's choice of a model was kept."""


class _Build(Struct):
    """One route being checked: what its rules share, and the numbers given so far."""

    route: str
    scope: Scope
    pools: Pools
    rules: list[policy.Rule]
    names: dict[str, syntax.Rule]
    first: int


def check_routes(
    scope: Scope, pools: Pools, defaults: Given
) -> tuple[dict[str, policy.Route], tuple[policy.Rule, ...]]:
    """Every route by name, and all rules in the order of their numbers."""
    rules: list[policy.Rule] = []
    taken: dict[str, syntax.Rule] = {}
    routes = {}
    for node in scope.names.routes:
        name = node.names[0].text
        build = _Build(name, scope, pools, rules, taken, first=len(rules))
        routes[name] = policy.Route(
            name=name,
            names=tuple(n.text for n in node.names if not is_pattern(n.text)),
            patterns=tuple(n.text for n in node.names if is_pattern(n.text)),
            items=_body(node.body, build, defaults),
            span=node.span,
        )
        _check_not_empty(node, scope)
    if len(rules) > MOST_RULES:
        scope.findings.error("R0108", rules[MOST_RULES].span, f"the policy has more than {MOST_RULES} rules")
    _check_handovers(rules, scope)
    return routes, tuple(rules)


def is_pattern(name: str) -> bool:
    """Whether a route's name is a pattern, as `like` takes it."""
    return "*" in name or "?" in name


def _check_not_empty(route: syntax.Route, scope: Scope) -> None:
    if not _rules(route.body):
        name = quoted(route.names[0].text)
        hint = "say what takes its requests: `else tiny`"
        scope.findings.error("R0505", route.names[0].span, f"the route {name} has no rule", hint)


def _rules(body: Body) -> list[syntax.Rule | syntax.Block]:
    return [item for item in body if not isinstance(item, syntax.Setting)]


def _body(body: Body, build: _Build, outer: Given) -> tuple[policy.Rule | policy.Block, ...]:
    _check_order(body, build.scope)
    settings = [item for item in body if isinstance(item, syntax.Setting)]
    options = {**outer, **read_options(settings, build.scope, build.pools)}
    return tuple(_item(rule, build, options) for rule in _rules(body))


def _check_order(body: Body, scope: Scope) -> None:
    places = [index for index, item in enumerate(body) if not isinstance(item, syntax.Setting)]
    for before, item in pairwise(body[places[0] : places[-1]] if places else ()):
        if isinstance(item, syntax.Setting):
            hint = "bare options stand before the first or after the last rule; those of one rule in its braces"
            edit = None
            if isinstance(before, syntax.Rule) and not before.options and _same_line(before.span, item.span):
                edit = Edit(item.span, f"{{ {item.span.text} }}")
                hint = f"write `{edit.replacement}` for this rule alone"
            message = f"{quoted(item.name.text)} stands between two rules"
            scope.findings.error("R0405", item.name.span, message, hint, edit=edit)
    rules = _rules(body)
    closed = next((i for i, rule in enumerate(rules) if isinstance(rule, syntax.Rule) and rule.condition is None), None)
    if closed is not None and rules[closed + 1 :]:
        place, first = rules[closed + 1].span.word, rules[closed].span.word
        scope.findings.twice(
            "R0501", place, "no request reaches a rule after `else`", first, "this takes the rest", _LAST
        )


def _same_line(before: Span, behind: Span) -> bool:
    return "\n" not in before.source.text[before.end : behind.start]


def _item(item: syntax.Rule | syntax.Block, build: _Build, options: Given) -> policy.Rule | policy.Block:
    if isinstance(item, syntax.Rule):
        return _rule(item, build, options)
    condition = check_condition(item.condition, build.scope)
    if not _rules(item.body):
        hint = "options alone do nothing: give it a rule, or leave it out"
        build.scope.findings.error("R0505", item.span.word, "the block has no rule", hint)
    return policy.Block(condition=condition, items=_body(item.body, build, options), span=item.span)


def _rule(rule: syntax.Rule, build: _Build, outer: Given) -> policy.Rule:
    scope = build.scope
    always = policy.Constant(True, span=rule.span.word)
    condition = always if rule.condition is None else check_condition(rule.condition, scope)
    target = check_target(rule.target, scope, build.pools)
    if rule.options and not isinstance(target, policy.Ranked):
        message = "options in braces do nothing behind this target"
        scope.findings.error("R0507", rule.options[0].span, message, "leave the braces out")
    checked = policy.Rule(
        number=len(build.rules),
        name=_name(rule, build),
        route=build.route,
        condition=condition,
        target=target,
        options=policy.Options(**{**outer, **read_options(rule.options, scope, build.pools)}),
        span=rule.span.word,
    )
    build.rules.append(checked)
    return checked


def _name(rule: syntax.Rule, build: _Build) -> str:
    """What `as` says, else `ROUTE:N`; no two rules have one name."""
    findings = build.scope.findings
    number = len(build.rules) - build.first + 1
    name, place = (f"{build.route}:{number}", rule.span.word) if rule.name is None else (rule.name.text, rule.name.span)
    first = build.names.setdefault(name, rule)
    if first is not rule and (first.name or rule.name):  # else a route stands twice, which is reported
        findings.twice(
            "R0203",
            place,
            f"two rules are named {quoted(name)}",
            first.name.span if first.name else first.span.word,
            help="give one of them another name",
        )
    if name == EXPLICIT:
        message = f"`{EXPLICIT}` is what stands for a rule where clients choose a model"
        findings.error("R0203", place, message, "give it another name")
    return name


# ── options ─────────────────────────────────────────────────────────────────────────────────────


def read_options(settings: Sequence[syntax.Setting], scope: Scope, pools: Pools) -> dict[str, Any]:
    """The options that settings write, by name; those with errors are reported and left out."""
    if not settings:
        return {}
    found = read_settings(OPTIONS, settings, settings[0].span, scope.findings)
    return {} if found is None else resolve_options(found, scope, pools)


def resolve_options(found: Given, scope: Scope, pools: Pools) -> dict[str, Any]:
    """The options among settings as `Options` takes them: models found."""
    given = {name: value for name, value in found.items() if name in OPTIONS.readers}
    if "fallback" in given:
        given["fallback"] = _fallback(given["fallback"], scope, pools)
    return given


def _fallback(operand: syntax.Operand, scope: Scope, pools: Pools) -> tuple[str, ...]:
    match operand:
        case syntax.Items() | syntax.Name():
            return model_list(operand, scope, pools)
        case syntax.Text(value=name):
            return model_list(syntax.Name(name, span=operand.span), scope, pools)
        case _:
            message = f"{quoted(operand.span.text)} should be a list of models"
            scope.findings.error("R0402", operand.span, message, "write `[large, medium]`")
            return ()


def with_defaults(given: Given) -> policy.Options:
    """The options of an explicit choice: those of `defaults`, less `fallback`."""
    return replace(policy.Options(**given), fallback=())


# ── one route to another ────────────────────────────────────────────────────────────────────────


def _check_handovers(rules: Iterable[policy.Rule], scope: Scope) -> None:
    places: dict[str, dict[str, Span]] = {}
    for rule in rules:
        if isinstance(rule.target, policy.HandOver):
            places.setdefault(rule.route, {}).setdefault(rule.target.route, rule.span)
    for cycle in walk(places).cycles:
        following = cycle[1] if len(cycle) > 1 else cycle[0]
        message = f"routes hand over to each other: {shown(cycle)}"
        help_ = "let one of them name a model in its place"
        scope.findings.error("R0206", places[cycle[0]][following], message, help_)
