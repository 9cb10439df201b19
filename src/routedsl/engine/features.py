"""The features of a request that a classifier weighs: one pure function, for training and for serving.

They come in three groups: its distinct words, their endings, and the points of each part of the rule of thumb. A
word's feature is a hash of it, so nobody keeps a list of words, and no file of weights has any. The features of a
group share one value, so that a long text does not outweigh a short one.
"""

from collections.abc import Collection
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


class Features(NamedTuple):
    """The indices of the features that a request has, by group."""

    words: Collection[int]
    endings: Collection[int]
    parts: Collection[int]


def features_of(wording: Wording, points: list[int]) -> Features:
    """The features of a request by its wording and the points of each part."""
    return Features(
        words={crc32(word) % WORDS for word in wording.distinct},
        endings={WORDS + crc32(ending) % ENDINGS for ending in {word[-_ENDING:] for word in wording.distinct}},
        parts=[first + point for first, point in zip(_FIRST_LEVELS, points, strict=True)],
    )


def value_in(group: Collection[int]) -> float:
    """What each feature of a group is worth: the group's length, as a vector, is 1."""
    return len(group) ** -0.5 if group else 0.0
