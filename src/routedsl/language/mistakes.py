"""What was likely meant where a text leaves the grammar: one guess after the other, the surest first.

A guess is a function from a `Trouble` to a `Mistake`, or to None where it does not apply. The last
one always does: it names what would fit.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from routedsl.language.lexis import PARTNERS
from routedsl.language.trouble import DECLARING, END, STARTING, Mistake, Trouble, partner_of, spellings

_STARTS = {
    "if": "when", "elif": "when", "elsif": "when", "elseif": "when", "unless": "when", "case": "when", "rule": "when",
    "otherwise": "else", "def": "let", "define": "let", "var": "let", "const": "let", "set": "let", "group": "pool",
    "include": "import", "use": "import", "require": "import", "provider": "upstream", "server": "upstream",
    "backend": "upstream", "ensure": "assert", "expect": "assert", "routes": "route", "default": "defaults",
}  # fmt: skip
_WORDS = {
    "then": "->", "do": "->", "goto": "->", "to": "->", "equals": "==", "eq": "==", "ne": "!=", "lt": "<", "le": "<=",
    "gt": ">", "ge": ">=", "has": "contains", "includes": "contains", "match": "matches", "xor": "or", "isnt": "is",
}  # fmt: skip
_AHEAD_OF_NAME = {
    "MODEL",
    "UPSTREAM",
    "CLASSIFIER",
    "LET",
    "POOL",
    "ROUTE",
    "AS",
    "ARROW",
    "ELSE",
    "OF",
    "COMMA",
    "LSQB",
}
_AHEAD_OF_TARGET = {"ARROW", "ELSE"}
_COMPARISONS = {"LT", "LE", "GT", "GE", "EQ", "NE"}
_AFTER_TARGET = STARTING | {"AS", "LBRACE", "RBRACE", "OF", END}
_ENDING = STARTING | {"RBRACE", END}


def explain(trouble: Trouble) -> Mistake:
    """The likeliest reading of what does not fit."""
    return next(mistake for guess in _GUESSES if (mistake := guess(trouble)))


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def _close(word: str, known: Iterable[str]) -> str | None:
    """The known word that was misspelt; stricter than for names, since any name may stand in most places."""
    letters = sorted(word.lower())
    mixed_up = (candidate for candidate in sorted(known) if sorted(candidate) == letters)
    return next(mixed_up, None) or next(iter(get_close_matches(word.lower(), list(known), 1, 0.74)), None)


def is_else(word: str) -> bool:
    """Whether a name that starts an option is likely an `else`: `otherwise tiny` reads as one."""
    return _STARTS.get(word.lower()) == "else" or _close(word, {spellings()[kind] for kind in STARTING}) == "else"


def _fitting_words(t: Trouble) -> set[str]:
    return {spellings()[kind] for kind in t.accepts if kind in spellings()}


def _start(t: Trouble) -> Mistake | None:
    """`wen short -> x`, `if short -> x`: read as an option so far."""
    distance = t.statement - t.at
    first = t.near(distance)
    if first.type != "NAME" or distance >= 0:
        return None
    known = {spellings()[kind] for kind in t.starts if kind in STARTING}
    meant = _STARTS.get(first.text.lower()) or _close(first.text, known)
    if meant not in known:
        return None
    return t.swap(f"`{first.text}` starts no statement", meant, distance, distance, "R0101")


def _else_with_condition(t: Trouble) -> Mistake | None:
    """`else when short -> x`, `else if short -> x`."""
    if t.kinds(-1, 0) == ("ELSE", "WHEN"):
        return t.swap("`else` takes all that is left", "when", -1, 0)
    if t.statement >= 2 and t.lexemes[t.statement - 1].text == "if" and t.lexemes[t.statement - 2].type == "ELSE":
        distance = t.statement - t.at
        return t.tell(
            "`else` takes all that is left", "write `when … -> …`", t.span(distance - 2, distance - 1), "R0102"
        )
    return None


def _word(t: Trouble) -> Mistake | None:
    """`adn`, `AND`, `then`, where no name fits."""
    word = t.near(0)
    if t.near(-1).type == "NAME" and t.near(-1).text.lower() in spellings().values():
        return t.swap(f"`{t.near(-1).text}` is written in small letters", t.near(-1).text.lower(), -1, -1)
    if word.type != "NAME" or "NAME" in t.accepts:
        return None
    if word.text == "between":
        return t.tell(
            "`between` has another form here", "write `200 <= chars <= 500`, or `chars in 200..500`", code="R0102"
        )
    known = _fitting_words(t)
    meant = _WORDS.get(word.text.lower(), "")
    if meant in known:
        return t.swap(f"`{word.text}` is written `{meant}` here", meant)
    misspelt = _close(word.text, known)
    return t.swap(f"`{word.text}` does not fit here", misspelt, code="R0101") if misspelt else None


def _reserved(t: Trouble) -> Mistake | None:
    """`let all = …`, `-> model`: a reserved word as a name."""
    word = t.near(0)
    if not word.text.isalpha() or word.type == "NAME" or "NAME" not in t.accepts:
        return None
    if t.near(-1).type not in _AHEAD_OF_NAME or (t.opens(t.at) and t.near(1).type not in ("EQUAL", "LBRACE")):
        return None
    if word.type == "ALL" and t.near(-1).type in _AHEAD_OF_TARGET:
        return t.swap("`all` needs a strategy", "first of all")
    if word.type == "MODEL" and t.kinds(-1, 1) == (t.near(-1).type, "MODEL", "NAME"):
        return t.swap("a model is named without `model`", "")
    put = f'"{word.text}"' if "TEXT" in t.accepts else f"{word.text}_"
    return t.swap(f"`{word.text}` is a reserved word", put, code="R0110")


# ── signs ───────────────────────────────────────────────────────────────────────────────────────


def _equals(t: Trouble) -> Mistake | None:
    """`chars = 200`, `let short == …`, `timeout = 10s`."""
    sign = t.near(0)
    if sign.type == "EQUAL" and "EQ" in t.accepts:
        return t.swap("`=` gives a name, and compares nothing", "==")
    if sign.type == "EQ" and "EQUAL" in t.accepts:
        return t.swap("`==` compares, and gives no name", "=")
    if sign.type in ("EQUAL", "EQ") and "ENV" in t.accepts:
        return t.swap("a name and its value stand side by side", "")
    return None


def _negated(t: Trouble) -> Mistake | None:
    """`system not contains "x"`, `x is not given`, `stream is true`."""
    if t.near(-1).type == "NOT" and t.accepts == {"IN"}:
        message = f"`not` stands before the whole condition, save in `not {spellings()['IN']}`"
        return t.tell(message, f"write `not {t.near(-2).text} {t.near(0).text} …`", t.span(-1, 0), "R0102")
    if t.near(-1).type != "IS":
        return None
    if t.near(0).type == "NOT":
        put = "given" if t.near(1).text in ("missing", "null", "none", "empty") else "missing"
        return t.swap("`is` has no `not`", put, 0, 1 if t.near(1).type == "NAME" else 0)
    return t.swap("`is` asks for `given` or `missing` alone", "given") if t.near(0).type in ("TRUE", "FALSE") else None


def _truth(t: Trouble) -> Mistake | None:
    """`when true -> x`."""
    word = t.near(-1)
    if word.type not in ("TRUE", "FALSE") or not t.accepts >= _COMPARISONS:
        return None
    return t.swap(f"`{word.text}` is no condition", "always" if word.type == "TRUE" else "not always", -1, -1)


def _comma_for_and(t: Trouble) -> Mistake | None:
    """`when a, b -> x`."""
    if t.near(0).type != "COMMA" or not {"AND", "ARROW"} <= t.accepts:
        return None
    return t.swap("conditions are joined by `and`", "and")


def _missing_and(t: Trouble) -> Mistake | None:
    """`when messages <= 2 chars < 200 -> x`."""
    joints = _COMPARISONS | {"IN", "CONTAINS", "MATCHES", "LIKE", "IS"}
    condition = t.near(0).type in ("NOT", "LPAR", "ALWAYS") or (t.near(0).type == "NAME" and t.near(1).type in joints)
    if not condition or not {"AND", "ARROW"} <= t.accepts:
        return None
    return t.insert("two conditions are joined by `and` or `or`", "and")


# ── quotes ──────────────────────────────────────────────────────────────────────────────────────


def _quotes(t: Trouble) -> Mistake | None:
    """A word where a text is due, a text where an expression is due, and so on."""
    lexeme = t.near(0)
    inner = lexeme.text[1:-1]
    match lexeme.type:
        case "NAME" | "NUMBER" if "TEXT" in t.accepts and not {"NAME", "NUMBER"} & t.accepts:
            return t.swap(f"`{lexeme.text}` stands in quotes here", f'"{lexeme.text}"')
        case "NUMBER" if {"TEXT", "NAME"} <= t.accepts and "REGEX" not in t.accepts and "COMMA" not in t.accepts:
            return t.swap("a name that starts with a digit stands in quotes", f'"{lexeme.text}"')
        case "TEXT" if "REGEX" in t.accepts:
            return t.swap("an expression stands between slashes", "/" + inner.replace("/", "\\/") + "/")
        case "REGEX" if "TEXT" in t.accepts:
            inner = lexeme.text[1:].rpartition("/")[0].replace('"', '\\"')
            return t.swap("a text stands in quotes, not between slashes", f'"{inner}"')
    return None


# ── targets ─────────────────────────────────────────────────────────────────────────────────────


def _is_target(t: Trouble) -> bool:
    """Whether a target stands here, and what may follow one."""
    return t.near(0).type in ("NAME", "TEXT", "ROUTE") and (t.near(1).type in _AFTER_TARGET or t.near(1).type == "NAME")


def _missing_arrow(t: Trouble) -> Mistake | None:
    """`when chars < 200 tiny`."""
    if "ARROW" not in t.accepts or not _is_target(t) or t.opens(t.at):
        return None
    word = t.near(0).text
    if word.lower() in _WORDS or (t.near(1).type == "NAME" and _close(word, _fitting_words(t))):
        return None
    return t.insert("a rule needs `->` before its target", "->")


def _missing_condition(t: Trouble) -> Mistake | None:
    """`when -> x`, `when a and -> x`."""
    if t.near(0).type not in ("ARROW", "LBRACE", "RPAR", "AND", "OR") or "ALWAYS" not in t.accepts:
        return None
    word = t.near(0).text
    return t.tell(f"a condition is missing before `{word}`", "write one, or `always`", t.span(-1, 0))


def _missing_target(t: Trouble) -> Mistake | None:
    """`-> else x`, and an option taken for the target: `else fallback [a]`, `else timeout 10s`."""
    if t.near(-1).type in _AHEAD_OF_TARGET and (t.near(0).type in _ENDING or t.opens(t.at)):
        before = "the end" if t.near(0).type == END else f"`{t.near(0).text}`"
        return t.tell(f"a target is missing before {before}", "name a model, a pool, or `reject`", t.span(-1, -1))
    if t.near(-1).type == "AS" and t.near(0).type in _ENDING:
        return t.tell("a name is missing after `as`", "write `as quick`", t.span(-1, -1))
    if t.near(0).type not in ("LSQB", "TEXT") and t.near(-1).type != "NUMBER":
        return None
    option = -2 if t.near(-1).type == "NUMBER" else -1
    if t.near(option).type != "NAME" or t.near(option - 1).type not in _AHEAD_OF_TARGET:
        return None
    name = t.near(option).text
    if name == "reject" and t.near(0).type != "LSQB":
        return t.tell("`reject` takes a status and a message", 'write `reject 403 "why"`', t.span(option, -1))
    if option == -2 or (t.near(0).type == "LSQB" and name.startswith("fallback")):
        return t.tell(
            f"a target is missing before `{name}`", "name a model, a pool, or `reject`", t.span(option, option)
        )
    return None


def _doubled_arrow(t: Trouble) -> Mistake | None:
    """`else -> x`, `when a -> -> x`."""
    if t.near(0).type != "ARROW" or t.near(-1).type not in _AHEAD_OF_TARGET:
        return None
    return t.swap(f"`->` does not follow `{t.near(-1).text}`", "")


def _list_for_target(t: Trouble) -> Mistake | None:
    """`-> [a, b]`, `-> fastest [a, b]`."""
    if t.near(0).type != "LSQB":
        return None
    if t.near(-1).type in _AHEAD_OF_TARGET:
        return t.insert("a list needs a strategy", "first of")
    return t.insert("a strategy needs `of` before its list", "of") if "OF" in t.accepts else None


def _second_target(t: Trouble) -> Mistake | None:
    """`-> a, b`, `-> a -> b`."""
    if t.near(0).type not in ("COMMA", "ARROW") or not {"AS", "WHEN"} <= t.accepts:
        return None
    return t.tell("a rule has one target", "write `-> first of [a, b]`, or `fallback [b]` for what is tried next")


# ── brackets and places ─────────────────────────────────────────────────────────────────────────


def _brackets(t: Trouble) -> Mistake | None:
    """A bracket that is never closed, a comma that is missing in a list, a `}` too many."""
    lexeme = t.near(0)
    if not t.openers:
        return t.swap(f"`{lexeme.text}` closes nothing", "", code="R0109") if lexeme.text in (")", "]", "}") else None
    opener = t.openers[-1]
    partner = partner_of(opener)
    value = lexeme.type in ("NAME", "TEXT", "NUMBER", "TIME", "REGEX", "ENV", "LSQB")
    if opener.text == "[" and value and "COMMA" in t.accepts and not t.fresh(t.at):
        return t.insert(f"a comma is missing before `{lexeme.text}`", ",")
    if (escape := t.escape()) is not None:
        return t.close(opener, escape)
    fits = PARTNERS[opener.type] in t.accepts
    if lexeme.type in {END, "RBRACE"} or (opener.text != "{" and fits) or (fits and lexeme.type == "ELSE"):
        return t.close(opener, t.at, partner if fits else None)
    return None


def _sign(t: Trouble) -> Mistake | None:
    """`model tiny context 8k }`, `pool house [a, b]`, `route a "b" { … }`: a single sign is missing."""
    kind = t.near(0).type
    if t.accepts == {"LBRACE"} and kind in ("NAME", "UPSTREAM"):
        return t.insert("the settings of a declaration stand in braces", "{")
    if t.accepts == {"EQUAL"} and kind in ("NAME", "LSQB", "NOT", "LPAR", "TEXT"):
        return t.insert("a name and what it stands for are joined by `=`", "=")
    if t.accepts == {"COMMA", "LBRACE"} and kind in ("NAME", "TEXT"):
        return t.insert("the names of a route are set apart by commas", ",")
    if t.accepts == {"OF"} and t.near(-2).type == "EQUAL":
        return t.tell(
            "a pool is a list, or a strategy of one", "write `[a, b]`, or `fastest of [a, b]`", t.span(-1, -1)
        )
    if kind == "ARROW" and t.statement == t.at:
        return t.tell("a rule starts with `when`", "write `when … -> …`, or `else …`")
    return None


def _place(t: Trouble) -> Mistake | None:
    """A statement where it may not stand."""
    lexeme = t.near(0)
    if lexeme.type == "EDITION":
        return t.tell("`edition` is the first statement of a file", "move it to the top")
    if lexeme.type in DECLARING and "WHEN" in t.accepts and t.openers and t.escape() is None:
        return t.tell(f"`{lexeme.text}` stands outside of routes and blocks", "move it out of the braces")
    if lexeme.type == "LBRACE" and t.kinds(-1, 0) == ("ELSE", "LBRACE"):
        return t.tell("`else` takes a target", "to nest rules, write `when always { … }`", t.span(-1, -1))
    if lexeme.type == "AS" and t.near(-1).type == "RBRACE":
        return t.tell("`as` stands before the braces", "write `-> tiny as quick { … }`")
    return None


# ── what would fit ──────────────────────────────────────────────────────────────────────────────

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
    (_COMPARISONS | {"IN", "CONTAINS", "MATCHES", "LIKE", "IS", "NOT", "LSQB"}, "a comparison"),
    (_COMPARISONS | {"IN", "CONTAINS", "MATCHES", "LIKE", "IS", "NOT"}, "a comparison"),
    (_COMPARISONS, "a comparison"),
    ({"OF", "NUMBER"}, "`of`"),
    ({"NUMBER", "TIME"}, "a number"),
    ({"NAME", "TEXT"}, "a name"),
    ({"NAME"}, "a name"),
    ({"TEXT"}, "a text in quotes"),
    ({"NUMBER"}, "a number"),
    ({"REGEX"}, "an expression between slashes"),
)


def _otherwise(t: Trouble) -> Mistake | None:
    lexeme = t.near(0)
    message = "the file ends too early" if lexeme.type == END else f"`{lexeme.text[:40]}` does not fit here"
    return t.tell(message, f"here fits {_spoken(t.accepts)}")


def _spoken(accepts: frozenset[str]) -> str:
    left, phrases = set(accepts) - {"FACT", END}, []
    for kinds, phrase in _KINDS:
        if kinds <= left:
            left -= kinds
            phrases.append(phrase)
    words = sorted(f"`{spellings()[kind]}`" for kind in left if kind in spellings())
    *most, last = [*words, *phrases]
    return f"{', '.join(most)} or {last}" if most else last


_GUESSES: tuple[Callable[[Trouble], Mistake | None], ...] = (
    _start,
    _else_with_condition,
    _equals,
    _negated,
    _truth,
    _missing_and,
    _missing_condition,
    _doubled_arrow,
    _missing_target,
    _missing_arrow,
    _list_for_target,
    _word,
    _reserved,
    _second_target,
    _comma_for_and,
    _quotes,
    _sign,
    _place,
    _brackets,
    _otherwise,
)
