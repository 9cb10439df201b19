"""A trained judge of difficulty: weights of features beside the rule of thumb, on a scale that models' `quality` is on.

The scale is one of ranks: 70 is a request that is harder than 70 % of those that were learned from. A model that
does well on 70 % of such traffic has `quality 70`; were the ranking perfect, these are the requests that it masters.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from routedsl.engine.features import Features, features_of
from routedsl.engine.rule_of_thumb import MIDDLE, points_of, rule_of_thumb
from routedsl.engine.wording import Wording

KNOTS = tuple(range(0, 101, 5))
"""Difficulties at which a scale is kept; between them it is straight."""
LEAST_KNOWN = 0.5
"""The share of a text's words that training must have seen, for the classifier to have an opinion."""


class Scale(Struct, frozen=True):
    """What scores mean, learned from requests that the weights were not.

    `spread` and `thumb_spread` are what the learned sum and the rule of thumb vary by: each has one voice. `ranks`
    are the scores at `KNOTS`, `risks` the shares of such requests at which the weak model fails there.
    """

    spread: float
    thumb_spread: float
    ranks: tuple[float, ...]
    risks: tuple[float, ...]


class Training(Struct, frozen=True):
    """What the weights were learned from: how many requests, of which subjects, and a sketch of their texts."""

    requests: int
    subjects: tuple[str, ...]
    sketch: tuple[int, ...]


class Classifier(Struct, frozen=True):
    """Weights in whole `step`s by the features' indices, 0 for what was never seen; their scale, and where from.

    `digest` is the hash of all that.
    """

    weights: Sequence[int]
    step: float
    scale: Scale
    training: Training
    digest: str


class Opinion(Struct, frozen=True):
    """A request's difficulty, from 0 to 100, the risk that the weak model fails, and what the score is the sum of."""

    difficulty: float
    risk: float
    parts: Mapping[str, float]


def opinion_on(wording: Wording, classifier: Classifier) -> Opinion | None:
    """What a classifier says of a request; None where it abstains: there are no words, or too few that it knows."""
    points = points_of(wording)
    return opinion_of(features_of(wording, points), points, classifier)


def opinion_of(features: Features, points: Sequence[int], classifier: Classifier) -> Opinion | None:
    """The same of a request's features and the points of each part of the rule of thumb."""
    if not _is_known(features.words.indices, classifier.weights):
        return None
    parts = _parts(features, points, classifier)
    scale = classifier.scale
    difficulty = interpolated(sum(parts.values()), scale.ranks, KNOTS)
    return Opinion(round(difficulty, 1), interpolated(difficulty, KNOTS, scale.risks), parts)


def _is_known(words: Collection[int], weights: Sequence[int]) -> bool:
    unknown = list(map(weights.__getitem__, words)).count(0)
    return bool(words) and len(words) - unknown >= LEAST_KNOWN * len(words)


def _parts(features: Features, points: Sequence[int], classifier: Classifier) -> dict[str, float]:
    weight, unit = classifier.weights.__getitem__, classifier.step / classifier.scale.spread
    thumb = (rule_of_thumb(points) - MIDDLE) / classifier.scale.thumb_spread
    learned = {name: unit * group.value * sum(map(weight, group.indices)) for name, group in features._asdict().items()}
    return {"rule of thumb": thumb, **learned}


def interpolated(at: float, along: Sequence[float], values: Sequence[float]) -> float:
    """The value between those of the two nearest places; `along` never falls. Beyond the ends, the end's value."""
    place = bisect_right(along, at)
    if place == 0:
        return values[0]
    if place == len(along):
        return values[-1]
    low, high = along[place - 1], along[place]
    return values[place - 1] + (values[place] - values[place - 1]) * (at - low) / (high - low)
