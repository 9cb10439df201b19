"""Guesses about functions, methods and parentheses, which other languages have."""

from routedsl.language.mistakes.trouble import Mistake, Trouble
from routedsl.language.mistakes.words import like

_KEYED = {"header": "header", "headers": "header", "metadata": "metadata"}
_GIVEN = {"has", "exists", "defined", "isset", "present", "is_defined"}
_COUNTS = {"len", "length", "count", "size", "sum"}
_FOLDS = {"lower", "upper", "lowercase", "uppercase", "tolower", "toupper", "trim", "string", "int", "str"}
_ENVIRONMENT = {"env", "getenv", "environ"}
_METHODS = {"contains": "contains", "includes": "contains", "matches": "matches", "match": "matches", "equals": "=="}


def call(t: Trouble) -> Mistake | None:
    """`len(messages)`, `header("x")`, `text.startsWith("x")`, `fastest(a, b)`, `reject(403, "no")`, `env("KEY")`."""
    last = _closing(t)
    if t.near(0).type != "LPAR" or t.near(-1).end != t.near(0).start or last is None:
        return None
    if t.near(-1).type == "IMPORT":
        return t.swap("an import has no parentheses", t.text(1, last - 1), 0, last)
    if t.near(-1).type != "NAME":
        return None
    put = _target(t, last) if "OF" in t.accepts else _value(t, last)
    if put:
        return t.swap("there are no functions", put, -1, last)
    help_ = "compare a signal with a constant: `chars < 200`"
    return t.tell(f"`{t.text(-1, 0)}…)` is no condition: there are no functions", help_, t.span(-1, last), "R0102")


def _closing(t: Trouble) -> int | None:
    depth = 0
    for distance in range(40):
        depth += (t.near(distance).type == "LPAR") - (t.near(distance).type == "RPAR")
        if depth == 0:
            return distance
    return None


def _target(t: Trouble, last: int) -> str | None:
    if t.near(-1).text == "reject":
        return "reject " + " ".join(t.near(n).text for n in range(1, last) if t.near(n).type != "COMMA")
    return f"{t.near(-1).text} of [{t.text(1, last - 1)}]"


def _value(t: Trouble, last: int) -> str | None:
    name, inner = t.near(-1).text, t.text(1, last - 1)
    simple = last == 2 or t.near(2).type == "LSQB"
    head, _, method = name.rpartition(".")
    word = method.lower().replace("_", "")
    if not simple:
        return None
    if name in _KEYED and t.near(1).type == "TEXT":
        return f"{_KEYED[name]}[{inner}]"
    if word in _ENVIRONMENT and t.near(1).type == "TEXT":
        return f"${t.near(1).text[1:-1]}"
    if head and t.near(1).type == "TEXT":
        return _method(head, word, inner)
    if t.near(1).type != "NAME":
        return None
    if word in _GIVEN:
        return f"{inner} is given"
    if word in _COUNTS:
        return {"text": "chars", "last": "last_chars", "system": "system_chars", "prompt": "chars"}.get(inner, inner)
    return inner if word in _FOLDS else None


def _method(signal: str, word: str, text: str) -> str | None:
    if word in ("startswith", "endswith", "hasprefix", "hassuffix"):
        return f"{signal} {like(text[1:-1], starts=word in ('startswith', 'hasprefix'))}"
    if word in ("matches", "match"):
        return f"{signal} matches /{text[1:-1]}/"
    return f"{signal} {_METHODS[word]} {text}" if word in _METHODS else None
