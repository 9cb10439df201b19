"""The features of a request that a classifier weighs: one pure function, for training and for serving.

They come in three groups: its distinct words, their endings, and the points of each part of the rule of thumb. A
word's feature is a hash of it, so nobody keeps a list of words, and no file of weights has any. The features of a
group share one value, so that a long text does not outweigh a short one.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from zlib import crc32

from routedsl.engine.rule_of_thumb import PARTS
from routedsl.engine.wording import Wording

EDITION = 1
"""Raised with every change of what the features of a text are: weights of another edition mean nothing."""
WORDS = 1 << 17
"""Below this stand the features of words."""
ENDINGS = 1 << 12
LEVELS = 64
"""Points that a part can have, from `_LOWEST` on."""
SIZE = WORDS + ENDINGS + LEVELS * len(PARTS)
"""Above all indices."""
_ENDING = 3
_LOWEST = -40
_FIRST_LEVELS = tuple(WORDS + ENDINGS - _LOWEST + LEVELS * number for number in range(len(PARTS)))


class Group(NamedTuple):
    """The indices of the features that a request has of one group, and what each of them is worth there."""

    indices: Collection[int]
    value: float


class Features(NamedTuple):
    """The features of a request."""

    words: Group
    endings: Group
    parts: Group


class Hashed(NamedTuple):
    """All that features are made of: the indices of words and of endings, and the points of each part."""

    words: Collection[int]
    endings: Collection[int]
    points: Sequence[int]


def features_of(wording: Wording, points: Sequence[int]) -> Features:
    """The features of a request by its wording and the points of each part."""
    return features_from(hashed(wording, points))


def hashed(wording: Wording, points: Sequence[int]) -> Hashed:
    """What the features of a request are made of."""
    endings = {word[-_ENDING:] for word in wording.distinct}
    return Hashed(
        words={crc32(word) % WORDS for word in wording.distinct},
        endings={WORDS + crc32(ending) % ENDINGS for ending in endings},
        points=points,
    )


def features_from(known: Hashed) -> Features:
    """The features that are made of it.

    The rarer the features of a group are, the less they are worth: it takes more to learn much from them.
    """
    return Features(
        words=group_of(known.words, 0.5),
        endings=group_of(known.endings, 1.0),
        parts=group_of([first + point for first, point in zip(_FIRST_LEVELS, known.points, strict=True)], 2.0),
    )


def group_of(indices: Collection[int], length: float) -> Group:
    """A group that, as a vector, has this length however many features there are."""
    return Group(indices, length / len(indices) ** 0.5 if indices else 0.0)
