"""Guesses about signs and forms: operators, quotes, and how conditions are joined."""

from routedsl.language.build_conditions import MISSING
from routedsl.language.mistakes.trouble import Mistake, Trouble, spellings

COMPARING = frozenset({"LT", "LE", "GT", "GE", "EQ", "NE"})
"""The terminals that compare."""
ASKING = COMPARING | {"IN", "CONTAINS", "MATCHES", "LIKE", "IS"}
"""The terminals that may follow a signal in a predicate."""


def marks(t: Trouble) -> Mistake | None:
    """`:`, `;` and `:=`, which no policy has."""
    mark = t.near(0)
    if mark.type not in ("MARK", "ASSIGN"):
        return None
    if mark.text != ";" and t.near(-1).type != "ELSE":
        for kind, put in (("ARROW", "->"), ("EQUAL", "="), ("EQ", "==")):
            if kind in t.accepts and not (mark.type == "ASSIGN" and kind == "ARROW"):
                return t.swap(f"`{mark.text}` is written `{put}` here", put)
    return t.swap(f"`{mark.text}` has no place in a policy", "")


def equals(t: Trouble) -> Mistake | None:
    """`chars = 200`, `let short == …`, `let short is …`, `timeout = 10s`, `model tiny = { … }`."""
    sign = t.near(0)
    if sign.type == "EQUAL" and "EQ" in t.accepts:
        return t.swap("`=` gives a name, and compares nothing", "==")
    if sign.type in ("EQ", "IS") and "EQUAL" in t.accepts:
        what = "compares" if sign.type == "EQ" else "asks"
        return t.swap(f"`{sign.text}` {what}, and gives no name", "=")
    if sign.type in ("EQUAL", "EQ") and "ENV" in t.accepts:
        return t.swap("a name and its value stand side by side", "")
    if sign.type == "EQUAL" and "LBRACE" in t.accepts:
        return t.swap("a name and its braces stand side by side", "")
    return None


def arrow(t: Trouble) -> Mistake | None:
    """`when stream > tiny`, `when stream = tiny`: a comparison that was meant to be an arrow."""
    if "ARROW" not in t.accepts or t.near(-2).type not in COMPARING or t.near(-1).type not in ("NAME", "TEXT"):
        return None
    return t.swap("a rule needs `->` before its target", "->", -2, -2, "R0101") if t.ends(0) else None


def negated(t: Trouble) -> Mistake | None:
    """`system not contains "x"`, `x is not given`, `stream is true`, `model is "x"`."""
    if t.near(-1).type == "NOT" and t.accepts == {"IN"}:
        message = f"`not` stands before the whole condition, save in `not {spellings()['IN']}`"
        if t.near(-2).type == "NAME" and t.near(1).type in ("TEXT", "REGEX"):
            return t.swap(message, f"not {t.near(-2).text} {t.text(0, 1)}", -2, 1)
        return t.tell(message, f"write `not {t.near(-2).text} {t.near(0).text} …`", t.span(-1, 0), "R0102")
    if t.near(-1).type != "IS":
        return None
    match t.near(0).type:
        case "NOT":
            put = "given" if t.near(1).text.lower() in {"missing", *MISSING} else "missing"
            return t.swap("`is` has no `not`", put, 0, 1 if t.near(1).type == "NAME" else 0)
        case "TRUE":
            return t.swap("`is` asks for `given` or `missing` alone", "", -1, 0)
        case "FALSE" if t.near(-2).type == "NAME":
            return t.swap("`is` asks for `given` or `missing` alone", f"not {t.near(-2).text}", -2, 0)
        case "TEXT" | "NUMBER" | "TIME":
            return t.swap("`is` asks for `given` or `missing` alone", "==", -1, -1)
        case _:
            return None


def doubled(t: Trouble) -> Mistake | None:
    """`a and and b`, `[a,, b]`."""
    kind = t.near(0).type
    if kind != t.near(-1).type or kind not in ("AND", "OR", "COMMA"):
        return None
    return t.swap(f"`{t.near(0).text}` stands twice", "", code="R0101")


def tilde(t: Trouble) -> Mistake | None:
    """`text =~ "x"`: the sign was told, and the text behind it as well."""
    if t.kinds(-1, 0) != ("MATCHES", "TEXT") or t.span(-1, -1).text == "matches":
        return None
    put = f"matches {_expression(t.near(0).text)}"
    return t.swap(f"`{t.span(-1, -1).text}` is written `matches` here", put, -1, 0)


def _expression(text: str) -> str:
    return "/" + text[1:-1].replace("/", "\\/") + "/"


def environment(t: Trouble) -> Mistake | None:
    """`$model == "x"`, `$TIER == "gold"`."""
    word = t.near(0).text[1:]
    if t.near(0).type != "ENV" or "ALWAYS" not in t.accepts:
        return None
    if word.islower():
        return t.swap(f"`{word}` is named without a `$`", word)
    help_ = 'ask for what the request brings, such as `header["x-tier"]`'
    return t.tell("a condition knows nothing of the environment", help_, code="R0102")


def truth(t: Trouble) -> Mistake | None:
    """`when true -> x`."""
    word = t.near(-1)
    if word.type not in ("TRUE", "FALSE") or not t.accepts >= COMPARING:
        return None
    return t.swap(f"`{word.text}` is no condition", "always" if word.type == "TRUE" else "not always", -1, -1)


def missing_condition(t: Trouble) -> Mistake | None:
    """`when -> x`, `when a and -> x`."""
    if t.near(0).type not in ("ARROW", "LBRACE", "RPAR", "AND", "OR") or "ALWAYS" not in t.accepts:
        return None
    word = t.near(0).text
    return t.tell(f"a condition is missing before `{word}`", "write one, or `always`", t.span(-1, 0))


def comma_for_and(t: Trouble) -> Mistake | None:
    """`when a, b -> x`."""
    if t.near(0).type != "COMMA" or not {"AND", "ARROW"} <= t.accepts:
        return None
    return t.swap("conditions are joined by `and`", "and")


def missing_and(t: Trouble) -> Mistake | None:
    """`when messages <= 2 chars < 200 -> x`."""
    behind = ASKING | {"ARROW", "AND", "OR", "RPAR"}
    condition = t.near(0).type in ("NOT", "LPAR", "ALWAYS") or (t.near(0).type == "NAME" and t.near(1).type in behind)
    if not condition or not {"AND", "ARROW"} <= t.accepts:
        return None
    return t.insert("two conditions are joined by `and` or `or`", "and")


def quotes(t: Trouble) -> Mistake | None:
    """A word where a text is due, a text where an expression is due, and so on."""
    lexeme = t.near(0)
    inner = lexeme.text[1:-1]
    match lexeme.type:
        case "NAME" | "NUMBER" if "TEXT" in t.accepts and not {"NAME", "NUMBER"} & t.accepts:
            return t.swap(f"`{lexeme.text}` stands in quotes here", f'"{lexeme.text}"')
        case "NUMBER" if {"TEXT", "NAME"} <= t.accepts and "REGEX" not in t.accepts and "COMMA" not in t.accepts:
            return t.swap("a name that starts with a digit stands in quotes", f'"{lexeme.text}"')
        case "TEXT" if "REGEX" in t.accepts:
            return t.swap("an expression stands between slashes", _expression(lexeme.text))
        case "TEXT" if "NAME" in t.accepts and "LSQB" not in t.accepts and inner.isidentifier():
            return t.swap("this name stands without quotes", inner)
        case "REGEX" if "TEXT" in t.accepts:
            inner = lexeme.text[1:].rpartition("/")[0].replace('"', '\\"')
            return t.swap("a text stands in quotes, not between slashes", f'"{inner}"')
    return None
