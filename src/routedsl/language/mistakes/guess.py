"""What was likely meant where a text leaves the grammar: one guess after the other, the surest first.

A guess is a function from a `Trouble` to a `Mistake`, or to None where it does not apply. The last
one always does: it names what would fit.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from routedsl.language.machine import END
from routedsl.language.mistakes import calls, lists, places, signs, tests, words
from routedsl.language.mistakes.trouble import STARTING, Mistake, Trouble, spellings

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
    lexeme, fitting = t.near(0), _spoken(t.accepts if tests.inside(t) else t.accepts - {"EXPECT"})
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
    if not words and not phrases:
        return "nothing fits here: leave out what came before it"
    *most, last = [*words, *phrases]
    return f"here fits {', '.join(most)} or {last}" if most else f"here fits {last}"


_GUESSES: tuple[Callable[[Trouble], Mistake | None], ...] = (
    lists.thousands,
    signs.marks,
    signs.doubled,
    signs.tilde,
    signs.environment,
    tests.of_test,
    words.unless,
    words.missing_when,
    words.start,
    signs.equals,
    signs.arrow,
    signs.negated,
    signs.truth,
    calls.call,
    lists.ranges,
    lists.brackets_of_list,
    lists.bare_list,
    lists.either,
    lists.other_bracket,
    words.phrase,
    places.option_of_rule,
    signs.missing_condition,
    places.doubled_arrow,
    places.missing_target,
    places.naming,
    places.target_first,
    words.missing_arrow,
    places.list_for_target,
    words.keyword,
    signs.missing_and,
    words.reserved,
    places.second_target,
    signs.comma_for_and,
    lists.comma_between_settings,
    signs.quotes,
    places.missing_value,
    places.sign,
    places.place,
    places.brackets,
    _otherwise,
)
