"""Guesses about words: keywords misspelt, in capitals, of other languages, or where a name is due."""

import re
from collections.abc import Iterable

from routedsl.language.machine import END
from routedsl.language.mistakes.places import is_option
from routedsl.language.mistakes.trouble import STARTING, TARGETING, Mistake, Trouble, lexemes_of_words, spellings

_STARTS = {
    "if": "when", "elif": "when", "elsif": "when", "elseif": "when", "case": "when", "rule": "when",
    "otherwise": "else", "def": "let", "define": "let", "var": "let", "const": "let", "set": "let", "group": "pool",
    "include": "import", "use": "import", "require": "import", "provider": "upstream", "server": "upstream",
    "backend": "upstream", "ensure": "assert", "expect": "assert", "routes": "route", "default": "defaults",
}  # fmt: skip
_WORDS = {
    "then": "->", "do": "->", "goto": "->", "to": "->", "equals": "==", "eq": "==", "ne": "!=", "lt": "<", "le": "<=",
    "gt": ">", "ge": ">=", "has": "contains", "includes": "contains", "match": "matches", "use": "->", "send": "->",
    "return": "->",
}  # fmt: skip
_PHRASES = {
    "greater than or equal to": ">=", "less than or equal to": "<=", "greater than": ">", "more than": ">",
    "above": ">", "over": ">", "less than": "<", "fewer than": "<", "below": "<", "under": "<", "at least": ">=",
    "at most": "<=", "equal to": "==", "any of": "in", "one of": "in", "exists": "is given", "defined": "is given",
}  # fmt: skip
_AHEAD_OF_NAME = TARGETING | {"MODEL", "UPSTREAM", "CLASSIFIER", "LET", "POOL", "ROUTE", "AS", "OF", "COMMA", "LSQB"}
_BEHIND_TARGET = STARTING | {"AS", "LBRACE", "RBRACE", "OF", END}


def is_else(word: str) -> bool:
    """Whether a name that starts an option is likely an `else`: `otherwise tiny` reads as one."""
    return (
        word.lower() == "default"
        or _STARTS.get(word.lower()) == "else"
        or _close(word, {spellings()[kind] for kind in STARTING}) == "else"
    )


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


def unless(t: Trouble) -> Mistake | None:
    """`unless short -> x`: of one condition, or of several."""
    distance = t.statement - t.at
    if t.near(distance).text != "unless" or distance == 0:
        return None
    past = 0
    while t.near(past).type not in ("ARROW", "LBRACE", "") and not t.ends(past):
        past += 1
    condition = t.text(distance + 1, past - 1)
    put = f"when not {condition}" if past == 0 else f"when not ({condition})"
    return t.swap("there is no `unless`", put, distance, past - 1)


def missing_when(t: Trouble) -> Mistake | None:
    """`short -> x`, `chars < 200 -> x`, `default -> x`."""
    first, distance = t.near(t.statement - t.at), t.statement - t.at
    if distance != -1 or first.type != "NAME" or t.near(0).type not in _PREDICATING:
        return None
    if is_else(first.text) and t.near(0).type == "ARROW":
        return t.swap(f"`{first.text}` starts no statement", "else", -1, 0, "R0101")
    if _STARTS.get(first.text.lower()) or is_option(first.text):
        return None
    return t.swap("a rule starts with `when`", f"when {first.text}", -1, -1, "R0101")


_PREDICATING = {"ARROW", "LT", "LE", "GT", "GE", "EQ", "NE", "IN", "CONTAINS", "MATCHES", "LIKE", "IS"}


def phrase(t: Trouble) -> Mistake | None:
    """`greater than`, `starts with "x"`, `does not contain "x"`: what takes a sign or a keyword here."""
    words: list[str] = []
    while t.near(len(words)).type in ("NAME", "OR", "NOT", "OF") and len(words) < 6:
        words.append(t.near(len(words)).text.lower())
    for n in range(len(words), 0, -1):
        put = _PHRASES.get(" ".join(words[:n]), "")
        if put and lexemes_of_words(put, 0, 0)[0].type in t.accepts:
            return t.swap(f"`{t.text(0, n - 1)}` is written `{put}` here", put, 0, n - 1)
    return affix(t, words) or _does_not(t, words)


def affix(t: Trouble, words: list[str]) -> Mistake | None:
    """`starts with "x"`, `ends with "x"`, whose text is read as it stands."""
    if words[:2] not in (["starts", "with"], ["ends", "with"]) or t.near(2).type != "TEXT" or "LIKE" not in t.accepts:
        return None
    put = like(t.near(2).text[1:-1], starts=words[0] == "starts")
    return t.swap(f"`{t.text(0, 1)}` is written `{put.split()[0]}` here", put, 0, 2)


def like(text: str, *, starts: bool) -> str:
    """The predicate for texts that start, or end, with one."""
    if not {"*", "?", "\\"} & set(text):
        return f'like "{text}*"' if starts else f'like "*{text}"'
    pattern = re.sub(r"(?<!\\)([^\w\s\\])", r"\\\1", text)
    return f"matches /^{pattern}/" if starts else f"matches /{pattern}$/"


def _does_not(t: Trouble, words: list[str]) -> Mistake | None:
    meant = {"contain": "contains", "match": "matches", "include": "contains"}.get("".join(words[2:3]))
    if (
        words[:2] != ["does", "not"]
        or not meant
        or t.near(-1).type != "NAME"
        or t.near(3).type not in ("TEXT", "REGEX")
    ):
        return None
    put = f"not {t.near(-1).text} {meant} {t.near(3).text}"
    return t.swap("`not` stands before the whole condition", put, -1, 3)


def keyword(t: Trouble) -> Mistake | None:
    """`adn`, `AND`, `then`, where no name fits."""
    word = t.near(0)
    if t.near(-1).type == "NAME" and t.near(-1).text.lower() in spellings().values():
        return t.swap(f"`{t.near(-1).text}` is written in small letters", t.near(-1).text.lower(), -1, -1)
    if word.type != "NAME" or "NAME" in t.accepts:
        return None
    if word.text.lower() == "between":
        return _between(t)
    if word.text == "then" and t.near(1).type == "ARROW":
        return t.swap("`then` has no place in a policy", "")
    known = _fitting_words(t)
    meant = _WORDS.get(word.text.lower(), "")
    if meant in known:
        return t.swap(f"`{word.text}` is written `{meant}` here", meant)
    misspelt = _close(word.text, known)
    return t.swap(f"`{word.text}` does not fit here", misspelt, code="R0101") if misspelt else None


def _between(t: Trouble) -> Mistake:
    message = "`between` has another form here"
    if t.kinds(1, 3) in (("NUMBER", "AND", "NUMBER"), ("TIME", "AND", "TIME")):
        return t.swap(message, f"in {t.near(1).text}..{t.near(3).text}", 0, 3)
    return t.tell(message, "write `200 <= chars <= 500`, or `chars in 200..500`", code="R0102")


def reserved(t: Trouble) -> Mistake | None:
    """`let all = …`, `-> model`: a reserved word as a name."""
    word = t.near(0)
    if not word.text.isalpha() or word.type == "NAME" or "NAME" not in t.accepts:
        return None
    starts = (
        t.opens(t.at) and word.type != "POOL" and t.near(-1).type != "AS" and t.near(1).type not in ("EQUAL", "LBRACE")
    )
    if t.near(-1).type not in _AHEAD_OF_NAME or starts:
        return None
    if word.type == "ALL" and t.near(-1).type in TARGETING:
        return t.swap("`all` needs a strategy", "first of all")
    if word.type in ("MODEL", "POOL") and t.near(1).type == "NAME":
        return t.swap(f"a {word.text} is named without `{word.text}`", "")
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
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    letters = sorted(word.lower())
    mixed_up = (candidate for candidate in sorted(known) if sorted(candidate) == letters)
    return next(mixed_up, None) or next(iter(get_close_matches(word.lower(), list(known), 1, 0.74)), None)
