"""Conditions checked: each predicate of a signal with constants of its type, everything normalized."""

import re2
from msgspec.structs import replace

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Span
from routedsl.base.types import Type
from routedsl.language import policy, syntax
from routedsl.language.build_conditions import MISSING
from routedsl.language.constants import Constant, form_of, read_constant, wrong_operator
from routedsl.language.findings import kind_of, quoted
from routedsl.language.references import Asked, find_signal
from routedsl.language.scope import Scope, Wrong

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

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
            except Wrong:
                return policy.Constant(False, span=node.span)


def _predicate(node: _Leaf, scope: Scope) -> policy.Condition:
    if isinstance(node, syntax.Holds):
        return _holds(node, scope)
    if isinstance(node, syntax.Compare) and isinstance(node.operand, syntax.Truth):
        _refuse_compared_let(node, scope)
    asked = find_signal(node.signal, scope)
    match node:
        case syntax.Compare():
            return _compare(node, asked, scope)
        case syntax.Between():
            return _between(node, asked, scope)
        case syntax.InRange():
            return _in_range(node, asked, scope)
        case syntax.Within():
            return _within(node, asked, scope)
        case syntax.Contains():
            return _contains(node, asked, scope)
        case syntax.Matches():
            return _matches(node, asked, scope)
        case syntax.Like():
            _must_be_text(asked, "like", scope)
            return policy.Like(asked.fact, node.pattern.value, span=node.span)
        case syntax.Given():
            given = policy.Given(asked.fact, span=node.span)
            return policy.Not(given, span=node.span) if node.missing else given


def _holds(node: syntax.Holds, scope: Scope) -> policy.Condition:
    ref = node.signal
    if ref.model is None and ref.key is None and ref.name in scope.names.lets:
        scope.names.used.add(("let", ref.name))
        if ref.name not in scope.inlined:
            raise Wrong  # it is part of a cycle, which is reported where the `let`s are checked
        return scope.inlined[ref.name]
    asked = find_signal(ref, scope)
    if asked.type is not Type.BOOL:
        form = form_of(asked)
        message = f"{quoted(asked.text)} is {kind_of(asked.type)}, not a condition"
        edit = form if asked.type is Type.COUNT else None
        raise scope.wrong("R0303", node.span, message, f"compare it: `{form}`", edit=edit)
    return policy.Holds(asked.fact, span=node.span)


def _refuse_compared_let(node: syntax.Compare, scope: Scope) -> None:
    """`short == true`, where `short` is a `let`."""
    name = node.signal.name
    if name not in scope.names.lets or node.op not in (syntax.Op.EQ, syntax.Op.NE):
        return
    scope.names.used.add(("let", name))
    edit = Edit(node.span, name if _wants_truth(node) else f"not {name}")
    raise scope.wrong("R0303", node.signal.span, f"`{name}` is a condition", f"write `{edit.replacement}`", edit=edit)


def _wants_truth(node: syntax.Compare) -> bool:
    return isinstance(node.operand, syntax.Truth) and node.operand.value is (node.op is syntax.Op.EQ)


# ── comparisons ─────────────────────────────────────────────────────────────────────────────────


def _compare(node: syntax.Compare, asked: Asked, scope: Scope) -> policy.Condition:
    if asked.type is Type.BOOL:
        raise _compared_truth(node, asked, scope)
    if node.op in (syntax.Op.EQ, syntax.Op.NE):
        _refuse_other_equality(node, asked, scope)
    other = _other_signal(node.operand, asked, scope)
    if other is not None:
        return _compare_signals(node, asked, other, scope)
    equality = node.op in (syntax.Op.EQ, syntax.Op.NE)
    if asked.type is Type.TEXTS or not (asked.type.ordered or equality):
        raise wrong_operator(asked, node.op, scope)
    return _comparison(asked.fact, node.op, read_constant(node.operand, asked, scope), node.span)


def _refuse_other_equality(node: syntax.Compare, asked: Asked, scope: Scope) -> None:
    """`user == null`, `model == ["a", "b"]`, `tools == true`: equality with what is no constant of the signal."""
    operand, equal = node.operand, node.op is syntax.Op.EQ
    match operand:
        case syntax.Name(text=text) if text.lower() in MISSING:
            edit = f"{asked.text} is {'missing' if equal else 'given'}"
        case syntax.Items(items=items) if items and asked.type is not Type.TEXTS:
            edit = f"{asked.text} {'in' if equal else 'not in'} {operand.span.text}"
        case syntax.Truth() if asked.type is Type.COUNT:
            edit = f"{asked.text} {'>' if _wants_truth(node) else '=='} 0"
        case _:
            return
    message = f"{quoted(operand.span.text)} is no value of {quoted(asked.text)}"
    raise scope.wrong("R0301", operand.span, message, f"write `{edit}`", edit=Edit(node.span, edit))


def _comparison(fact: policy.Fact, op: syntax.Op, value: Constant, span: Span) -> policy.Condition:
    if op is syntax.Op.NE:
        return policy.Not(policy.Compare(fact, policy.Op.EQ, value, span=span), span=span)
    return policy.Compare(fact, policy.Op(op.value), value, span=span)


def _compared_truth(node: syntax.Compare, asked: Asked, scope: Scope) -> Wrong:
    """`stream == true`: the form to write."""
    if node.op not in (syntax.Op.EQ, syntax.Op.NE) or not isinstance(node.operand, syntax.Truth):
        return wrong_operator(asked, node.op, scope)
    return wrong_operator(asked, node.op, scope, Edit(node.span, f"{'' if _wants_truth(node) else 'not '}{asked.text}"))


def _other_signal(operand: syntax.Operand, asked: Asked, scope: Scope) -> Asked | None:
    """The signal on the right side, which only `where` may have; None where a constant stands there."""
    if not scope.candidate or not asked.type.ordered or not isinstance(operand, syntax.Name):
        return None
    return find_signal(syntax.SignalRef(operand.text, span=operand.span), scope)


def _compare_signals(node: syntax.Compare, left: Asked, right: Asked, scope: Scope) -> policy.Condition:
    if not (_is_declared(left) and right.fact.model is None):
        hint, edit = "only what a candidate declares compares with a request's number: `context >= total_tokens`", None
        if _is_declared(right) and left.fact.model is None:
            edit = f"{right.text} {_FLIPPED[node.op]} {left.text}"
            hint = f"the candidate's stands first: `{edit}`"
        raise scope.wrong("R0301", node.span, "two signals are compared", hint, edit=edit)
    if left.type is not right.type and not {left.type, right.type} <= {Type.COUNT, Type.NUMBER}:
        message = f"{quoted(left.text)} is {kind_of(left.type)}, and {quoted(right.text)} is {kind_of(right.type)}"
        raise scope.wrong("R0301", node.span, message)
    if node.op is syntax.Op.NE:
        return policy.Not(policy.CompareFacts(left.fact, policy.Op.EQ, right.fact, span=node.span), span=node.span)
    return policy.CompareFacts(left.fact, policy.Op(node.op.value), right.fact, span=node.span)


def _is_declared(asked: Asked) -> bool:
    return asked.word.declared and asked.fact.model == policy.CANDIDATE


# ── ranges ──────────────────────────────────────────────────────────────────────────────────────


def _between(node: syntax.Between, asked: Asked, scope: Scope) -> policy.Condition:
    low, high = _ends(node.low, node.high, asked, node.low_op, scope)
    upwards = node.low_op in (syntax.Op.LT, syntax.Op.LE)
    strict = {node.low_op, node.high_op} & {syntax.Op.LT, syntax.Op.GT}
    if (low > high if upwards else low < high) or (low == high and strict):
        midnight = "a range may go over midnight: `time in 22:00..06:00`" if asked.type is Type.TIME else None
        raise scope.wrong("R0306", node.span, "no value lies between these two", midnight or "swap them")
    flipped = syntax.Op(_FLIPPED[node.low_op])
    ends = (_comparison(asked.fact, flipped, low, node.span), _comparison(asked.fact, node.high_op, high, node.span))
    return policy.And(ends, span=node.span)


def _in_range(node: syntax.InRange, asked: Asked, scope: Scope) -> policy.Condition:
    low, high = _ends(node.low, node.high, asked, "in", scope)
    ends = (
        policy.Compare(asked.fact, policy.Op.GE, low, span=node.span),
        policy.Compare(asked.fact, policy.Op.LE, high, span=node.span),
    )
    if low <= high:
        inside: policy.Condition = policy.And(ends, span=node.span)
    elif asked.type is Type.TIME:
        inside = policy.Or(ends, span=node.span)  # over midnight
    else:
        swapped = f"{node.high.span.text}..{node.low.span.text}"
        place = node.low.span.to(node.high.span)
        raise scope.wrong(
            "R0306", place, "the range is empty: its first end is the greater", f"write `{swapped}`", edit=swapped
        )
    return policy.Not(inside, span=node.span) if node.negated else inside


def _ends(
    low: syntax.Operand, high: syntax.Operand, asked: Asked, operator: str, scope: Scope
) -> tuple[int | float, int | float]:
    if not asked.type.ordered:
        raise wrong_operator(asked, operator, scope)
    first, last = read_constant(low, asked, scope), read_constant(high, asked, scope)
    if isinstance(first, str) or isinstance(last, str):
        raise AssertionError("ordered types hold numbers")
    return first, last


# ── lists and patterns ──────────────────────────────────────────────────────────────────────────


def _within(node: syntax.Within, asked: Asked, scope: Scope) -> policy.Condition:
    if asked.type in (Type.TEXTS, Type.BOOL):
        raise wrong_operator(asked, "in", scope)
    inside = policy.InSet(asked.fact, _members(node.items, asked, scope), span=node.span)
    return policy.Not(inside, span=node.span) if node.negated else inside


def _members(items: syntax.Items, asked: Asked, scope: Scope) -> tuple[Constant, ...]:
    """The constants of a list, each once; all that are wrong are reported."""
    if not items.items:
        raise scope.wrong("R0306", items.span, "the list is empty: nothing is ever in it", "write what may be in it")
    found: dict[Constant, None] = {}
    wrong: Wrong | None = None
    for item in items.items:
        try:
            found[read_constant(item, asked, scope)] = None
        except Wrong as error:
            wrong = error
    if wrong is not None:
        raise wrong
    return tuple(found)


def _contains(node: syntax.Contains, asked: Asked, scope: Scope) -> policy.Condition:
    if asked.type not in (Type.TEXT, Type.TEXTS):
        raise wrong_operator(asked, "contains", scope)
    part = replace(asked, word=replace(asked.word, values=())) if asked.type is Type.TEXT else asked
    texts = tuple(str(text) for text in _members(node.items, part, scope))
    if asked.type is Type.TEXT and "" in texts:
        raise scope.wrong("R0306", node.items.span, "every text contains the empty text", "leave it out")
    return policy.Contains(asked.fact, texts, span=node.span)


def _matches(node: syntax.Matches, asked: Asked, scope: Scope) -> policy.Condition:
    _must_be_text(asked, "matches", scope)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(node.regex.pattern, options)
    except re2.error as error:
        cause = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        hint = "a sign that stands for itself takes a backslash: `\\(`"
        if "perl operator" in cause or "escape" in cause:
            hint = "expressions are RE2's: no look-around, no back-references"
        message = f"the expression does not compile: {cause}"
        raise scope.wrong("R0305", node.regex.span, message, hint) from error
    return policy.Matches(asked.fact, node.regex.pattern, node.regex.ignore_case, span=node.span)


def _must_be_text(asked: Asked, operator: str, scope: Scope) -> None:
    if asked.type is not Type.TEXT:
        raise wrong_operator(asked, operator, scope)
