"""Texts that patterns are found in: a sample for each pattern, joined, and tested with the real matcher."""

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from routedsl.analysis.expressions import sample_of
from routedsl.analysis.predicates import Pattern
from routedsl.analysis.wanted import Wanted, number_in
from routedsl.base.types import Type, Value
from routedsl.language.policy import Contains, Like, Matches

NAMES = ("a", "x", "1", "hi", "é", "~")
"""What a header, a user or a session says."""
PLAIN = ("hi", "a", "x", "1", "", "é", "~", " ", "aa")
"""What a text says of which little is demanded."""
VARIANTS = 4
"""Samples of one expression: least and a little more of what repeats, its first alternatives and others."""
MOST_JOINED = 4
"""Samples up to which each order is tried."""


def value_in(wanted: Wanted, default: Value = None) -> Value:
    """A value as demanded: the default where it will do; None as well where no text was found."""
    if wanted.allows(default):
        return default
    if wanted.spans:
        return number_in(wanted)
    if wanted.fact.type is Type.TEXTS:
        return tuple(text for one in wanted.found if isinstance(one, Contains) for text in one.texts[:1])
    if wanted.fact.type is Type.TEXT:
        return next(texts_for(wanted, NAMES), None)
    return next(iter(wanted.values), None)


def texts_for(wanted: Wanted, plain: Sequence[str] = PLAIN) -> Iterator[str]:
    """Texts as demanded, the plainest first; `plain` are those to try before any other."""
    seen: set[str] = set()
    for text in _tries(wanted, plain):
        if text not in seen and wanted.allows(text):
            yield text
        seen.add(text)


def _tries(wanted: Wanted, plain: Sequence[str]) -> Iterator[str]:
    if not wanted.found:
        yield from plain
    yield from (value for value in wanted.values if isinstance(value, str))
    for variant in range(VARIANTS):
        samples = [sample for one in wanted.found for sample in _sample(one, variant)]
        yield from _joined(samples, [one for one in wanted.found if isinstance(one, Like)])


def _joined(samples: Sequence[str], globs: Sequence[Like]) -> Iterator[str]:
    """The samples in one text, and that text where a glob has its star."""
    texts = list(dict.fromkeys(text for text in _orders(samples)))
    yield from texts
    for text in texts:
        yield from (text + extra for extra in PLAIN)
    for glob, text in product(globs, (*texts, *PLAIN)):
        yield glob.pattern.replace("*", text, 1).replace("*", "").replace("?", "x")
    for left, right in permutations(globs, 2):
        yield (left.pattern.partition("*")[0] + right.pattern.rpartition("*")[2]).replace("?", "x")


def _orders(samples: Sequence[str]) -> Iterator[str]:
    yield from dict.fromkeys(samples)
    orders = permutations(samples) if len(samples) <= MOST_JOINED else (samples, samples[::-1])
    for order, between in product(list(orders), (" ", "", "\n")):
        yield between.join(order)


def _sample(pattern: Pattern, variant: int) -> Iterator[str]:
    """A text that the pattern alone is likely found in; none for expressions of rare forms."""
    match pattern:
        case Contains(texts=texts):
            yield texts[variant % len(texts)]
        case Like(pattern=glob):
            yield glob.replace("*", ("", "x", "1", "a a")[variant]).replace("?", "x1ab"[variant])
        case Matches(pattern=expression):
            sample = sample_of(expression, variant)
            if sample is not None:
                yield sample
