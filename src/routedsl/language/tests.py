"""Tests checked: what each states of its request and of the world, and what it expects of the decision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

from msgspec.structs import replace

from routedsl.base.source import Span
from routedsl.base.types import Type, Value
from routedsl.base.units import WHOLE
from routedsl.language import policy, syntax
from routedsl.language.constants import read_constant
from routedsl.language.expected import Known, check_expected
from routedsl.language.findings import kind_of, quoted
from routedsl.language.operands import CONTROL, SettingError, read_duration
from routedsl.language.references import Asked, find_signal
from routedsl.language.scope import Scope, Wrong
from routedsl.language.targets import Pools

MISSING = "missing"
"""What a test states of a fact that is not there."""
_EXPECTING = frozenset({"expects", "expected", "expecting", "should", "then", "want", "wants", "gives", "goes"})
"""What other tools call `expect`."""
_REQUEST, _STICKY, _STICKY_AGE = "request", "sticky", "sticky_age"
"""What a test says beside facts."""


def check_tests(scope: Scope, pools: Pools, rules: Sequence[policy.Rule]) -> tuple[policy.Test, ...]:
    """Every test; what is wrong is reported, and left out."""
    names = replace(scope.names, used=set())  # what tests alone name is as good as unused
    inside, known = replace(scope, names=names), Known.of(scope, pools, rules)
    _check_names(scope)
    return tuple(_test(node, inside, known) for node in names.tests)


def _check_names(scope: Scope) -> None:
    first: dict[str, syntax.Text] = {}
    for test in scope.names.tests:
        name = test.name.value
        if name in first:
            message = f"two tests are named {quoted(name)}"
            scope.findings.twice("R0203", test.name.span, message, first[name].span, help="give one another name")
        first.setdefault(name, test.name)
        if not name.strip() or CONTROL.search(name):
            message = "the name has a control character" if name.strip() else "the test has no name"
            scope.findings.error("R0702" if name.strip() else "R0101", test.name.span, message, "say what is tested")


def _test(node: syntax.Test, scope: Scope, known: Known) -> policy.Test:
    if not node.expected and not any(stated.signal.name in _EXPECTING for stated in node.stated):
        help_ = "say what is decided: `expect tiny`, `expect rule quick`, `expect reject 403`"
        scope.findings.error("R1101", node.name.span, "the test expects nothing", help_)
    told, stated = _told(node.stated, scope)
    _check_laws(stated, scope)
    request, sticky, age = (told.get(name) for name in (_REQUEST, _STICKY, _STICKY_AGE))
    return policy.Test(
        name=node.name.value,
        stated=stated,
        expected=check_expected(node.expected, scope, known),
        request=request if isinstance(request, syntax.Text) else None,
        sticky=sticky if isinstance(sticky, str) else None,
        sticky_age=age if isinstance(age, int) else 0,
        span=node.name.span,
    )


def _told(nodes: Iterable[syntax.Stated], scope: Scope) -> tuple[Mapping[str, object], tuple[policy.Stated, ...]]:
    """What is said beside facts by its name, and the facts."""
    told: dict[str, object] = {}
    stated: dict[str, policy.Stated] = {}
    places: dict[str, Span] = {}
    for node in nodes:
        read = _BESIDE.get(node.signal.span.text)
        try:
            if read is not None:
                text = node.signal.name
                told.setdefault(text, read(node.value, scope))
            else:
                fact = _stated(node, scope)
                text = fact.fact.text
                stated.setdefault(text, fact)
        except Wrong:
            continue
        if text in places:
            message = f"{quoted(node.signal.span.text)} is stated twice"
            scope.findings.twice("R0404", node.signal.span, message, places[text], help="leave one out")
        places.setdefault(text, node.signal.span)
    return told, tuple(stated.values())


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def _stated(node: syntax.Stated, scope: Scope) -> policy.Stated:
    ref = node.signal
    if ref.name in _EXPECTING:
        message = f"{quoted(ref.name)} starts nothing in a test"
        raise scope.wrong("R0102", ref.span, message, "write `expect`", edit="expect")
    if ref.name in scope.names.lets and ref.model is None:
        help_ = "state the facts that it asks for"
        raise scope.wrong("R1102", ref.span, f"{quoted(ref.span.text)} is a condition, and no fact", help_)
    asked = find_signal(ref, scope)
    if asked.word.declared:
        help_ = f"a test takes it from there: declare it in `model {asked.fact.model}`"
        raise scope.wrong("R1102", ref.span, f"{quoted(ref.span.text)} is what a model declares", help_)
    return policy.Stated(asked.fact, _value(node.value, asked, scope), span=node.span)


def _value(operand: syntax.Operand, asked: Asked, scope: Scope) -> Value:
    match operand, asked.type:
        case syntax.Name(text=word), _ if word == MISSING:
            if asked.word.optional:
                return None
            raise scope.wrong("R1102", operand.span, f"{quoted(asked.text)} is never missing", _written(asked))
        case syntax.Truth(value=value), Type.BOOL:
            return value
        case syntax.Text(), Type.TEXT:
            return read_constant(operand, asked, scope)
        case syntax.Literal(), type_ if type_ not in (Type.BOOL, Type.TEXT, Type.TEXTS):
            return _in_range(read_constant(operand, asked, scope), operand, asked, scope)
        case _:
            raise _unlike(operand, asked, scope)


def _in_range(value: Value, operand: syntax.Operand, asked: Asked, scope: Scope) -> Value:
    if asked.fact.signal == "draw" and value == WHOLE:
        help_ = "a draw goes from `0%` to just below `100%`"
        raise scope.wrong("R1102", operand.span, f"`{operand.span.text}` is no draw", help_)
    return value


_TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_EXAMPLES: Mapping[Type, str] = {
    Type.BOOL: "true",
    Type.TEXT: '"…"',
    Type.COUNT: "8k",
    Type.NUMBER: "0.7",
    Type.DURATION: "10s",
    Type.MONEY: "$0.05",
    Type.SHARE: "5%",
    Type.TIME: "09:00",
    Type.TEXTS: "",
}


def _written(asked: Asked) -> str:
    return f"write it as `{asked.text} {_EXAMPLES[asked.type]}`"


def _unlike(operand: syntax.Operand, asked: Asked, scope: Scope) -> Wrong:
    """Report a value of another type than the fact's; what is returned is to be raised."""
    words, meant = operand.span.text, None
    match operand, asked.type:
        case syntax.Name(text=text) | syntax.Literal(text=text), Type.TEXT:
            meant = f'"{text}"'
        case syntax.Name(text=text), Type.BOOL:
            meant = _TRUTHS.get(text)
        case syntax.Text(value=text), type_ if type_ is not Type.TEXTS:
            meant = text if text[:1].isdigit() or text in ("true", "false") else None
        case _:
            pass
    help_ = f"write `{asked.text} {meant}`" if meant else _written(asked)
    message = f"{quoted(words)} is stated of {quoted(asked.text)}, which is {kind_of(asked.type)}"
    return scope.wrong("R0301", operand.span, message, help_, edit=meant)


def _check_laws(stated: Sequence[policy.Stated], scope: Scope) -> None:
    """No request has more `turns` than `messages`; what is never more than another is not stated so."""
    for one, other in product(stated, stated):
        word = scope.vocabulary.signals.get(one.fact.signal)
        if word is None or one.fact.model or word.at_most != other.fact.text:
            continue
        if isinstance(one.value, int) and isinstance(other.value, int) and one.value > other.value:
            message = f"no request has {quoted(one.span.text)} and {quoted(other.span.text)}"
            help_ = f"`{one.fact.text}` is never more than `{other.fact.text}`"
            scope.findings.error("R1103", one.span, message, help_)


# ── what is said beside facts ───────────────────────────────────────────────────────────────────


def _request(operand: syntax.Operand, scope: Scope) -> syntax.Text:
    if isinstance(operand, syntax.Text) and operand.value and "\0" not in operand.value:
        return operand
    bare = f'"{operand.span.text}"' if isinstance(operand, syntax.Name) else None
    help_ = "write `request {}`".format(bare or '"request.json"')
    raise scope.wrong("R0402", operand.span, f"{quoted(operand.span.text)} names no file", help_, edit=bare)


def _sticky(operand: syntax.Operand, scope: Scope) -> str:
    match operand:
        case syntax.Name(text=name) | syntax.Text(value=name) if scope.has_model(name, operand.span):
            return name
        case syntax.Name() | syntax.Text():
            raise Wrong
        case _:
            raise scope.wrong("R0402", operand.span, f"{quoted(operand.span.text)} is no model", "write `sticky tiny`")


def _sticky_age(operand: syntax.Operand, scope: Scope) -> int:
    try:
        return read_duration(operand)
    except SettingError as error:
        raise scope.wrong(error.code, error.span, str(error), error.help, edit=error.edit) from error


_BESIDE: Mapping[str, Callable[[syntax.Operand, Scope], object]] = {
    _REQUEST: _request,
    _STICKY: _sticky,
    _STICKY_AGE: _sticky_age,
}
