"""Predicates over texts as functions of a value: RE2 for patterns, so that time is linear in the text."""

from collections.abc import Callable

import re2

from routedsl.base.source import Span
from routedsl.base.types import Type, Value
from routedsl.language.policy import Contains, Like, Matches

Matcher = Callable[[Value], bool]
LARGEST_PROGRAM = 64 * 1024 * 1024
"""Bytes that a pattern may take which is too large for RE2's own bound, such as a list of very many words."""


class PatternError(Exception):
    """A pattern that RE2 does not take, since it is too large; `span` is where the predicate stands."""

    def __init__(self, span: Span) -> None:
        """Keep the place."""
        super().__init__("the pattern is too large")
        self.span = span


def matcher(predicate: Contains | Matches | Like) -> Matcher:
    """A function that tells whether a value satisfies the predicate; a missing one never does.

    Raises `PatternError` where there can be none.
    """
    try:
        return _matcher(predicate)
    except re2.error as error:
        raise PatternError(predicate.span) from error


def _matcher(predicate: Contains | Matches | Like) -> Matcher:
    match predicate:
        case Contains(fact=fact, texts=texts) if fact.type is Type.TEXTS:
            return _member(frozenset(texts))
        case Contains(texts=texts):
            return _search("|".join(re2.escape(text) for text in texts), ignore_case=True)
        case Matches(pattern=pattern, ignore_case=ignore_case):
            return _search(pattern, ignore_case=ignore_case)
        case Like(pattern=pattern):
            return _whole(like_pattern(pattern))


def like_pattern(pattern: str) -> str:
    """The regular expression of a `like` pattern: `*` is any run, `?` one character, the rest itself."""
    parts = {"*": "(?s:.*)", "?": "(?s:.)"}
    return "".join(parts.get(char) or re2.escape(char) for char in pattern)


def _member(texts: frozenset[str]) -> Matcher:
    def test(value: Value) -> bool:
        return isinstance(value, tuple) and not texts.isdisjoint(value)

    return test


def _search(pattern: str, *, ignore_case: bool) -> Matcher:
    find = _compile(pattern, ignore_case=ignore_case).search

    def test(value: Value) -> bool:
        return isinstance(value, str) and _found(find, value)

    return test


def _whole(pattern: str) -> Matcher:
    fits = _compile(pattern, ignore_case=False).fullmatch

    def test(value: Value) -> bool:
        return isinstance(value, str) and _found(fits, value)

    return test


def _found(find: Callable[[str], object], text: str) -> bool:
    try:
        return find(text) is not None
    except UnicodeEncodeError:
        # A header may carry bytes that are no UTF-8: halves of surrogate pairs stand for them.
        return find(text.encode("utf-8", "replace").decode()) is not None


def _compile(pattern: str, *, ignore_case: bool) -> "re2._Regexp[str]":
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern, options)
    except re2.error:
        options.max_mem = LARGEST_PROGRAM
        return re2.compile(pattern, options)
