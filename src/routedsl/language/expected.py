"""What tests expect of decisions, checked: models, rules and routes that there are, options as rules write them."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from routedsl.base.source import Span
from routedsl.language import policy, syntax
from routedsl.language.findings import listed, quoted, some, suggested
from routedsl.language.operands import SettingError, read_name, read_names
from routedsl.language.rules import EXPLICIT, read_options
from routedsl.language.scope import Scope, Wrong
from routedsl.language.settings import OPTIONS
from routedsl.language.targets import Pools, read_status

MODEL, RULE, ROUTE, CHAIN, REJECT = "model", "rule", "route", "chain", "reject"
_KINDS = (RULE, ROUTE, CHAIN, REJECT)


class Known(Struct, frozen=True):
    """The names of rules that decide, and of routes in which they stand."""

    rules: Collection[str]
    routes: Collection[str]
    pools: Pools

    @staticmethod
    def of(scope: Scope, pools: Pools, rules: Sequence[policy.Rule]) -> "Known":
        """Those of a policy."""
        named = [rule.name for rule in rules if not isinstance(rule.target, policy.HandOver)]
        return Known(dict.fromkeys([*named, EXPLICIT]), dict.fromkeys(scope.names.route_names.values()), pools)


def check_expected(nodes: Iterable[syntax.Expected], scope: Scope, known: Known) -> tuple[policy.Expected, ...]:
    """What is expected, each thing once."""
    found: dict[str, policy.Expected] = {}
    for node in nodes:
        try:
            expected = _expected(node, scope, known)
        except Wrong:
            continue
        if expected.what in found:
            message = f"`{expected.what}` is expected twice"
            scope.findings.twice("R0404", node.span, message, found[expected.what].span, help="leave one out")
        found.setdefault(expected.what, expected)
    return tuple(found.values())


def _expected(node: syntax.Expected, scope: Scope, known: Known) -> policy.Expected:
    what = MODEL if node.what is None else node.what.text
    if node.message is not None and what != REJECT:
        raise scope.wrong("R0102", node.message.span, f"`expect {what}` takes one value", "leave the text out", edit="")
    try:
        value = _value(node, what, scope, known)
    except SettingError as error:
        raise scope.wrong(error.code, error.span, str(error), error.help, edit=error.edit) from error
    message = None if node.message is None else node.message.value
    return policy.Expected(what, value, message, span=node.span)


def _value(node: syntax.Expected, what: str, scope: Scope, known: Known) -> object:
    place = node.value.span
    match what:
        case "model":
            return _model(node, scope)
        case "rule":
            return _known(read_name(node.value), known.rules, "rule", place, scope)
        case "route":
            return _known(read_name(node.value), known.routes, "route", place, scope)
        case "chain":
            return _chain(node.value, scope)
        case "reject":
            return _status(node.value, scope)
        case _:
            return _option(node, what, scope, known)


def _model(node: syntax.Expected, scope: Scope) -> str:
    name = read_name(node.value)
    if name == REJECT and name not in scope.names.models:
        raise scope.wrong("R0504", node.span, "`reject` needs its status", "write `expect reject 403`")
    if not scope.has_model(name, node.value.span):
        raise Wrong
    return name


def _chain(operand: syntax.Operand, scope: Scope) -> tuple[str, ...]:
    names = read_names(operand)
    items = operand.items if isinstance(operand, syntax.Items) else ()
    there = [scope.has_model(name, item.span) for name, item in zip(names, items, strict=True)]  # each is told
    if not all(there):
        raise Wrong
    return names


def _known(name: str, known: Collection[str], kind: str, place: Span, scope: Scope) -> str:
    if name not in known:
        hint, edit = suggested(name, known, f"there is {some(known)}")
        raise scope.wrong("R1104", place, f"no {kind} that decides is named {quoted(name)}", hint, edit=edit)
    return name


def _status(operand: syntax.Operand, scope: Scope) -> int:
    if not isinstance(operand, syntax.Literal):
        raise scope.wrong("R0504", operand.span, f"{quoted(operand.span.text)} is no status", "write `reject 403`")
    return read_status(operand, scope)


def _option(node: syntax.Expected, what: str, scope: Scope, known: Known) -> object:
    if node.what is None or what not in OPTIONS.readers:
        hint, edit = suggested(what, (*_KINDS, *OPTIONS.readers), _help(scope))
        place = node.span if node.what is None else node.what.span
        raise scope.wrong("R1104", place, f"{quoted(what)} is nothing that a test expects", hint, edit=edit)
    found = read_options([syntax.Setting(node.what, node.value, span=node.span)], scope, known.pools)
    if what not in found:
        raise Wrong
    return found[what]


def _help(scope: Scope) -> str:
    example = next(iter(scope.names.models), "tiny")
    return f"write `expect {example}`, an option and its value, or one of {listed(_KINDS)}"
