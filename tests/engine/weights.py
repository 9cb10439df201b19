"""Classifiers for tests: weights that were made up, on a scale that is easy to reckon with."""

from array import array
from collections.abc import Mapping
from random import Random
from zlib import crc32

from routedsl.engine.classifier import KNOTS, Classifier, Scale, Training
from routedsl.engine.classifier_file import made
from routedsl.engine.features import SIZE, WORDS

SCALE = Scale(1.0, 1e9, tuple(knot / 100 for knot in KNOTS), tuple(knot / 200 for knot in KNOTS))
"""A learned sum of 0.7 is a difficulty of 70 and a risk of 0.35; the rule of thumb has next to no voice."""


def classifier(words: Mapping[str, int], scale: Scale = SCALE) -> Classifier:
    """A classifier that knows these words, with their weights in hundredths."""
    weights = array("b", bytes(SIZE))
    for word, weight in words.items():
        weights[crc32(word.encode()) % WORDS] = weight
    return made(weights, 0.01, scale, Training(0, (), ()))


def random_classifier(rng: Random) -> Classifier:
    """A classifier with any weights on any scale that a file can have."""
    ranks = tuple(sorted(rng.gauss(0, 10) for _ in KNOTS))
    risks = tuple(rng.random() for _ in KNOTS)
    scale = Scale(rng.random() + 1e-6, rng.random() + 1e-6, ranks, risks)
    subjects = tuple(sorted({rng.choice("abcäß") for _ in range(3)}))
    training = Training(rng.randrange(10**6), subjects, tuple(rng.randrange(2**48) for _ in range(5)))
    return made(array("b", rng.randbytes(SIZE)), rng.random() + 1e-9, scale, training)
