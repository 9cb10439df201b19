"""Texts that an expression of RE2 is found in, made from the expression: literals, classes, groups, repetition."""

import re

import re2

CHARACTERS = "a1 A_-./\n:xé你\u03b1дあ\U0001f600"
"""What stands for a class of characters: the first of these that is in it."""
MOST_REPEATS = 100_000
DEEPEST = 100

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_CODE = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})")
_COUNTS = re.compile(r"\{(\d+)(,(\d*))?\}")
_GROUP = re.compile(r"\((\?(P?<\w+>|[imsU-]*:|[imsU-]+(?=\))))?")
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\[pP]\{\^?\w+\}|\\.|[^\]\\])*\]", re.DOTALL)
_PROPERTY = re.compile(r"[pP](?:\{\^?\w+\}|\w)")
_ANY_CLASS = "dDsSwW"
_NO_WIDTH = "bBAz"


class _NoSample(Exception):  # noqa: N818 - an answer: the expression is out of the common forms
    pass


def sample_of(expression: str, variant: int) -> str | None:
    """A text that the expression is likely found in, for each variant another; None for expressions of rare forms.

    Even variants repeat as little as may be, odd ones once more; each takes other alternatives.
    """
    try:
        return _Reader(expression, variant).alternatives()
    except (_NoSample, ValueError, re2.error):
        return None


class _Reader:
    """Reads an expression once, from left to right, and makes a text that it is found in."""

    def __init__(self, pattern: str, variant: int) -> None:
        self._pattern = pattern
        self._variant = variant
        self._at = 0
        self._depth = 0

    def alternatives(self) -> str:
        """The alternatives up to the end of the group: one of them, another for each variant."""
        texts = [self._sequence()]
        while self._took("|"):
            texts.append(self._sequence())
        return texts[self._variant % len(texts)]

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return "".join(parts)

    def _repeated(self, text: str) -> str:
        times = self._times()
        while times is not None:
            if times * len(text) > MOST_REPEATS:
                raise _NoSample
            text *= times
            times = self._times()
        return text

    def _times(self) -> int | None:
        """How often what stands before is repeated; None where nothing says so."""
        more = self._variant % 2
        counts = _COUNTS.match(self._pattern, self._at)
        if counts is not None:
            self._at = counts.end()
            fewest, most = int(counts[1]), counts[3]
            times = fewest + (more if counts[2] and (not most or int(most) > fewest) else 0)
        elif self._at < len(self._pattern) and self._pattern[self._at] in "*+?":
            times = 1 if self._pattern[self._at] == "+" else more
            self._at += 1
        else:
            return None
        self._took("?")
        return times

    def _atom(self) -> str:
        char = self._pattern[self._at]
        match char:
            case "(":
                return self._group()
            case "[":
                found = _CLASS.match(self._pattern, self._at)
                if found is None:
                    raise _NoSample
                self._at = found.end()
                return _member(found[0])
            case "\\":
                self._at += 1
                return self._escape()
            case _:
                self._at += 1
                return {".": _member("."), "^": "", "$": ""}.get(char, char)

    def _group(self) -> str:
        opened = _GROUP.match(self._pattern, self._at)
        self._depth += 1
        if opened is None or self._depth > DEEPEST:
            raise _NoSample
        self._at = opened.end()
        text = self.alternatives()
        self._depth -= 1
        if not self._took(")"):
            raise _NoSample
        return text

    def _escape(self) -> str:
        char = self._pattern[self._at : self._at + 1]
        rest = _CODE.match(self._pattern, self._at) or _PROPERTY.match(self._pattern, self._at)
        self._at += len(rest[0]) if rest else 1
        if char in _ANY_CLASS or char in "pP":
            return _member("\\" + (rest[0] if rest else char))
        if char in _NO_WIDTH:
            return ""
        if char in ("Q", "C", ""):
            raise _NoSample
        if rest is not None:
            digits = rest[1] or rest[2]
            return chr(int(digits, 16) if digits else int(rest[3], 8))
        return _ESCAPES.get(char, char)

    def _took(self, char: str) -> bool:
        if self._pattern.startswith(char, self._at):
            self._at += 1
            return True
        return False


def _member(source: str) -> str:
    """A character of a class: a common one, else one that its text names."""
    options = re2.Options()
    options.log_errors = False
    fits = re2.compile(source, options).fullmatch
    named = [char for char in source if char not in "[]\\^"]
    printable = (chr(code) for code in range(32, 127))
    known: tuple[str, ...] = (*CHARACTERS, *named, *printable, *_ESCAPES.values(), "\0")
    for char in known:
        if fits(char):
            return char
    raise _NoSample
