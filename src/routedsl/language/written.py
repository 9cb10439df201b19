"""How names, values, conditions and targets are written, each on one line and in canonical form."""

import re
from functools import cache

from routedsl.language import syntax as s
from routedsl.language.tables import tables

_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_OR, _AND, _NOT, _ATOM = range(4)


@cache
def _bare() -> re.Pattern[str]:
    return re.compile(tables().pattern("NAME"))


def name(node: s.Name) -> str:
    """A name, in quotes only where it needs them."""
    return named(node.text)


def named(text: str) -> str:
    """The name of a model or a route, in quotes only where it needs them."""
    return text if _bare().fullmatch(text) else quoted(text)


def text(node: s.Text) -> str:
    """A text, with the escapes that its author chose."""
    return node.span.text if node.span.text.startswith('"') else quoted(node.value)


def quoted(value: str) -> str:
    """A text in quotes, escaped."""
    return '"' + "".join(_ESCAPED.get(char) or _escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    return char if char.isprintable() else f"\\u{{{ord(char):x}}}"


def _regex(node: s.Regex) -> str:
    if node.span.text.startswith("/"):
        return node.span.text
    pattern = re.sub(r"\\.|/", lambda match: "\\/" if match[0] == "/" else match[0], node.pattern)
    return f"/{pattern}/{'i' if node.ignore_case else ''}"


def operand(node: s.Operand) -> str:
    """A value of a setting, or a constant of a comparison."""
    match node:
        case s.Literal(written):
            return written
        case s.Text():
            return text(node)
        case s.Regex():
            return _regex(node)
        case s.Env(variable):
            return f"${variable}"
        case s.Truth(value):
            return "true" if value else "false"
        case s.Items(items):
            return f"[{', '.join(operand(item) for item in items)}]"
        case s.Name(word):
            return word  # a signal or a word of a setting, never quoted: the signal `model` is one


def signal(node: s.SignalRef) -> str:
    """A signal as a condition names it."""
    if node.model is not None:
        return f"{quoted(node.model.text)}.{node.name}"
    return node.name if node.key is None else f"{node.name}[{text(node.key)}]"


def setting(node: s.Setting) -> str:
    """A setting or an option."""
    return f"{node.name.text} {operand(node.value)}"


# ── conditions ──────────────────────────────────────────────────────────────────────────────────


def condition(node: s.Condition) -> str:
    """A condition, in parentheses only where precedence needs them."""
    return _condition(node, _OR)


def parts(node: s.Condition) -> list[tuple[str, s.Condition]]:
    """What a condition is joined of: the word before each part, which is empty for the first."""
    match node:
        case s.And(items) | s.Or(items):
            word = "and" if isinstance(node, s.And) else "or"
            return [("" if index == 0 else word, item) for index, item in enumerate(items)]
        case _:
            return [("", node)]


def part(node: s.Condition, whole: s.Condition) -> str:
    """A part of a condition, in parentheses where it needs them there."""
    return _condition(node, _level(whole) + 1 if node is not whole else _OR)


def _level(node: s.Condition) -> int:
    match node:
        case s.Or():
            return _OR
        case s.And():
            return _AND
        case s.Not():
            return _NOT
        case _:
            return _ATOM


def _condition(node: s.Condition, least: int) -> str:
    written = _joined(node)
    return written if _level(node) >= least else f"({written})"


def _joined(node: s.Condition) -> str:
    match node:
        case s.Or(items):
            return " or ".join(_condition(item, _AND) for item in items)
        case s.And(items):
            return " and ".join(_condition(item, _NOT) for item in items)
        case s.Not(item):
            return f"not {_condition(item, _NOT)}"
        case s.Always():
            return "always"
        case _:
            return _predicate(node)


def _predicate(node: s.Predicate) -> str:
    match node:
        case s.Holds(ref):
            return signal(ref)
        case s.Compare(ref, op, constant):
            return f"{signal(ref)} {op} {operand(constant)}"
        case s.Between(low, low_op, ref, high_op, high):
            return f"{operand(low)} {low_op} {signal(ref)} {high_op} {operand(high)}"
        case s.Within(ref, items, negated):
            return f"{signal(ref)} {_in(negated)} {operand(items)}"
        case s.InRange(ref, low, high, negated):
            return f"{signal(ref)} {_in(negated)} {operand(low)}..{operand(high)}"
        case s.Contains(ref, items):
            only = items.items[0] if len(items.items) == 1 else items
            return f"{signal(ref)} contains {operand(only if isinstance(only, s.Text) else items)}"
        case s.Matches(ref, regex):
            return f"{signal(ref)} matches {_regex(regex)}"
        case s.Like(ref, pattern):
            return f"{signal(ref)} like {text(pattern)}"
        case s.Given(ref, missing):
            return f"{signal(ref)} is {'missing' if missing else 'given'}"


def _in(negated: bool) -> str:  # noqa: FBT001 - as the node holds it
    return "not in" if negated else "in"


# ── targets ─────────────────────────────────────────────────────────────────────────────────────


def target(node: s.Target) -> str:
    """What a rule points at, without a `where`."""
    match node:
        case s.ToName(model):
            return name(model)
        case s.ToStrategy(strategy, source, _, by):
            return f"{strategy.text} of {models(source)}" + (f" by {signal(by)}" if by else "")
        case s.ToSplit(strategy, shares, by):
            entries = ", ".join(_share(share) for share in shares)
            return f"{strategy.text} of [{entries}]" + (f" by {signal(by)}" if by else "")
        case s.ToRoute(route):
            return f"route {name(route)}"
        case s.ToReject(status, message):
            return f"reject {status.text} {text(message)}"


def models(node: s.Items | s.Name | s.All) -> str:
    """A list of models, a pool's name, or `all`."""
    match node:
        case s.All():
            return "all"
        case s.Items(items):
            return f"[{', '.join(name(item) if isinstance(item, s.Name) else operand(item) for item in items)}]"
        case s.Name():
            return name(node)


def _share(node: s.Share) -> str:
    return name(node.name) + (f" {node.share.text}" if node.share else "")


def promise(node: s.Assert) -> str:
    """What an assert promises."""
    match node.value:
        case s.Literal(limit):
            return f"{node.kind} <= {limit}"
        case s.Items() | s.Name() | s.All():
            return f"{node.kind} {models(node.value)}"
        case _:
            return f"{node.kind} {condition(node.value)}"


# ── tests ───────────────────────────────────────────────────────────────────────────────────────


def stated(node: s.Stated) -> str:
    """What a test says of its request."""
    return f"{signal(node.signal)} {operand(node.value)}"


def expected(node: s.Expected) -> str:
    """What a test expects."""
    words = [] if node.what is None else [node.what.text]
    is_name = isinstance(node.value, s.Name) and (node.what is None or node.what.text == "route")
    words.append(name(node.value) if is_name and isinstance(node.value, s.Name) else operand(node.value))
    return " ".join(["expect", *words, *([] if node.message is None else [text(node.message)])])
