"""Guesses about what stands in the braces of a test."""

from routedsl.language.mistakes.trouble import Mistake, Trouble

_SIGNS = {"EQUAL", "EQ"}
_COMPARING = {"LT", "LE", "GT", "GE", "NE", "IN", "CONTAINS", "MATCHES", "LIKE", "IS"}
_OF_A_FACT = {"NAME", "MODEL", "UPSTREAM", "NUMBER", "TIME", "TRUE", "FALSE", "LSQB"}


def inside(t: Trouble) -> bool:
    """Whether a text leaves the grammar in the braces of a test."""
    return t.lexemes[t.statement].type == "TEST" and bool(t.openers)


def of_test(t: Trouble) -> Mistake | None:
    """The likeliest reading within a test."""
    return (_stating(t) or _expecting(t)) if inside(t) else None


def _stating(t: Trouble) -> Mistake | None:
    """`chars = 20`, `chars < 20`, `not stream`, `stream`, a fact behind an `expect`."""
    kind, expecting = t.near(0).type, _has_expected(t)
    if kind in _SIGNS:
        return t.swap("a test states a fact without a sign", "")
    if kind in _COMPARING and not expecting:
        return t.tell("a test states one value of a fact", f"write `{t.near(-1).text} …` and the value", t.span(0, 0))
    if kind == "NOT" and t.near(1).type == "NAME":
        return t.swap("a test states a fact without `not`", f"{t.near(1).text} false", 0, 1)
    if kind in ("EXPECT", "RBRACE") and not expecting and {"TRUE", "NAME"} <= t.accepts:
        name = t.near(-1).text
        return t.tell(f"a value is missing behind `{name}`", f"write it, such as `{name} true`", t.span(-1, -1))
    is_fact = kind in _OF_A_FACT or t.kinds(0, 1) == ("TEXT", "FACT")
    if is_fact and expecting and {"EXPECT", "RBRACE"} <= t.accepts:
        return t.tell("facts stand before what is expected", "move it before the first `expect`")
    return None


def _expecting(t: Trouble) -> Mistake | None:
    """`-> tiny`, `expect model tiny`, `expect [a, b]`, `expect tiny as quick`."""
    kind, behind = t.near(0).type, t.near(-1).type == "EXPECT"
    if kind == "ARROW":
        return t.swap("what is decided stands behind `expect`", "expect")
    if kind == "MODEL" and behind:
        return t.swap("a model is expected by its name alone", "")
    if kind == "LSQB" and behind:
        return t.insert("a whole chain is expected by `chain`", "chain")
    if kind == "AS" and _has_expected(t):
        return t.swap("a rule is expected by itself", "expect rule")
    return None


def _has_expected(t: Trouble) -> bool:
    return any(lexeme.type == "EXPECT" for lexeme in t.lexemes[t.statement : t.at])
