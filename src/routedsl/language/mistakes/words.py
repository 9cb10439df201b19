"""Guesses about words: keywords misspelt, in capitals, of other languages, or where a name is due."""

from collections.abc import Iterable
from difflib import get_close_matches

from routedsl.language.mistakes.trouble import END, STARTING, TARGETING, Mistake, Trouble, spellings

_STARTS = {
    "if": "when", "elif": "when", "elsif": "when", "elseif": "when", "unless": "when", "case": "when", "rule": "when",
    "otherwise": "else", "def": "let", "define": "let", "var": "let", "const": "let", "set": "let", "group": "pool",
    "include": "import", "use": "import", "require": "import", "provider": "upstream", "server": "upstream",
    "backend": "upstream", "ensure": "assert", "expect": "assert", "routes": "route", "default": "defaults",
}  # fmt: skip
_WORDS = {
    "then": "->", "do": "->", "goto": "->", "to": "->", "equals": "==", "eq": "==", "ne": "!=", "lt": "<", "le": "<=",
    "gt": ">", "ge": ">=", "has": "contains", "includes": "contains", "match": "matches",
}  # fmt: skip
_AHEAD_OF_NAME = TARGETING | {"MODEL", "UPSTREAM", "CLASSIFIER", "LET", "POOL", "ROUTE", "AS", "OF", "COMMA", "LSQB"}
_BEHIND_TARGET = STARTING | {"AS", "LBRACE", "RBRACE", "OF", END}


def is_else(word: str) -> bool:
    """Whether a name that starts an option is likely an `else`: `otherwise tiny` reads as one."""
    return _STARTS.get(word.lower()) == "else" or _close(word, {spellings()[kind] for kind in STARTING}) == "else"


def start(t: Trouble) -> Mistake | None:
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


def else_with_condition(t: Trouble) -> Mistake | None:
    """`else when short -> x`, `else if short -> x`."""
    if t.kinds(-1, 0) == ("ELSE", "WHEN"):
        return t.swap("`else` takes all that is left", "when", -1, 0)
    if t.statement >= 2 and t.lexemes[t.statement - 1].text == "if" and t.lexemes[t.statement - 2].type == "ELSE":
        distance = t.statement - t.at
        return t.tell(
            "`else` takes all that is left", "write `when … -> …`", t.span(distance - 2, distance - 1), "R0102"
        )
    return None


def keyword(t: Trouble) -> Mistake | None:
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


def reserved(t: Trouble) -> Mistake | None:
    """`let all = …`, `-> model`: a reserved word as a name."""
    word = t.near(0)
    if not word.text.isalpha() or word.type == "NAME" or "NAME" not in t.accepts:
        return None
    starts = t.opens(t.at) and t.near(-1).type != "AS" and t.near(1).type not in ("EQUAL", "LBRACE")
    if t.near(-1).type not in _AHEAD_OF_NAME or starts:
        return None
    if word.type == "ALL" and t.near(-1).type in TARGETING:
        return t.swap("`all` needs a strategy", "first of all")
    if word.type == "MODEL" and t.kinds(-1, 1) == (t.near(-1).type, "MODEL", "NAME"):
        return t.swap("a model is named without `model`", "")
    put = f'"{word.text}"' if "TEXT" in t.accepts else f"{word.text}_"
    return t.swap(f"`{word.text}` is a reserved word", put, code="R0110")


def missing_arrow(t: Trouble) -> Mistake | None:
    """`when chars < 200 tiny`."""
    target = t.near(0).type in ("NAME", "TEXT", "ROUTE") and (
        t.near(1).type == "NAME" or t.near(1).type in _BEHIND_TARGET
    )
    if "ARROW" not in t.accepts or not target or t.opens(t.at):
        return None
    word = t.near(0).text
    if word.lower() in _WORDS or (t.near(1).type == "NAME" and _close(word, _fitting_words(t))):
        return None
    return t.insert("a rule needs `->` before its target", "->")


def _fitting_words(t: Trouble) -> set[str]:
    return {spellings()[kind] for kind in t.accepts if kind in spellings()}


def _close(word: str, known: Iterable[str]) -> str | None:
    """The known word that was misspelt; stricter than for names, since any name may stand in most places."""
    letters = sorted(word.lower())
    mixed_up = (candidate for candidate in sorted(known) if sorted(candidate) == letters)
    return next(mixed_up, None) or next(iter(get_close_matches(word.lower(), list(known), 1, 0.74)), None)
