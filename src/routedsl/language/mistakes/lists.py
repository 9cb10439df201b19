"""Guesses about lists and ranges: brackets that are others or missing, commas too many, ranges by other words."""

from routedsl.language.mistakes.trouble import TARGETING, Mistake, Trouble, partner_of

_ITEMS = ("TEXT", "NAME", "NUMBER", "TIME")
_OPENING = {"LPAR": "RPAR", "LBRACE": "RBRACE", "LSQB": "RSQB"}


def thousands(t: Trouble) -> Mistake | None:
    """`1,000`, `$0,05`: a comma inside a number."""
    before, behind = t.near(-1), t.near(1)
    adjacent = before.end == t.near(0).start and t.near(0).end == behind.start
    if t.kinds(-1, 1) != ("NUMBER", "COMMA", "NUMBER") or not adjacent:
        return None
    whole = len(behind.text.rstrip("kM")) == 3 and "$" not in before.text
    put = before.text + ("" if whole else ".") + behind.text
    return t.swap("a number has no comma", put, -1, 1, "R0302")


def ranges(t: Trouble) -> Mistake | None:
    """`in 200 to 500`, `in 200.500`, `in [200..500]`, `in "09:00".."17:00"`."""
    if t.accepts == {"RANGE"} and t.near(0).text in ("to", "and", "until") and t.near(1).type in ("NUMBER", "TIME"):
        return t.swap("a range is written with two dots", f"{t.near(-1).text}..{t.near(1).text}", -1, 1)
    if t.accepts == {"RANGE"} and t.near(-1).type == "NUMBER" and "." in t.near(-1).text:
        return t.swap("a range is written with two dots", t.near(-1).text.replace(".", ".."), -1, -1)
    if t.near(0).type == "RANGE" and t.kinds(-3, -2) == ("IN", "LSQB") and t.near(2).type == "RSQB":
        return t.swap("a range has no brackets", f"{t.near(-1).text}..{t.near(1).text}", -2, 2)
    if t.near(-1).type == "IN" and t.kinds(0, 2) == ("TEXT", "RANGE", "TEXT"):
        put = f"{t.near(0).text[1:-1]}..{t.near(2).text[1:-1]}"
        return t.swap("the ends of a range stand without quotes", put, 0, 2)
    return None


def brackets_of_list(t: Trouble) -> Mistake | None:
    """`in ("a", "b")`, `in "a", "b"`, `supports (tools, json)`, `-> fastest of (a, b)`."""
    if "LSQB" not in t.accepts or t.near(0).type not in ("LPAR", "LBRACE", "TEXT") or t.near(-1).type in TARGETING:
        return None
    if t.near(0).type == "TEXT":
        found = _items(t, 0)
        return t.swap("a list stands in brackets", f"[{t.text(0, found - 1)}]", 0, found - 1)
    found = _items(t, 1)
    if found == 1 or t.near(found).type != _OPENING[t.near(0).type]:
        return None
    return t.swap("a list stands in square brackets", f"[{t.text(1, found - 1)}]", 0, found)


def bare_list(t: Trouble) -> Mistake | None:
    """`fallback a, b`, `contains "a", "b"`, `of a, b`: a list without brackets, seen at its first comma."""
    found = _items(t, -1)
    if t.near(0).type != "COMMA" or t.near(-1).type not in ("TEXT", "NAME") or found < 2:
        return None
    value = t.near(-2).type in ("NAME", "CONTAINS", "OF")
    if not value or not (t.ends(found) or t.near(found).type in ("ARROW", "AND", "OR")):
        return None
    return t.swap("a list stands in brackets", f"[{t.text(-1, found - 1)}]", -1, found - 1)


def _items(t: Trouble, first: int) -> int:
    """The distance past a row of items with commas between them."""
    while t.near(first).type in _ITEMS:
        if t.near(first + 1).type != "COMMA" or t.near(first + 2).type not in _ITEMS:
            return first + 1
        first += 2
    return first


def comma_between_settings(t: Trouble) -> Mistake | None:
    """`{ context 8k, quality 30 }`."""
    if t.near(0).type != "COMMA" or "NAME" not in t.accepts:
        return None
    return t.swap("settings have no comma between them", "")


def either(t: Trouble) -> Mistake | None:
    """`model == "a" or "b"`."""
    if t.kinds(-4, -1) != ("EQ", "TEXT", "OR", "TEXT"):
        return None
    return t.swap("each side of `or` is a condition", f"in [{t.near(-3).text}, {t.near(-1).text}]", -4, -1)


def other_bracket(t: Trouble) -> Mistake | None:
    """`(a or b]`."""
    if not t.openers or t.near(0).type not in _OPENING.values():
        return None
    opener, partner = t.openers[-1], partner_of(t.openers[-1])
    if t.near(0).text == partner or opener.type == "LBRACE" or t.near(0).type == "RBRACE":
        return None
    if any(partner_of(outer) == t.near(0).text for outer in t.openers) or _OPENING[opener.type] not in t.accepts:
        return None
    return t.swap(f"`{t.near(0).text}` does not close `{opener.text}`", partner, code="R0109")
