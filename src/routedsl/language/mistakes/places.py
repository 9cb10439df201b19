"""Guesses about targets, brackets, and statements that stand in the wrong place."""

from routedsl.language.lexis import PARTNERS
from routedsl.language.mistakes.trouble import DECLARING, END, TARGETING, Mistake, Trouble, partner_of


def missing_target(t: Trouble) -> Mistake | None:
    """`-> else x`, and an option taken for the target: `else fallback [a]`, `else timeout 10s`."""
    ends = t.near(0).type in (END, "RBRACE")
    if t.near(-1).type in TARGETING and (ends or t.opens(t.at)):
        before = "the end" if t.near(0).type == END else f"`{t.near(0).text}`"
        return t.tell(f"a target is missing before {before}", "name a model, a pool, or `reject`", t.span(-1, -1))
    if t.near(-1).type == "AS" and (ends or (t.opens(t.at) and t.fresh(t.at))):
        return t.tell("a name is missing after `as`", "write `as quick`", t.span(-1, -1))
    if t.near(0).type not in ("LSQB", "TEXT") and t.near(-1).type != "NUMBER":
        return None
    option = -2 if t.near(-1).type == "NUMBER" else -1
    if t.near(option).type != "NAME" or t.near(option - 1).type not in TARGETING:
        return None
    name = t.near(option).text
    if name == "reject" and t.near(0).type != "LSQB":
        return t.tell("`reject` takes a status and a message", 'write `reject 403 "why"`', t.span(option, -1))
    if option == -2 or (t.near(0).type == "LSQB" and name.startswith("fallback")):
        return t.tell(
            f"a target is missing before `{name}`", "name a model, a pool, or `reject`", t.span(option, option)
        )
    return None


def doubled_arrow(t: Trouble) -> Mistake | None:
    """`else -> x`, `when a -> -> x`."""
    if t.near(0).type != "ARROW" or t.near(-1).type not in TARGETING:
        return None
    return t.swap(f"`->` does not follow `{t.near(-1).text}`", "")


def list_for_target(t: Trouble) -> Mistake | None:
    """`-> [a, b]`, `-> fastest [a, b]`."""
    if t.near(0).type != "LSQB":
        return None
    if t.near(-1).type in TARGETING:
        return t.insert("a list needs a strategy", "first of")
    return t.insert("a strategy needs `of` before its list", "of") if "OF" in t.accepts else None


def second_target(t: Trouble) -> Mistake | None:
    """`-> a, b`, `-> a -> b`."""
    if t.near(0).type not in ("COMMA", "ARROW") or not {"AS", "WHEN"} <= t.accepts:
        return None
    return t.tell("a rule has one target", "write `-> first of [a, b]`, or `fallback [b]` for what is tried next")


def brackets(t: Trouble) -> Mistake | None:
    """A bracket that is never closed, a comma that is missing in a list, a `}` too many."""
    lexeme = t.near(0)
    if not t.openers:
        return t.swap(f"`{lexeme.text}` closes nothing", "", code="R0109") if lexeme.text in (")", "]", "}") else None
    opener = t.openers[-1]
    if (opener.type, lexeme.type) == ("LBRACE", "RBRACE"):
        return None  # it is closed, before its time
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


def missing_value(t: Trouble) -> Mistake | None:
    """`fallback` and on the next line `timeout 10s`, `{ context quality 30 }`: a name taken for a value."""
    if (
        t.kinds(-2, -1) != ("NAME", "NAME")
        or "NAME" not in t.accepts
        or t.near(0).type not in ("NUMBER", "TIME", "TEXT", "LSQB")
    ):
        return None
    if "WHEN" in t.accepts and not t.fresh(t.at - 1):
        return None
    return t.tell(f"a value is missing behind `{t.near(-2).text}`", "write its value", t.span(-2, -2))


def sign(t: Trouble) -> Mistake | None:
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


def place(t: Trouble) -> Mistake | None:
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
