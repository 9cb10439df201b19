"""Guesses about signs and forms: operators, quotes, and how conditions are joined."""

from routedsl.language.mistakes.trouble import Mistake, Trouble, spellings

COMPARING = frozenset({"LT", "LE", "GT", "GE", "EQ", "NE"})
"""The terminals that compare."""
ASKING = COMPARING | {"IN", "CONTAINS", "MATCHES", "LIKE", "IS"}
"""The terminals that may follow a signal in a predicate."""


def equals(t: Trouble) -> Mistake | None:
    """`chars = 200`, `let short == …`, `timeout = 10s`."""
    sign = t.near(0)
    if sign.type == "EQUAL" and "EQ" in t.accepts:
        return t.swap("`=` gives a name, and compares nothing", "==")
    if sign.type == "EQ" and "EQUAL" in t.accepts:
        return t.swap("`==` compares, and gives no name", "=")
    if sign.type in ("EQUAL", "EQ") and "ENV" in t.accepts:
        return t.swap("a name and its value stand side by side", "")
    return None


def negated(t: Trouble) -> Mistake | None:
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
    condition = t.near(0).type in ("NOT", "LPAR", "ALWAYS") or (t.near(0).type == "NAME" and t.near(1).type in ASKING)
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
            return t.swap("an expression stands between slashes", "/" + inner.replace("/", "\\/") + "/")
        case "REGEX" if "TEXT" in t.accepts:
            inner = lexeme.text[1:].rpartition("/")[0].replace('"', '\\"')
            return t.swap("a text stands in quotes, not between slashes", f'"{inner}"')
    return None
