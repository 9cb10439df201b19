"""What was likely meant where a text leaves the grammar: one guess after the other, the surest first.

A guess is a function from a `Trouble` to a `Mistake`, or to None where it does not apply. The last
one always does: it names what would fit.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from routedsl.language.mistakes import places, signs, words
from routedsl.language.mistakes.trouble import END, STARTING, Mistake, Trouble, spellings

_VALUE = {"NAME", "TEXT", "NUMBER", "TIME", "REGEX", "TRUE", "FALSE", "LSQB"}
_FACTS = {"MODEL", "UPSTREAM"}
_KINDS: tuple[tuple[AbstractSet[str], str], ...] = (
    (STARTING | {"NAME"}, "the next statement"),
    ({"WHEN", "ELSE", "NAME"}, "a rule or an option"),
    (_VALUE | _FACTS | {"NOT", "ALWAYS", "LPAR"}, "a condition"),
    (_VALUE | _FACTS, "a constant"),
    (_VALUE | {"ENV"}, "a value"),
    ({"NAME", "TEXT", "ROUTE"}, "a target"),
    (_FACTS | {"NAME", "TEXT"}, "a signal"),
    (_FACTS | {"NAME"}, "a setting"),
    (signs.ASKING | {"NOT", "LSQB"}, "a comparison"),
    (signs.ASKING | {"NOT"}, "a comparison"),
    (signs.COMPARING, "a comparison"),
    ({"OF", "NUMBER"}, "`of`"),
    ({"NUMBER", "TIME"}, "a number"),
    ({"NAME", "TEXT"}, "a name"),
    ({"NAME"}, "a name"),
    ({"TEXT"}, "a text in quotes"),
    ({"NUMBER"}, "a number"),
    ({"REGEX"}, "an expression between slashes"),
)


def explain(trouble: Trouble) -> Mistake:
    """The likeliest reading of what does not fit."""
    return next(mistake for guess in _GUESSES if (mistake := guess(trouble)))


def _otherwise(t: Trouble) -> Mistake | None:
    lexeme, fitting = t.near(0), _spoken(t.accepts)
    if t.statement < t.at and (lexeme.type in (END, "RBRACE") or t.opens(t.at)):
        return t.tell(f"something is missing behind `{t.near(-1).text[:40]}`", fitting, t.span(-1, -1))
    return t.tell(f"`{lexeme.text[:40]}` does not fit here", fitting)


def _spoken(accepts: frozenset[str]) -> str:
    left, phrases = set(accepts) - {"FACT", END}, []
    for kinds, phrase in _KINDS:
        if kinds <= left:
            left -= kinds
            phrases.append(phrase)
    words = sorted(f"`{spellings()[kind]}`" for kind in left if kind in spellings())
    *most, last = [*words, *phrases] or [""]
    if not last:
        return "nothing fits here: leave out what stands before it"
    return f"here fits {', '.join(most)} or {last}" if most else f"here fits {last}"


_GUESSES: tuple[Callable[[Trouble], Mistake | None], ...] = (
    words.start,
    words.else_with_condition,
    signs.equals,
    signs.negated,
    signs.truth,
    signs.missing_and,
    signs.missing_condition,
    places.doubled_arrow,
    places.missing_target,
    words.missing_arrow,
    places.list_for_target,
    words.keyword,
    words.reserved,
    places.second_target,
    signs.comma_for_and,
    signs.quotes,
    places.missing_value,
    places.sign,
    places.place,
    places.brackets,
    _otherwise,
)
