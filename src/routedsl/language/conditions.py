"""Conditions checked: signals found, constants typed, `let`s inlined, everything normalized."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

import re2

from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.base.types import Type
from routedsl.base.units import LiteralError, Quantity, parse_quantity, render_quantity
from routedsl.language import policy, syntax
from routedsl.language.findings import Findings, listed
from routedsl.language.names import Names
from routedsl.language.vocabulary import SignalWord, Vocabulary

LATER = frozenset({"language", "code", "difficulty"})
"""Signals of the language that no version has yet."""
DEEPEST = 100
"""How deep `let`s may stand in each other."""
LARGEST = 10_000
"""How many predicates one `let` may stand for: each use of it is written out."""
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may name, and where findings go.

    `candidate` is true inside `where`. `inlined` keeps each `let` that was checked.
    """

    vocabulary: Vocabulary
    names: Names
    findings: Findings
    candidate: bool = False
    inlined: dict[str, policy.Condition] = field(default_factory=dict)


class _Wrong(Exception):  # noqa: N818 - not an error of the program: it ends the checking of one predicate
    """The predicate at hand was reported; nothing more is to be said of it."""


def check_condition(node: syntax.Condition, scope: Scope) -> policy.Condition:
    """The condition as the engine takes it; what is wrong is reported and stands for false."""
    match node:
        case syntax.And(items=items):
            return policy.And(tuple(check_condition(item, scope) for item in items), span=node.span)
        case syntax.Or(items=items):
            return policy.Or(tuple(check_condition(item, scope) for item in items), span=node.span)
        case syntax.Not(item=item):
            return policy.Not(check_condition(item, scope), span=node.span)
        case syntax.Always():
            return policy.Constant(True, span=node.span)
        case _:
            try:
                return _predicate(node, scope)
            except _Wrong:
                return policy.Constant(False, span=node.span)


_Leaf = (
    syntax.Compare
    | syntax.Between
    | syntax.Within
    | syntax.InRange
    | syntax.Contains
    | syntax.Matches
    | syntax.Like
    | syntax.Given
    | syntax.Holds
)


def _predicate(node: _Leaf, scope: Scope) -> policy.Condition:
    match node:
        case syntax.Holds():
            return _holds(node, scope)
        case syntax.Compare():
            return _compare(node, scope)
        case syntax.Between():
            return _between(node, scope)
        case syntax.InRange():
            return _in_range(node, scope)
        case syntax.Within():
            return _within(node, scope)
        case syntax.Contains():
            return _contains(node, scope)
        case syntax.Matches():
            return _matches(node, scope)
        case syntax.Like():
            fact, _ = _text_fact(node.signal, "like", scope)
            return policy.Like(fact, node.pattern.value, span=node.span)
        case syntax.Given():
            fact, _ = _fact(node.signal, scope)
            given = policy.Given(fact, span=node.span)
            return policy.Not(given, span=node.span) if node.missing else given


# ── signals ─────────────────────────────────────────────────────────────────────────────────────


def _fact(ref: syntax.SignalRef, scope: Scope) -> tuple[policy.Fact, SignalWord]:
    """The signal that a reference names; raises `_Wrong` where there is none."""
    word, model = _word(ref, scope)
    if word.keyed and ref.key is None:
        scope.findings.error("R0307", ref.span, f"`{word.name}` needs a name", f'write `{word.name}["…"]`')
        raise _Wrong
    if ref.key is not None and not word.keyed:
        scope.findings.error("R0307", ref.key.span, f"`{word.name}` takes no name in brackets")
        raise _Wrong
    key = None if ref.key is None else ref.key.value
    folded = key.lower() if key is not None and word.name == "header" else key
    return policy.Fact(word.name, word.type, folded, model, word.optional), word


def _word(ref: syntax.SignalRef, scope: Scope) -> tuple[SignalWord, str | None]:
    vocabulary, names = scope.vocabulary, scope.names
    if ref.model is not None:
        return _model_fact(ref.model.text, ref.name, ref, scope)
    if ref.name in names.lets:
        scope.findings.error("R0303", ref.span, f"`{ref.name}` is a condition: it stands alone")
        raise _Wrong
    if ref.name in names.classifiers:
        names.used.add(ref.name)
        return SignalWord(ref.name, Type.NUMBER, optional=True), None
    if scope.candidate and ref.name in vocabulary.model_facts:
        return vocabulary.model_facts[ref.name], policy.CANDIDATE
    if ref.name in vocabulary.signals:
        return vocabulary.signals[ref.name], None
    if "." in ref.name:
        model, _, fact = ref.name.rpartition(".")
        return _model_fact(model, fact, ref, scope)
    raise _unknown(ref, scope)


def _model_fact(model: str, fact: str, ref: syntax.SignalRef, scope: Scope) -> tuple[SignalWord, str]:
    names, facts = scope.names, scope.vocabulary.model_facts
    if fact not in facts:
        known = did_you_mean(fact, facts) or f"a model's facts are {listed(facts)}"
        scope.findings.error("R0201", ref.span, f"`{fact}` is no fact of a model", known)
        raise _Wrong
    if not names.open and model not in names.models:
        hint = did_you_mean(model, names.models)
        scope.findings.error("R0202", ref.span, f"`{model}` is no declared model", hint)
        raise _Wrong
    return facts[fact], model


def _unknown(ref: syntax.SignalRef, scope: Scope) -> _Wrong:
    name, findings, vocabulary = ref.name, scope.findings, scope.vocabulary
    if name in vocabulary.model_facts:
        example = next(iter(scope.names.models), "tiny")
        findings.error("R0308", ref.span, f"`{name}` is a fact of a model", f"write whose it is: `{example}.{name}`")
    elif name in LATER:
        findings.not_yet(ref.span, f"the signal `{name}` is")
    else:
        known = [*vocabulary.signals, *scope.names.lets, *(vocabulary.model_facts if scope.candidate else ())]
        findings.error("R0201", ref.span, f"`{name}` is no signal and no `let`", did_you_mean(name, known))
    return _Wrong()


def _text_fact(ref: syntax.SignalRef, verb: str, scope: Scope) -> tuple[policy.Fact, SignalWord]:
    fact, word = _fact(ref, scope)
    if word.type is not Type.TEXT:
        _operator(ref, verb, word, scope)
    return fact, word


def _operator(ref: syntax.SignalRef, verb: str, word: SignalWord, scope: Scope) -> None:
    help_ = {
        Type.BOOL: f"it is yes or no: write `{word.name}` or `not {word.name}`",
        Type.TEXTS: f'ask for a member: `{word.name} contains "…"`',
        Type.TEXT: "texts are compared by `==`, `in`, `contains`, `matches` and `like`",
    }.get(word.type, f"compare it: `{word.name} > …`")
    scope.findings.error("R0303", ref.span, f"`{word.name}` is a {word.type}, which has no `{verb}`", help_)
    raise _Wrong


# ── constants ───────────────────────────────────────────────────────────────────────────────────

Constant = int | float | str


def _constant(operand: syntax.Operand, word: SignalWord, scope: Scope) -> Constant:
    """The operand as a value of the signal's type; raises `_Wrong` where it is none."""
    if word.type is Type.TEXT or word.type is Type.TEXTS:
        return _text(operand, word, scope)
    if isinstance(operand, syntax.Literal):
        return _number(operand, word, scope)
    text = operand.span.text
    message = f"`{text}` is compared with `{word.name}`, which is a {word.type}"
    scope.findings.error("R0301", operand.span, message, _number_help(operand, word))
    raise _Wrong


def _number_help(operand: syntax.Operand, word: SignalWord) -> str | None:
    if isinstance(operand, syntax.Text):
        try:
            fits = parse_quantity(operand.value).type is word.type
        except LiteralError:
            fits = False
        return f"write it without quotes: `{operand.value}`" if fits else None
    if isinstance(operand, syntax.Name):
        return "a predicate compares a signal with a constant, not with another signal"
    return None


def _number(operand: syntax.Literal, word: SignalWord, scope: Scope) -> Constant:
    found = _quantity(operand, scope)
    if found.type is word.type or (word.type is Type.NUMBER and found.type is Type.COUNT):
        return found.value
    message = f"`{operand.text}` is a {found.type}, and `{word.name}` is a {word.type}"
    scope.findings.error("R0301", operand.span, message, _unit_help(operand.text, found, word.type))
    raise _Wrong


def _unit_help(text: str, found: Quantity, wanted: Type) -> str | None:
    plain = found.type in (Type.COUNT, Type.NUMBER)
    match wanted:
        case Type.DURATION if plain:
            return f"write a unit: `{text}ms` or `{text}s`"
        case Type.MONEY if plain:
            return f"did you mean `${text}`?"
        case Type.SHARE if plain:
            percent = found.value * 100 if found.value < 1 else found.value
            return f"did you mean `{render_quantity(Quantity(Type.NUMBER, round(percent, 6)))}%`?"
        case Type.TIME:
            return "write a time of day: `09:00`"
        case Type.COUNT if found.type is Type.NUMBER:
            return "counts are whole numbers"
        case _:
            return None


def _quantity(operand: syntax.Literal, scope: Scope) -> Quantity:
    try:
        return parse_quantity(operand.text)
    except LiteralError as error:
        scope.findings.error("R0302", operand.span, str(error), error.help)
        raise _Wrong from error


def _text(operand: syntax.Operand, word: SignalWord, scope: Scope) -> str:
    if not isinstance(operand, syntax.Text):
        quoted = json.dumps(operand.span.text, ensure_ascii=False)
        edit = quoted if isinstance(operand, syntax.Name) else None
        message = f"`{operand.span.text}` is compared with `{word.name}`, which is a {word.type}"
        scope.findings.error("R0301", operand.span, message, f"texts are quoted: `{quoted}`", edit=edit)
        raise _Wrong
    if word.values and operand.value not in word.values:
        hint = did_you_mean(operand.value, word.values)
        one_of = f"it is one of {listed(word.values)}"
        scope.findings.error("R0304", operand.span, f"`{operand.value}` is no value of `{word.name}`", hint or one_of)
        raise _Wrong
    return operand.value


# ── predicates ──────────────────────────────────────────────────────────────────────────────────


def _holds(node: syntax.Holds, scope: Scope) -> policy.Condition:
    ref = node.signal
    if ref.model is None and ref.key is None and ref.name in scope.names.lets:
        return _inlined(ref, scope)
    fact, word = _fact(ref, scope)
    if word.type is not Type.BOOL:
        form = f'{ref.span.text} == "…"' if word.type is Type.TEXT else f"{ref.span.text} > 0"
        message = f"`{ref.span.text}` is a {word.type}, not a condition"
        scope.findings.error("R0303", ref.span, message, f"compare it: `{form}`")
        raise _Wrong
    return policy.Holds(fact, span=node.span)


def _inlined(ref: syntax.SignalRef, scope: Scope) -> policy.Condition:
    scope.names.used.add(ref.name)
    if ref.name not in scope.inlined:
        raise _Wrong  # it is part of a cycle, which is reported where the `let`s are checked
    return scope.inlined[ref.name]


def check_lets(scope: Scope) -> None:
    """Check each `let`, those it names before it; report cycles, hidden signals and what grows too large."""
    names = scope.names
    inner = {name: [ref for ref in _bare_names(let.condition) if ref in names.lets] for name, let in names.lets.items()}
    cycles = {name: path for name in inner if (path := find_cycle(name, inner.__getitem__))}
    for name, path in cycles.items():
        if name == min(path):
            text = " → ".join(f"`{step}`" for step in [*path, path[0]])
            scope.findings.error("R0206", names.lets[name].name.span, f"`{name}` is defined by itself: {text}")
    acyclic = {name: [ref for ref in refs if ref not in cycles] for name, refs in inner.items() if name not in cycles}
    for name in TopologicalSorter(acyclic).static_order():
        scope.inlined[name] = _checked_let(names.lets[name], scope)
    for name in names.lets:
        if name in scope.vocabulary.signals:
            scope.findings.warning("R0207", names.lets[name].name.span, f"`{name}` hides the signal of its name")


def _checked_let(let: syntax.Let, scope: Scope) -> policy.Condition:
    condition = check_condition(let.condition, scope)
    predicates, depth = extent(condition, {})
    if predicates > LARGEST or depth > DEEPEST:
        message = f"`{let.name.text}` stands for too much: {predicates} predicates, {depth} deep"
        hint = f"the most is {LARGEST} predicates, {DEEPEST} deep, with the `let`s that it names written out"
        scope.findings.error("R0108", let.name.span, message, hint)
        return policy.Constant(False, span=let.span)
    return condition


def extent(condition: policy.Condition, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many predicates a condition has and how deep it is, `let`s written out; shared parts are walked once."""
    if id(condition) not in known:
        match condition:
            case policy.And(items=items) | policy.Or(items=items):
                inner = [extent(item, known) for item in items]
            case policy.Not(item=item):
                inner = [extent(item, known)]
            case _:
                return 1, 1
        known[id(condition)] = sum(n for n, _ in inner), 1 + max(depth for _, depth in inner)
    return known[id(condition)]


def _bare_names(node: syntax.Condition) -> list[str]:
    match node:
        case syntax.And(items=items) | syntax.Or(items=items):
            return [name for item in items for name in _bare_names(item)]
        case syntax.Not(item=item):
            return _bare_names(item)
        case syntax.Holds(signal=signal):
            return [signal.name]
        case _:
            return []


def find_cycle(start: str, following: Callable[[str], list[str]]) -> list[str] | None:
    """A path from `start` back to itself, or None."""
    paths = [[start]]
    seen = {start}
    while paths:
        path = paths.pop()
        for name in following(path[-1]):
            if name == start:
                return path
            if name not in seen:
                seen.add(name)
                paths.append([*path, name])
    return None


def _compare(node: syntax.Compare, scope: Scope) -> policy.Condition:
    fact, word = _fact(node.signal, scope)
    other = _other_fact(node.operand, scope)
    if other is not None:
        return _compare_facts(node, (fact, word), other, scope)
    if word.type is Type.BOOL or isinstance(node.operand, syntax.Truth):
        _operator(node.signal, node.op.value, word, scope)
    if word.type is Type.TEXTS or (not word.type.ordered and node.op not in (syntax.Op.EQ, syntax.Op.NE)):
        _operator(node.signal, node.op.value, word, scope)
    return _comparison(fact, node.op, _constant(node.operand, word, scope), node.span)


def _comparison(fact: policy.Fact, op: syntax.Op, value: Constant, span: Span) -> policy.Condition:
    if op is syntax.Op.NE:
        return policy.Not(policy.Compare(fact, policy.Op.EQ, value, span=span), span=span)
    return policy.Compare(fact, policy.Op(op.value), value, span=span)


def _other_fact(operand: syntax.Operand, scope: Scope) -> tuple[policy.Fact, SignalWord] | None:
    """The signal on the right side, which only `where` may have; None where a constant stands there."""
    if not scope.candidate or not isinstance(operand, syntax.Name) or operand.quoted:
        return None
    return _fact(syntax.SignalRef(operand.text, span=operand.span), scope)


def _compare_facts(
    node: syntax.Compare, left: tuple[policy.Fact, SignalWord], right: tuple[policy.Fact, SignalWord], scope: Scope
) -> policy.Condition:
    (fact, word), (other, other_word) = left, right
    numbers = (Type.COUNT, Type.NUMBER)
    comparable = word.type is other_word.type or {word.type, other_word.type} <= set(numbers)
    if not (word.declared and fact.model == policy.CANDIDATE and other.model is None):
        if other_word.declared and other.model == policy.CANDIDATE and fact.model is None:
            hint = f"write `{other.signal} {_FLIPPED[node.op]} {fact.text}`"
        else:
            hint = "only what a candidate declares compares with a request's number: `quality >= difficulty`"
        scope.findings.error("R0301", node.span, "two signals are compared", hint)
        raise _Wrong
    if not comparable or not word.type.ordered:
        message = f"`{fact.signal}` is a {word.type}, and `{other.text}` is a {other_word.type}"
        scope.findings.error("R0301", node.span, message)
        raise _Wrong
    if node.op is syntax.Op.NE:
        return policy.Not(policy.CompareFacts(fact, policy.Op.EQ, other, span=node.span), span=node.span)
    return policy.CompareFacts(fact, policy.Op(node.op.value), other, span=node.span)


def _between(node: syntax.Between, scope: Scope) -> policy.Condition:
    fact, word = _fact(node.signal, scope)
    if not word.type.ordered:
        _operator(node.signal, node.low_op.value, word, scope)
    if {node.low_op.value, node.high_op.value} - {"<", "<="} and {node.low_op.value, node.high_op.value} - {">", ">="}:
        scope.findings.error(
            "R0303", node.span, "the two comparisons point different ways", "write `200 <= chars < 500`"
        )
        raise _Wrong
    low, high = _constant(node.low, word, scope), _constant(node.high, word, scope)
    if (low > high) == (node.low_op.value.startswith("<")) and low != high:  # type: ignore[operator]  # ordered types hold numbers
        scope.findings.error("R0306", node.span, "no value lies between these two", "swap them")
        raise _Wrong
    flipped = syntax.Op(_FLIPPED[node.low_op])
    items = (_comparison(fact, flipped, low, node.span), _comparison(fact, node.high_op, high, node.span))
    return policy.And(items, span=node.span)


def _in_range(node: syntax.InRange, scope: Scope) -> policy.Condition:
    fact, word = _fact(node.signal, scope)
    if not word.type.ordered:
        _operator(node.signal, "in", word, scope)
    low, high = _constant(node.low, word, scope), _constant(node.high, word, scope)
    ends = (
        policy.Compare(fact, policy.Op.GE, low, span=node.span),
        policy.Compare(fact, policy.Op.LE, high, span=node.span),
    )
    if low <= high:  # type: ignore[operator]  # ordered types hold numbers
        inside: policy.Condition = policy.And(ends, span=node.span)
    elif word.type is Type.TIME:
        inside = policy.Or(ends, span=node.span)  # over midnight
    else:
        scope.findings.error("R0306", node.span, "the range is empty: its first end is the greater", "swap the ends")
        raise _Wrong
    return policy.Not(inside, span=node.span) if node.negated else inside


def _within(node: syntax.Within, scope: Scope) -> policy.Condition:
    fact, word = _fact(node.signal, scope)
    if word.type in (Type.TEXTS, Type.BOOL):
        _operator(node.signal, "in", word, scope)
    values = _members(node.items, word, scope)
    inside = policy.InSet(fact, values, span=node.span)
    return policy.Not(inside, span=node.span) if node.negated else inside


def _members(items: syntax.Items, word: SignalWord, scope: Scope) -> tuple[Constant, ...]:
    if not items.items:
        scope.findings.error("R0306", items.span, "the list is empty: nothing is ever in it")
        raise _Wrong
    return tuple(dict.fromkeys([_constant(item, word, scope) for item in items.items]))


def _contains(node: syntax.Contains, scope: Scope) -> policy.Condition:
    fact, word = _fact(node.signal, scope)
    if word.type not in (Type.TEXT, Type.TEXTS):
        _operator(node.signal, "contains", word, scope)
    anything = replace(word, values=()) if word.type is Type.TEXT else word
    texts = tuple(str(text) for text in _members(node.items, anything, scope))
    if word.type is Type.TEXT and "" in texts:
        scope.findings.error("R0306", node.items.span, "every text contains the empty text", "leave it out")
        raise _Wrong
    return policy.Contains(fact, texts, span=node.span)


def _matches(node: syntax.Matches, scope: Scope) -> policy.Condition:
    fact, _ = _text_fact(node.signal, "matches", scope)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(node.regex.pattern, options)
    except re2.error as error:
        cause = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        hint = "expressions are RE2's: no look-around, no back-references"
        scope.findings.error("R0305", node.regex.span, f"the expression does not compile: {cause}", hint)
        raise _Wrong from error
    return policy.Matches(fact, node.regex.pattern, node.regex.ignore_case, span=node.span)


def signal_fact(ref: syntax.SignalRef, scope: Scope) -> policy.Fact | None:
    """The fact that a split draws by; None where the reference names none, which is reported."""
    try:
        return _fact(ref, scope)[0]
    except _Wrong:
        return None
