"""Routes checked: the order of rules, their names and numbers, options merged from the inside out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from routedsl.base.source import Span
from routedsl.language import policy, syntax
from routedsl.language.conditions import Scope, check_condition, find_cycle
from routedsl.language.settings import OptionSettings, read_settings
from routedsl.language.targets import Pools, check_target, model_list

Given = Mapping[str, Any]
"""The options that are written at one level, already checked."""
MOST_RULES = 10_000


@dataclass(slots=True)
class _Build:
    """One route being checked: what its rules share, and the numbers given so far."""

    route: str
    scope: Scope
    pools: Pools
    rules: list[policy.Rule]
    names: dict[str, Span]
    first: int = field(init=False)

    def __post_init__(self) -> None:
        self.first = len(self.rules)


def check_routes(
    scope: Scope, pools: Pools, defaults: Given
) -> tuple[dict[str, policy.Route], tuple[policy.Rule, ...]]:
    """Every route by name, and all rules in the order of their numbers."""
    rules: list[policy.Rule] = []
    taken: dict[str, Span] = {}
    routes = {}
    for name, node in scope.names.routes.items():
        build = _Build(name, scope, pools, rules, taken)
        items = _body(node.body, build, defaults)
        _must_end(node, scope)
        routes[name] = policy.Route(
            name=name,
            names=tuple(n.text for n in node.names if not is_pattern(n.text)),
            patterns=tuple(n.text for n in node.names if is_pattern(n.text)),
            items=items,
            span=node.span,
        )
    if len(rules) > MOST_RULES:
        scope.findings.error("R0108", rules[MOST_RULES].span, f"the policy has more than {MOST_RULES} rules")
    _check_handovers(rules, scope)
    return routes, tuple(rules)


def is_pattern(name: str) -> bool:
    """Whether a route's name is a pattern, as `like` takes it."""
    return "*" in name or "?" in name


def _must_end(route: syntax.Route, scope: Scope) -> None:
    rules = [item for item in route.body if not isinstance(item, syntax.Setting)]
    last = rules[-1] if rules else None
    if isinstance(last, syntax.Rule) and isinstance(last.condition, syntax.Always | None):
        return
    place = route.names[0].span if last is None else last.keyword
    scope.findings.error(
        "R0502",
        place,
        f"the route `{route.names[0].text}` does not end in `else`",
        'say what takes every other request: `else …`, or on purpose `else reject 400 "…"`',
    )


def _body(
    body: Sequence[syntax.Rule | syntax.Block | syntax.Setting], build: _Build, outer: Given
) -> tuple[policy.Rule | policy.Block, ...]:
    _check_order(body, build.scope)
    settings = [item for item in body if isinstance(item, syntax.Setting)]
    options = {**outer, **read_options(settings, build.scope, build.pools)}
    return tuple(_item(item, build, options) for item in body if not isinstance(item, syntax.Setting))


def _check_order(body: Sequence[syntax.Rule | syntax.Block | syntax.Setting], scope: Scope) -> None:
    places = [index for index, item in enumerate(body) if not isinstance(item, syntax.Setting)]
    closed: syntax.Rule | None = None
    for index, item in enumerate(body):
        if isinstance(item, syntax.Setting):
            if places and places[0] < index < places[-1]:
                hint = "bare options stand before the first or after the last rule; those of one rule in its braces"
                scope.findings.error("R0405", item.name.span, f"`{item.name.text}` stands between two rules", hint)
        elif closed is not None:
            scope.findings.twice("R0501", item.keyword, "no request reaches a rule after `else`", closed.keyword)
            return
        elif isinstance(item, syntax.Rule) and item.condition is None:
            closed = item


def _item(item: syntax.Rule | syntax.Block, build: _Build, options: Given) -> policy.Rule | policy.Block:
    if isinstance(item, syntax.Rule):
        return _rule(item, build, options)
    condition = check_condition(item.condition, build.scope)
    if not any(not isinstance(inner, syntax.Setting) for inner in item.body):
        build.scope.findings.error("R0505", item.keyword, "the block has no rule")
    return policy.Block(condition=condition, items=_body(item.body, build, options), span=item.span)


def _rule(rule: syntax.Rule, build: _Build, outer: Given) -> policy.Rule:
    scope = build.scope
    condition = (
        policy.Constant(True, span=rule.keyword) if rule.condition is None else check_condition(rule.condition, scope)
    )
    target = check_target(rule.target, scope, build.pools)
    if rule.options and not isinstance(target, policy.Ranked):
        message = "options in braces do nothing behind this target"
        scope.findings.error("R0507", rule.options[0].span, message, "leave them out")
    checked = policy.Rule(
        number=len(build.rules),
        name=_name(rule, build),
        route=build.route,
        condition=condition,
        target=target,
        options=policy.Options(**{**outer, **read_options(rule.options, scope, build.pools)}),
        span=rule.keyword,
    )
    build.rules.append(checked)
    return checked


def _name(rule: syntax.Rule, build: _Build) -> str:
    if rule.name is None:
        return f"{build.route}:{len(build.rules) - build.first + 1}"
    name = rule.name
    if name.text in build.names:
        message = f"two rules are named `{name.text}`"
        build.scope.findings.twice("R0203", name.span, message, build.names[name.text])
    if not name.text.isprintable():
        build.scope.findings.error("R0702", name.span, "the name has a control character")
    build.names.setdefault(name.text, name.span)
    return name.text


def read_options(settings: Sequence[syntax.Setting], scope: Scope, pools: Pools) -> dict[str, Any]:
    """The options that settings write, by name; those with errors are reported and left out."""
    if not settings:
        return {}
    found = read_settings(OptionSettings, settings, settings[0].span, scope.findings, {})
    return {} if found is None else resolve_options(found, settings, scope, pools)


def resolve_options(
    found: OptionSettings, settings: Sequence[syntax.Setting], scope: Scope, pools: Pools
) -> dict[str, Any]:
    """Checked option settings as `Options` takes them: models found, what is not there yet refused."""
    given = {name: value for name, value in found.model_dump().items() if value is not None and name in _OPTIONS}
    if found.hedge is not None:
        place = next(s.name.span for s in settings if s.name.text == "hedge")
        scope.findings.not_yet(place, "`hedge` is")
    if found.fallback is not None:
        given["fallback"] = _fallback(found.fallback, scope, pools)
    return given


_OPTIONS = frozenset(field_name for field_name in OptionSettings.model_fields if field_name != "hedge")


def _fallback(operand: syntax.Operand, scope: Scope, pools: Pools) -> tuple[str, ...]:
    if isinstance(operand, syntax.Items | syntax.Name):
        return model_list(operand, scope, pools)
    message = f"`{operand.span.text}` should be a list of models"
    scope.findings.error("R0402", operand.span, message, "write `[large, medium]`")
    return ()


def _check_handovers(rules: Sequence[policy.Rule], scope: Scope) -> None:
    def following(route: str) -> list[str]:
        return [rule.target.route for rule in rules if rule.route == route and isinstance(rule.target, policy.HandOver)]

    for rule in rules:
        if isinstance(rule.target, policy.HandOver):
            path = find_cycle(rule.target.route, following)
            if path is not None and rule.route == min(path) and rule.target.route in path:
                text = " → ".join(f"`{step}`" for step in [*path, path[0]])
                scope.findings.error("R0206", rule.span, f"routes hand over to each other: {text}")


def all_rules(items: Sequence[policy.Rule | policy.Block]) -> Iterator[policy.Rule]:
    """The rules of a route in the order of the text, nested ones included."""
    for item in items:
        if isinstance(item, policy.Block):
            yield from all_rules(item.items)
        else:
            yield item


def with_defaults(given: Given) -> policy.Options:
    """The options of an explicit choice: those of `defaults`, less `fallback`."""
    return replace(policy.Options(**given), fallback=())
