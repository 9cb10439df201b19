"""Guesses about targets, brackets, and statements that stand in the wrong place."""

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Span
from routedsl.language.lexis import PARTNERS
from routedsl.language.machine import END
from routedsl.language.mistakes.trouble import DECLARING, TARGETING, Mistake, Trouble, partner_of
from routedsl.language.settings import OPTIONS


def missing_target(t: Trouble) -> Mistake | None:
    """`-> else x`, and an option taken for the target: `else fallback [a]`, `else timeout 10s`."""
    if t.near(-1).type in TARGETING and t.kinds(0, 1) == ("POOL", "NAME") and t.near(2).type != "EQUAL":
        return t.swap("a pool is named without `pool`", "")
    ends = t.near(0).type in (END, "RBRACE")
    if t.near(-1).type in TARGETING and (ends or t.opens(t.at)):
        before = "the end" if t.near(0).type == END else f"`{t.near(0).text}`"
        return t.tell(f"a target is missing before {before}", "name a model, a pool, or `reject`", t.span(-1, -1))
    if t.near(-1).type == "AS" and (ends or (t.opens(t.at) and t.fresh(t.at))):
        return t.tell("a name is missing after `as`", "write `as quick`", t.span(-1, -1))
    if t.near(0).type not in ("LSQB", "TEXT") and t.near(-1).type != "NUMBER":
        return None
    option = -2 if t.near(-1).type == "NUMBER" else -1
    if t.kinds(-1, 0) == ("NAME", "TEXT") and t.near(-1).text == "reject":
        return t.swap("`reject` takes a status and a message", f"reject 403 {t.near(0).text}", -1, 0, "R0101")
    if t.near(option).type != "NAME" or t.near(option - 1).type not in TARGETING:
        return None
    name = t.near(option).text
    if name == "reject" and t.near(0).type != "LSQB":
        return t.tell("`reject` takes a status and a message", 'write `reject 403 "why"`', t.span(option, -1))
    if option == -2 and not is_option(name):
        return t.swap("a name with a space in it stands in quotes", f'"{t.text(option, -1)}"', option, -1)
    if option == -2 or (t.near(0).type == "LSQB" and name.startswith("fallback")):
        return t.tell(
            f"a target is missing before `{name}`", "name a model, a pool, or `reject`", t.span(option, option)
        )
    return None


def is_option(name: str) -> bool:
    """Whether rules, blocks and routes take an option of this name."""
    return name in OPTIONS.readers


def doubled_arrow(t: Trouble) -> Mistake | None:
    """`else -> x`, `when a -> -> x`, `fallback -> [a]`, `-> { … }`."""
    if t.kinds(-1, 0) == ("ARROW", "LBRACE"):
        return t.swap("`->` does not lead to a block", "", -1, -1)
    if t.near(0).type == "ARROW" and t.near(-1).type == "NAME" and "ENV" in t.accepts:
        return t.swap("a name and its value stand side by side", "")
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
    """`-> a, b`, `-> a -> b`, `-> a or b`."""
    joining = ("COMMA", "ARROW", "OR", "AND")
    if t.near(0).type not in joining or not {"AS", "WHEN"} <= t.accepts:
        return None
    names, past = [t.near(-1).text], 0
    while t.near(past).type in joining and t.near(past + 1).type in ("NAME", "TEXT"):
        names.append(t.near(past + 1).text)
        past += 2
    if len(names) > 1 and t.near(-1).type in ("NAME", "TEXT") and t.ends(past):
        return t.swap("a rule has one target", f"first of [{', '.join(names)}]", -1, past - 1, "R0101")
    return t.tell("a rule has one target", "write `-> first of [a, b]`, or `fallback [b]` for what is tried next")


def naming(t: Trouble) -> Mistake | None:
    """`as quick as fast`, `as quick one`, `-> tiny "fast"`."""
    if t.near(0).type == "AS" and t.near(-2).type == "AS":
        return t.swap("a rule has one name", "", 0, 1 if t.near(1).type in ("NAME", "TEXT") else 0)
    before = t.lexemes[max(0, t.at - 3) : t.at]
    if [lexeme.type for lexeme in before] == ["AS", "NAME", "NAME"] and not t.fresh(t.at - 1) and t.opens(t.at):
        name = f"{before[1].text}_{before[2].text}"
        help_ = f"write `{name}`"
        place = Span(t.source, before[1].start, before[2].end)
        return t.tell("the name of a rule is one word", help_, place, edit=Edit(place, name))
    if t.near(0).type == "TEXT" and "AS" in t.accepts and t.near(-1).type == "NAME":
        return t.insert("a target has one name, and `as` before that of the rule", "as")
    return None


def option_of_rule(t: Trouble) -> Mistake | None:
    """`-> tiny (timeout 10s)`, `-> tiny with timeout 10s`, `when a timeout 10s -> b`."""
    if t.kinds(-2, -1) == ("NAME", "NAME") and t.near(-2).text in ("with", "using") and is_option(t.near(-1).text):
        put = f"{{ {t.text(-1, 0)} }}"
        edit = Edit(t.span(-2, 0), put)
        return t.tell("the options of a rule stand in braces", f"write `{put}`", edit.span, edit=edit)
    if t.near(0).type == "LPAR" and t.kinds(1, 3) == ("NAME", "NUMBER", "RPAR") and "AS" in t.accepts:
        return t.swap("the options of a rule stand in braces", f"{{ {t.text(1, 2)} }}", 0, 3)
    if t.near(0).type == "NAME" and is_option(t.near(0).text) and "ARROW" in t.accepts and not t.fresh(t.at):
        option = t.text(0, 1)
        return t.tell("an option stands behind its target", f"write `-> … {{ {option} }}`", t.span(0, 1))
    return None


def target_first(t: Trouble) -> Mistake | None:
    """`tiny when short`."""
    if t.kinds(-1, 0) != ("NAME", "WHEN") or t.statement != t.at - 1 or t.fresh(t.at) or t.ends(1):
        return None
    last = 1
    while not t.ends(last + 1):
        last += 1
    return t.swap("a rule starts with `when`", f"when {t.text(1, last)} -> {t.near(-1).text}", -1, last, "R0101")


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
    if kind == "LBRACE" and t.near(-1).type in ("MODEL", "UPSTREAM", "CLASSIFIER", "ROUTE"):
        word = t.near(-1).text
        example = {"MODEL": "tiny", "UPSTREAM": "local", "CLASSIFIER": "difficulty", "ROUTE": "auto"}[t.near(-1).type]
        return t.tell(f"`{word}` needs a name", f"write `{word} {example} {{ … }}`", t.span(-1, -1))
    if t.accepts == {"LBRACE"} and kind in ("NAME", "UPSTREAM"):
        last = 0
        while not t.ends(last + 1):
            last += 1
        if t.near(last + 1).type != "RBRACE":
            return t.swap("the settings of a declaration stand in braces", f"{{ {t.text(0, last)} }}", 0, last, "R0101")
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
        if t.near(1).type in ("NAME", "TEXT") and t.near(2).type == "RBRACE":
            return t.swap("a target stands without braces", t.near(1).text, 0, 2)
        return t.swap("`else` takes a target", "when always", -1, -1, "R0101")
    if lexeme.type == "AS" and t.near(-1).type == "RBRACE":
        return t.tell("`as` stands before the braces", "write `-> tiny as quick { … }`")
    return None
