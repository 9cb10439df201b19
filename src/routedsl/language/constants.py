"""Constants of predicates: read by the type of the signal that they are compared with."""

from routedsl.base.diagnostic import Edit
from routedsl.base.suggest import close_matches
from routedsl.base.types import Type
from routedsl.base.units import LiteralError, Quantity, parse_quantity, render_quantity
from routedsl.language.findings import kind_of, listed, quoted
from routedsl.language.references import Asked
from routedsl.language.scope import Scope, Wrong
from routedsl.language.syntax import Env, Items, Literal, Name, Operand, Regex, Text, Truth

Constant = int | float | str

_FORMS = {
    Type.COUNT: "> 0",
    Type.NUMBER: "> 0",
    Type.DURATION: "> 10s",
    Type.MONEY: "> $0.05",
    Type.SHARE: "> 5%",
    Type.TIME: "in 09:00..17:00",
    Type.TEXT: '== "…"',
    Type.TEXTS: 'contains "…"',
    Type.BOOL: "",
}
_WRITTEN = {
    Type.COUNT: "8k",
    Type.NUMBER: "0.7",
    Type.DURATION: "10s",
    Type.MONEY: "$0.05",
    Type.SHARE: "5%",
    Type.TIME: "09:00",
}
_PLAIN = (Type.COUNT, Type.NUMBER)
_NO_SIGNAL = "a predicate compares a signal with a constant"


def form_of(asked: Asked) -> str:
    """A predicate of the signal, for a help line."""
    return f"{asked.text} {_FORMS[asked.type]}".rstrip()


def wrong_operator(asked: Asked, operator: str, scope: Scope, edit: Edit | None = None) -> Wrong:
    """Report an operator that the signal's type does not have; what is returned is to be raised."""
    help_ = {
        Type.BOOL: f"it is yes or no: write `{asked.text}` or `not {asked.text}`",
        Type.TEXT: "texts are compared by `==`, `in`, `contains`, `matches` and `like`",
    }.get(asked.type, f"compare it: `{form_of(asked)}`")
    message = f"{quoted(asked.text)} is {kind_of(asked.type)}, which has no `{operator}`"
    return scope.wrong("R0303", asked.span, message, f"write `{edit.replacement}`" if edit else help_, edit=edit)


def read_constant(operand: Operand, asked: Asked, scope: Scope) -> Constant:
    """The operand as a value of the signal's type; raises `Wrong` where it is none."""
    if asked.type in (Type.TEXT, Type.TEXTS):
        return _text(operand, asked, scope)
    match operand:
        case Literal():
            return _number(operand, asked, scope)
        case Text(value=value):
            fits = _is_number(value, asked.type)
            raise _mismatch(operand, asked, scope, "write it without quotes" if fits else None, value if fits else None)
        case Name(text=name) if name not in scope.vocabulary.signals:
            raise _mismatch(operand, asked, scope, f"{kind_of(asked.type)} is written `{_WRITTEN[asked.type]}`")
        case Name():
            raise _mismatch(operand, asked, scope, f"{_NO_SIGNAL}: `{form_of(asked)}`")
        case Regex() | Env() | Truth() | Items():
            raise _mismatch(operand, asked, scope, f"compare it: `{form_of(asked)}`")


def _mismatch(operand: Operand, asked: Asked, scope: Scope, help: str | None, edit: str | None = None) -> Wrong:
    message = f"{quoted(operand.span.text)} is compared with {quoted(asked.text)}, which is {kind_of(asked.type)}"
    return scope.wrong("R0301", operand.span, message, f"{help}: {quoted(edit)}" if edit else help, edit=edit)


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────


def _is_number(text: str, wanted: Type) -> bool:
    try:
        return _fits(parse_quantity(text).type, wanted)
    except LiteralError:
        return False


def _fits(found: Type, wanted: Type) -> bool:
    return found is wanted or (found is Type.COUNT and wanted is Type.NUMBER)


def _number(operand: Literal, asked: Asked, scope: Scope) -> Constant:
    try:
        found = parse_quantity(operand.text)
    except LiteralError as error:
        raise scope.wrong("R0302", operand.span, str(error), error.help, edit=error.meant) from error
    if _fits(found.type, asked.type):
        return found.value
    message = f"`{operand.text}` is {kind_of(found.type)}, and {quoted(asked.text)} is {kind_of(asked.type)}"
    meant = _meant(operand.text, found.type, asked.type)
    help_ = f"did you mean `{meant}`?" if meant else _unit_help(operand.text, found, asked.type)
    raise scope.wrong("R0301", operand.span, message, help_, edit=meant)


def _meant(text: str, found: Type, wanted: Type) -> str | None:
    """The literal with the unit of the wanted type, where there is but one that makes sense."""
    match wanted:
        case Type.MONEY if found in _PLAIN and text[-1].isdigit():
            return f"${text}"
        case Type.SHARE if found in _PLAIN and (value := parse_quantity(text).value) <= 100:
            percent = round(value * 100, 6) if value < 1 else value
            return f"{render_quantity(Quantity(Type.NUMBER, percent))}%"
        case Type.COUNT if found is Type.DURATION and text.endswith("m"):
            return f"{text[:-1]}M"
        case Type.DURATION if found is Type.COUNT and text.endswith("M"):
            return f"{text[:-1]}m"
        case _:
            return None


def _unit_help(text: str, found: Quantity, wanted: Type) -> str:
    match wanted:
        case Type.DURATION if found.type in _PLAIN:
            return f"write a unit: `{text}ms` or `{text}s`"
        case Type.COUNT if found.type is Type.NUMBER:
            return "counts are whole numbers"
        case _:
            return f"{kind_of(wanted)} is written `{_WRITTEN[wanted]}`"


# ── texts ───────────────────────────────────────────────────────────────────────────────────────


def _text(operand: Operand, asked: Asked, scope: Scope) -> str:
    if not isinstance(operand, Text):
        raise _no_text(operand, asked, scope)
    values = asked.word.values
    if values and operand.value not in values:
        folded = operand.value.casefold()
        same = f'"{folded}"' if folded in values else None
        short = next((value for value in values if folded.startswith(value) and asked.fact.signal == "weekday"), None)
        match = short or next(iter(close_matches(operand.value, values, most=1)), None)
        same = same or (f'"{match}"' if match else None)
        help_ = f"did you mean `{same}`?" if same else f"it is one of {listed(values)}"
        message = f"{quoted(operand.value)} is no value of {quoted(asked.text)}"
        raise scope.wrong("R0304", operand.span, message, help_, edit=same)
    return operand.value


def _no_text(operand: Operand, asked: Asked, scope: Scope) -> Wrong:
    if isinstance(operand, Name) and operand.text in scope.vocabulary.signals:
        return _mismatch(operand, asked, scope, _NO_SIGNAL)
    bare = f'"{operand.span.text}"' if isinstance(operand, Name | Literal) else None
    return _mismatch(operand, asked, scope, "texts are quoted" if bare else f"compare it: `{form_of(asked)}`", bare)
