"""From a policy file's text to lexemes and comments, by the terminals of the grammar.

What the grammar does not know is answered here: operators and marks of other languages become the
lexeme that was meant, and what belongs nowhere is dropped, each with a finding.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from routedsl.base.diagnostic import Diagnostic, Edit
from routedsl.base.source import Source, Span
from routedsl.language import amounts
from routedsl.language.syntax import Comment
from routedsl.language.tables import tables

MOST = 20
"""Findings after which a text is read no further: it is no policy."""
DEEPEST = 64
"""How deep brackets and `not`s may stand in each other."""
MANY = 300_000
"""Lexemes a file may have; one of the largest size that people write has fewer."""
PARTNERS = {"LBRACE": "RBRACE", "LPAR": "RPAR", "LSQB": "RSQB"}
"""Each opening bracket's terminal, and its partner's."""
_NESTING = {*PARTNERS, *PARTNERS.values(), "NOT"}

_MEANT = {
    "&&": ("AND", "and"), "&": ("AND", "and"), "||": ("OR", "or"), "|": ("OR", "or"), "!": ("NOT", "not"),
    "===": ("EQ", "=="), "!==": ("NE", "!="), "<>": ("NE", "!="), "≠": ("NE", "!="),
    "=<": ("LE", "<="), "≤": ("LE", "<="), "≥": ("GE", ">="), "=~": ("MATCHES", "matches"), "~": ("MATCHES", "matches"),
    "...": ("RANGE", ".."), "…": ("RANGE", ".."),
    "=>": ("ARROW", "->"), "→": ("ARROW", "->"), "⇒": ("ARROW", "->"), "-->": ("ARROW", "->"), "==>": ("ARROW", "->"),
}  # fmt: skip
_OPERATORS = "|".join(re.escape(form) for form in sorted(_MEANT, key=len, reverse=True) if form != "!")
_CURLY = r"[\u201c-\u201f]"  # quotation marks as word processors put them
# Control characters, and those that make a text look like another one.
_HIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]"
# Tried before the grammar's own terminals, since some begin as those do. No repetition here may run
# past what the match then takes, or a long line would be read anew from each of its places.
_BEFORE = rf"""
    (?P<REMARK> // [^\n]* | --[ \t] [^\n]* | (?<![^\n]) ; [^\n]*
              | /\* (?: [^*] | \*(?!/) )* (?: \*/ )? | <!-- (?: [^-] | -(?!->) )* (?: --> )? )
  | (?P<ELSE_IF> else [ \t]{{1,9}} (?: if | when ) (?! \w | [.:/-]\w ) )
  | (?P<AMOUNT> {amounts.FORMS} )
  | (?P<SLASHED> (?<= matches[ ] ) / [^/\\\s]{{1,80}} (?: / [^/\\\s]{{1,80}} ){{1,9}} / (?! \S ) )
  | (?P<BRACED> \$ (?: \{{ [A-Za-z_]\w{{0,80}} \}} | \( [A-Za-z_]\w{{0,80}} \) ) )
  | (?P<NEARLY_ARROW> (?: >- | <- | ~> | -[ ]> ) (?! [0-9] ) )
  | (?P<AT_LEAST> => (?= [ ]? \$?[0-9] ) )
  | (?P<OPERATOR> {_OPERATORS} | !(?!=) )
  | (?P<QUOTED> ' [^'\n]* ' | {_CURLY} [^\n\u201c-\u201f"]* [\u201c-\u201f"]
              | \u2018 [^\n\u2018\u2019]* \u2019 | ` [^`\n]* ` )
  | (?P<DIGIT_NAME> [0-9]{{1,9}} [a-z]{{0,9}} (?: [-/] [0-9]{{1,9}} ){{0,3}} [-/] [A-Za-z] \w* (?: [.:/-] \w+ )* )
"""
_AFTER = rf"""
    (?P<DIVISION> / (?= [ ] ) )
  | (?P<UNCLOSED> ["'/\u2018-\u201f] [^\n]* )
  | (?P<NEGATIVE> (?<! [0-9A-Za-z] ) - \$? [0-9] [\w.]{{0,20}} )
  | (?P<DASH> - (?= [0-9.$] ) )
  | (?P<ADDRESS> :// [^\s"'{{}}\[\],]+ )
  | (?P<ASSIGN> := )
  | (?P<MARK> [:;] )
  | (?P<UNSEEN> {_HIDDEN}+ )
  | (?P<ELSEWHERE> [^\w\s\x00-\x23$&'()/:;<=>{{|}}\[\]\u2018-\u201f]+ | \S )
  | (?P<BLANK> \s )
"""


class Lexeme(NamedTuple):
    """A terminal's name, the text that matched it, and its offsets; a tuple, since there are many."""

    type: str
    text: str
    start: int
    end: int


class Lexis(Struct):
    """What a source is made of.

    `doubts` are offsets at which something was dropped or guessed. `levels` are the brackets and
    `not`s that are open at the end; a source that is `refused` has too many in each other.
    """

    source: Source
    lexemes: list[Lexeme] = []
    comments: list[Comment] = []
    found: list[Diagnostic] = []
    doubts: list[int] = []
    refused: bool = False
    levels: list[str] = []

    def span(self, match: re.Match[str]) -> Span:
        """The place of a match."""
        return Span(self.source, match.start(), match.end())

    def report(self, code: str, message: str, span: Span, help: str | None, put: str | None = None) -> None:
        """Keep a finding; `put` is what a program may put in its place."""
        edit = None if put is None else set_apart(span, put)
        self.found.append(Diagnostic(code=code, message=message, span=span, help=help, edit=edit))

    def meant_text(self, span: Span, value: str, message: str) -> None:
        """Take a piece for a text that lacks its quotes, or has others."""
        put = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        self.report("R0102", message, span, f"write `{put}`", put)
        self.lexemes.append(Lexeme("TEXT", put, span.start, span.end))


def set_apart(span: Span, put: str) -> Edit:
    """Put words in the place of a piece, with spaces where they would run into what stands around it."""
    text = span.source.text
    if not put and text[max(0, span.start - 1) : span.start].isalnum() and text[span.end : span.end + 1].isalnum():
        return Edit(span, " ")
    before = " " if put[:1].isalpha() and text[max(0, span.start - 1) : span.start].isalnum() else ""
    behind = " " if put[-1:].isalpha() and text[span.end : span.end + 1].isalnum() else ""
    return Edit(span, before + put + behind)


def lexemes_of(source: Source) -> Lexis:
    """The lexemes and comments of a text, up to its `MOST`th finding."""
    lexis = Lexis(source)
    _report_unseen(lexis)
    position = 1 if source.text.startswith("\ufeff") else 0
    for match in _pattern().finditer(source.text, position):
        kind = match.lastgroup or ""
        if answer := _ANSWERS.get(kind):
            answer(lexis, match)
        elif kind == "COMMENT":
            text = match[0].rstrip()
            lexis.comments.append(Comment(text, span=Span(source, match.start(), match.start() + len(text))))
        elif kind != "SPACE":
            lexeme = Lexeme(kind, match[0], match.start(), match.end())
            lexis.lexemes.append(lexeme)
            if kind in _NESTING:
                _nest(lexis, lexeme)
            if len(lexis.lexemes) > MANY:
                _refuse(
                    lexis,
                    lexeme,
                    f"the file has more than {MANY:,} words and signs",
                    "split it, and `import` the parts",
                )
        if lexis.refused or len(lexis.found) >= MOST:
            break
    return lexis


@cache
def _pattern() -> re.Pattern[str]:
    known = {terminal.name: f"(?P<{terminal.name}>{terminal.pattern})" for terminal in tables().terminals}
    most_common = known.pop("SPACE")
    return re.compile("|".join([most_common, f"(?x:{_BEFORE})", *known.values(), f"(?x:{_AFTER})"]))


def _report_unseen(lexis: Lexis) -> None:
    for match in re.finditer(f"{_HIDDEN}+", lexis.source.text):
        if match[0] == "\ufeff" and match.start() == 0:
            continue
        names = " ".join(f"U+{ord(char):04X}" for char in match[0][:3])
        lexis.report("R0702", f"`{names}` is a control character", lexis.span(match), "take it out", "")
        if len(lexis.found) >= MOST:
            return


def _nest(lexis: Lexis, lexeme: Lexeme) -> None:
    after_not = len(lexis.lexemes) > 1 and lexis.lexemes[-2].type == "NOT"
    while lexis.levels and lexis.levels[-1] == "NOT" and not after_not:
        lexis.levels.pop()  # its operand is over
    if lexeme.type in PARTNERS.values():
        del lexis.levels[-1:]
    else:
        lexis.levels.append(lexeme.type)
    if len(lexis.levels) > DEEPEST:
        _refuse(lexis, lexeme, f"brackets and `not`s stand more than {DEEPEST} deep in each other", "use a `let`")


def _refuse(lexis: Lexis, lexeme: Lexeme, message: str, help: str) -> None:
    lexis.report("R0108", message, Span(lexis.source, lexeme.start, lexeme.end), help)
    lexis.refused = True


# ── forms of other languages ────────────────────────────────────────────────────────────────────


def _operator(lexis: Lexis, match: re.Match[str]) -> None:
    kind, word = _MEANT[match[0]] if match.lastgroup == "OPERATOR" else ("GE", ">=")
    lexis.report("R0102", f"`{match[0]}` is written `{word}` here", lexis.span(match), f"write `{word}`", word)
    lexis.lexemes.append(Lexeme(kind, word, match.start(), match.end()))


def _quoted(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.meant_text(lexis.span(match), match[0][1:-1], "a text stands in straight double quotes")


def _address(lexis: Lexis, match: re.Match[str]) -> None:
    scheme = lexis.lexemes.pop() if lexis.lexemes and lexis.lexemes[-1].end == match.start() else None
    span = Span(lexis.source, scheme.start if scheme else match.start(), match.end())
    lexis.meant_text(span, span.text, "an address is a text and stands in quotes")


def _digit_name(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.meant_text(lexis.span(match), match[0], f"`{match[0]}` starts with a digit and stands in quotes")


def _else_if(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.report("R0102", "`else` takes all that is left", lexis.span(match), "write `when`", "when")
    lexis.lexemes.append(Lexeme("WHEN", "when", match.start(), match.end()))


def _amount(lexis: Lexis, match: re.Match[str]) -> None:
    message, put = amounts.meant(match[0])
    # A program may not turn one currency into another.
    foreign = any(sign in match[0] for sign in "€£¥")
    lexis.report("R0302", message, lexis.span(match), f"write `{put}`", None if foreign else put)
    lexis.lexemes.append(Lexeme("NUMBER", put, match.start(), match.end()))


def _slashed(lexis: Lexis, match: re.Match[str]) -> None:
    put = "/" + match[0][1:-1].replace("/", "\\/") + "/"
    lexis.report("R0102", "a slash inside an expression is written `\\/`", lexis.span(match), f"write `{put}`", put)
    lexis.lexemes.append(Lexeme("REGEX", put, match.start(), match.end()))


def _braced(lexis: Lexis, match: re.Match[str]) -> None:
    put = f"${match[0][2:-1]}"
    lexis.report("R0102", "a value of the environment has no brackets", lexis.span(match), f"write `{put}`", put)
    lexis.lexemes.append(Lexeme("ENV", put, match.start(), match.end()))


def _remark(lexis: Lexis, match: re.Match[str]) -> None:
    sign = next(sign for sign in _REMARKS if match[0].startswith(sign))
    inner = match[0][len(sign) :].removesuffix(_REMARKS[sign])
    lines = (
        [line.strip().removeprefix("*").strip() for line in inner.split("\n")] if _REMARKS[sign] else [inner.strip()]
    )
    put = "\n".join(f"# {line}" for line in lines if line) or "#"
    goes_on = lexis.source.text[match.end() :].partition("\n")[0].strip()
    help_ = "a comment starts with `#`" + (", each of its lines anew" if "\n" in put else "")
    lexis.report("R0102", f"`{sign}` starts no comment", lexis.span(match), help_, put + "\n" * bool(goes_on))


_REMARKS = {"//": "", "--": "", ";": "", "/*": "*/", "<!--": "-->"}
"""What starts a comment elsewhere, and what ends it there; nothing where the line does."""


def _sign(lexis: Lexis, match: re.Match[str]) -> None:
    # It fits nowhere: what stands around it shows what was meant.
    lexis.lexemes.append(Lexeme(match.lastgroup or "", match[0], match.start(), match.end()))


def _nearly_arrow(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.report("R0102", f"`{match[0]}` is written `->` here", lexis.span(match), "write `->`", "->")
    lexis.lexemes.append(Lexeme("ARROW", "->", match.start(), match.end()))


def _dash(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.report("R0102", "a range is written with two dots", lexis.span(match), "write `..`", "..")
    lexis.lexemes.append(Lexeme("RANGE", "..", match.start(), match.end()))


def _negative(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.doubts.append(match.start())
    help_ = "write a number from `0` up, or leave out what it limits"
    lexis.report("R0302", f"`{match[0]}` is negative, which no number is", lexis.span(match), help_)


# ── what belongs nowhere ────────────────────────────────────────────────────────────────────────


def _unclosed(lexis: Lexis, match: re.Match[str]) -> None:
    text = match[0].rstrip()
    span = Span(lexis.source, match.start(), match.start() + len(text))
    lexis.doubts.append(match.start())
    if text.startswith("/"):
        lexis.report("R0103", "this expression is never closed", span, "an expression stands between slashes: `/…/`")
        lexis.lexemes.append(Lexeme("REGEX", "/ /", span.start, span.end))
    else:
        lexis.report("R0103", "this text is never closed", span, 'a text ends with `"` on the line where it starts')
        lexis.lexemes.append(Lexeme("TEXT", '""', span.start, span.end))


def _elsewhere(lexis: Lexis, match: re.Match[str]) -> None:
    if match[0] == "@" and lexis.source.text[match.end() : match.end() + 1].isalpha():
        lexis.report("R0105", "`@` does not belong here", lexis.span(match), "leave `@` out", "")
        return
    lexis.doubts.append(match.start())
    help_ = "leave it out"
    if match[0] in "+-*/%^":
        help_ = "there is no arithmetic: compare a signal with a constant, `chars > 800`"
    elif match[0].startswith("?"):
        help_ = "there is no `? :`; write `when … -> …`, and `else …` below"
    elif match[0].isalpha():
        help_ = "a name with letters past `a` to `z` stands in quotes"
    lexis.report("R0105", f"`{match[0][:20]}` does not belong here", lexis.span(match), help_)


def _unseen(lexis: Lexis, match: re.Match[str]) -> None:
    lexis.doubts.append(match.start())  # and reported already, wherever it stands


def _blank(lexis: Lexis, match: re.Match[str]) -> None:
    help_ = "put a plain space in its place"
    lexis.report("R0105", f"`U+{ord(match[0]):04X}` is a space of another kind", lexis.span(match), help_, " ")


_ANSWERS: dict[str, Callable[[Lexis, re.Match[str]], None]] = {
    "ADDRESS": _address,
    "REMARK": _remark,
    "AT_LEAST": _operator,
    "OPERATOR": _operator,
    "QUOTED": _quoted,
    "DIGIT_NAME": _digit_name,
    "UNCLOSED": _unclosed,
    "DASH": _dash,
    "MARK": _sign,
    "ASSIGN": _sign,
    "ELSE_IF": _else_if,
    "AMOUNT": _amount,
    "SLASHED": _slashed,
    "BRACED": _braced,
    "NEARLY_ARROW": _nearly_arrow,
    "NEGATIVE": _negative,
    "DIVISION": _elsewhere,
    "UNSEEN": _unseen,
    "ELSEWHERE": _elsewhere,
    "BLANK": _blank,
}
