"""Reductions of the grammar for names, values and conditions: lexemes become syntax.

Each method is named as a rule (or alias) of `grammar/route.lark` and is given that rule's children:
lexemes, and what the rules below have made. What reads well but means nothing is found here too;
a likely node stands in for it, so that one mistake stays one.
"""

import re
from typing import Any

from msgspec.structs import replace

from routedsl.base.diagnostic import Diagnostic, Edit
from routedsl.base.source import Source, Span
from routedsl.base.suggest import close_matches
from routedsl.language import syntax as s
from routedsl.language.lexis import Lexeme

_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))")
_FLIPPED = {s.Op.LT: s.Op.GT, s.Op.LE: s.Op.GE, s.Op.GT: s.Op.LT, s.Op.GE: s.Op.LE}
MISSING = frozenset({"null", "none", "nil", "empty", "undefined", "unset", "absent", "na"})
"""What other languages call a value that is missing."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UPWARDS = {s.Op.LT, s.Op.LE}
_DOWNWARDS = {s.Op.GT, s.Op.GE}


class Conditions:
    """Builds names, values and conditions of one source; `found` collects what is wrong with them."""

    def __init__(self, source: Source, found: list[Diagnostic]) -> None:
        """Build nodes with places in the source; add to what was found."""
        self.source = source
        self.found = found

    def span(self, children: list[Any]) -> Span:
        """From the first of the children to the last."""
        return Span(self.source, _start(children[0]), _end(children[-1]))

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        help: str | None = None,
        edit: Edit | None = None,
    ) -> None:
        """Keep a finding."""
        self.found.append(Diagnostic(code=code, message=message, span=span, help=help, edit=edit))

    # ── names and values ────────────────────────────────────────────────────────────────────────

    def word(self, children: list[Any]) -> s.Name:
        """A bare name."""
        return s.Name(children[0].text, span=self.span(children))

    fact_word = word

    def name(self, children: list[Any]) -> s.Name:
        """A name, bare or quoted."""
        lexeme = children[0]
        if lexeme.type != "TEXT":
            return self.word(children)
        text = self.text(children)
        if not text.value or _CONTROL.search(text.value):
            what = "a control character in it" if text.value else "no characters"
            self.report("R0702" if text.value else "R0101", f"this name has {what}", text.span)
        return s.Name(text.value, span=text.span)

    def text(self, children: list[Any]) -> s.Text:
        """A quoted text, its escapes resolved."""
        span = self.span(children)
        return s.Text(_ESCAPE.sub(lambda match: self._escape(match, span), children[0].text[1:-1]), span=span)

    def _escape(self, match: re.Match[str], span: Span) -> str:
        if match[1] and int(match[1], 16) <= 0x10FFFF and not 0xD800 <= int(match[1], 16) <= 0xDFFF:
            return chr(int(match[1], 16))
        if match[2] in _ESCAPES:
            return _ESCAPES[match[2]]
        place = Span(self.source, span.start + 1 + match.start(), span.start + 1 + match.end())
        known = 'the escapes are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}`'
        edit = Edit(Span(self.source, place.start, place.start + 1), "\\\\")
        self.report("R0104", f"`{match[0]}` is not an escape", place, f"{known}; write `\\\\` for a backslash", edit)
        return match[0]

    def literal(self, children: list[Any]) -> s.Literal:
        """A number or a time."""
        return s.Literal(children[0].text, span=self.span(children))

    def regex(self, children: list[Any]) -> s.Regex:
        """A regular expression and its flag."""
        pattern, _, flags = children[0].text[1:].rpartition("/")
        span = self.span(children)
        if flags not in ("", "i"):
            place = Span(self.source, span.end - len(flags), span.end)
            put = "i" if "i" in flags else ""
            help_ = f"the only flag is `i`, to ignore case; {f'write `{put}`' if put else f'leave `{flags}` out'}"
            self.report("R0102", f"`{flags}` is not a flag of an expression", place, help_, Edit(place, put))
        resolved = re.sub(r"\\(.)", lambda match: "/" if match[1] == "/" else match[0], pattern)
        return s.Regex(resolved, "i" in flags, span=span)

    def env(self, children: list[Any]) -> s.Env:
        """`$NAME`."""
        return s.Env(children[0].text[1:], span=self.span(children))

    def truth(self, children: list[Any]) -> s.Truth:
        """`true` or `false`."""
        return s.Truth(children[0].text == "true", span=self.span(children))

    def items(self, children: list[Any]) -> s.Items:
        """`[a, b]`."""
        return s.Items(tuple(c for c in children if not isinstance(c, Lexeme)), span=self.span(children))

    # ── conditions ──────────────────────────────────────────────────────────────────────────────

    def or_(self, children: list[Any]) -> s.Or:
        """Alternatives; those of an `or` in parentheses join in."""
        return s.Or(_joined(s.Or, children), span=self.span(children))

    def and_(self, children: list[Any]) -> s.And:
        """Conditions that must all hold; those of an `and` in parentheses join in."""
        return s.And(_joined(s.And, children), span=self.span(children))

    def negation(self, children: list[Any]) -> s.Not:
        """`not C`."""
        return s.Not(children[1], span=self.span(children))

    def group(self, children: list[Any]) -> s.Condition:
        """`( C )`: the condition itself, over a wider span."""
        condition: s.Condition = replace(children[1], span=self.span(children))
        return condition

    def always(self, children: list[Any]) -> s.Always:
        """`always`."""
        return s.Always(span=self.span(children))

    def signal(self, children: list[Any]) -> s.SignalRef:
        """`chars`, `tiny.up`, `header["x"]`, `"meta/L-3".up`."""
        span = self.span(children)
        match children:
            case [s.Name(text)]:
                return s.SignalRef(text, span=span)
            case [s.Name(text), _, s.Text() as key, _]:
                return s.SignalRef(text, key=key, span=span)
            case _:
                return s.SignalRef(children[1].text[1:], model=self.name(children[:1]), span=span)

    def holds(self, children: list[Any]) -> s.Holds:
        """A signal or a `let` alone."""
        return s.Holds(children[0], span=self.span(children))

    def comparison(self, children: list[Any]) -> Lexeme:
        """The operator's lexeme."""
        operator: Lexeme = children[0]
        return operator

    def compare(self, children: list[Any]) -> s.Condition:
        """A comparison, or a chain of two around a signal."""
        operands, ops = children[::2], [s.Op(op.text) for op in children[1::2]]
        match operands:
            case [s.SignalRef() as signal, constant]:
                return s.Compare(signal, ops[0], self._side(constant), span=self.span(children))
            case [constant, s.SignalRef() as signal]:
                return self._flipped(constant, ops[0], signal, self.span(children))
            case [low, s.SignalRef() as signal, high] if set(ops) <= _UPWARDS or set(ops) <= _DOWNWARDS:
                low, high = self._side(low), self._side(high)
                return s.Between(low, ops[0], signal, ops[1], high, span=self.span(children))
            case _:
                return self._no_comparison(operands, self.span(children))

    def _side(self, operand: s.SignalRef | s.Operand) -> s.Operand:
        if not isinstance(operand, s.SignalRef):
            return operand
        if operand.key or operand.model:
            self.report(
                "R0102",
                f"`{operand.span.text}` stands where a constant is needed",
                operand.span,
                "a condition compares one signal with constants",
            )
        return s.Name(operand.name, span=operand.span)

    def _flipped(self, constant: s.Operand, op: s.Op, signal: s.SignalRef, span: Span) -> s.Compare:
        turned = _FLIPPED.get(op, op)
        better = f"{signal.span.text} {turned} {constant.span.text}"
        message = f"`{span.text}` has its constant before its signal"
        self.report("R0102", message, span, f"write `{better}`", Edit(span, better))
        return s.Compare(signal, turned, constant, span=span)

    def _no_comparison(self, operands: list[Any], span: Span) -> s.Always:
        if len(operands) > 3:
            message = f"`{span.text}` compares more than a signal with two ends"
        elif len(operands) == 3 and isinstance(operands[1], s.SignalRef):
            message = f"the two ends of `{span.text}` do not go the same way"
        else:
            message = f"`{span.text}` compares no signal"
        form = "write a signal, an operator and a constant: `chars < 200`, `200 <= chars < 1000`"
        self.report("R0102", message, span, form)
        return s.Always(span=span)

    def within(self, children: list[Any]) -> s.Within:
        """`signal in [..]`, `signal not in [..]`."""
        return s.Within(children[0], children[-1], len(children) == 4, span=self.span(children))

    def in_range(self, children: list[Any]) -> s.InRange:
        """`signal in low..high`, `signal not in low..high`."""
        return s.InRange(children[0], children[-3], children[-1], len(children) == 6, span=self.span(children))

    def contains(self, children: list[Any]) -> s.Contains:
        """`signal contains "x"`, or a list of which any will do."""
        wanted = children[2]
        items = wanted if isinstance(wanted, s.Items) else s.Items((wanted,), span=wanted.span)
        return s.Contains(children[0], items, span=self.span(children))

    def matches(self, children: list[Any]) -> s.Matches:
        """`signal matches /re/`."""
        return s.Matches(children[0], children[2], span=self.span(children))

    def like(self, children: list[Any]) -> s.Like:
        """`signal like "gpt-*"`."""
        return s.Like(children[0], children[2], span=self.span(children))

    def given(self, children: list[Any]) -> s.Given:
        """`signal is given`, `signal is missing`."""
        signal, _, lexeme = children
        word = lexeme.text
        if word not in ("given", "missing"):
            place = self.span([lexeme])
            known = "a signal `is given` or `is missing`"
            meant = (
                "missing" if word.lower() in MISSING else next(iter(close_matches(word, ("given", "missing"))), None)
            )
            help_ = f"write `is {meant}`" if meant else f"{known}; compare with `==`"
            self.report("R0102", f"`is {word}` is not a question", place, help_, Edit(place, meant) if meant else None)
        return s.Given(signal, word == "missing", span=self.span(children))


def _joined(kind: type[s.And] | type[s.Or], children: list[Any]) -> tuple[s.Condition, ...]:
    conditions = [c for c in children if not isinstance(c, Lexeme)]
    return tuple(item for c in conditions for item in (c.items if isinstance(c, kind) else (c,)))


def _start(child: Any) -> int:
    start: int = child.start if isinstance(child, Lexeme) else child.span.start
    return start


def _end(child: Any) -> int:
    end: int = child.end if isinstance(child, Lexeme) else child.span.end
    return end
