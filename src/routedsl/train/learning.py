"""From labelled requests to a classifier: weights learned from all of them, a scale learned from held-out ones."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from routedsl.engine.classifier import KNOTS, Classifier, Scale, Training
from routedsl.engine.classifier_file import made
from routedsl.engine.features import SIZE, WORDS, Group, features_from
from routedsl.engine.rule_of_thumb import MIDDLE, rule_of_thumb
from routedsl.train.folds import Rows, by_subject, others
from routedsl.train.labelled import LabelError, Labelled
from routedsl.train.logistic import Floats, Integers, Sparse, fitted, rising

PENALTY = 3.0
SCALE_FOLDS = 3
"""Folds from which the scale is learned."""
SKETCH = 256
"""Fingerprints that are kept of what was learned from: the least of all, which any large part has some of."""
_SEEN_TWICE = 2
_LARGEST = 127
"""The largest weight, in steps."""

NEED: Mapping[tuple[bool, bool | None], float] = MappingProxyType(
    {
        (False, True): 1.0,
        (False, False): 0.6,
        (True, True): 0.4,
        (True, False): 0.0,
        (False, None): 1.0,
        (True, None): 0.0,
    }
)
"""How much a request needs the strong model, by whether the weak and the strong one did well.

Where both did alike nothing is gained by the strong one; but what both failed at is harder than what both did.
"""

Progress = Callable[[], None]
"""Told each time that weights were fitted."""


class Material(Struct, frozen=True):
    """Labelled requests as numbers, each in its row: features, rules of thumb, needs, failures, subjects, texts."""

    features: Sparse
    thumbs: Floats
    needs: Floats
    failed: NDArray[np.bool_]
    subjects: tuple[str, ...]
    fingerprints: Integers

    def only(self, rows: Rows) -> "Material":
        """These rows alone."""
        places = np.full(len(self.subjects), -1)
        places[rows] = np.arange(len(rows))
        kept = places[self.features.rows] >= 0
        entries = self.features
        return Material(
            features=Sparse(
                places[entries.rows[kept]], entries.columns[kept], entries.values[kept], len(rows), entries.width
            ),
            thumbs=self.thumbs[rows],
            needs=self.needs[rows],
            failed=self.failed[rows],
            subjects=tuple(self.subjects[row] for row in rows),
            fingerprints=self.fingerprints[rows],
        )


def material_of(found: Sequence[Labelled]) -> Material:
    """The requests as numbers."""
    return Material(
        features=matrix_of([features_from(one.hashed) for one in found]),
        thumbs=np.array([rule_of_thumb(one.hashed.points) - MIDDLE for one in found], np.float64),
        needs=np.array([NEED[one.weak, one.strong] for one in found]),
        failed=np.array([not one.weak for one in found]),
        subjects=tuple(one.subject for one in found),
        fingerprints=np.array([one.fingerprint for one in found], np.int64),
    )


def matrix_of(found: Sequence[Sequence[Group]], width: int = SIZE) -> Sparse:
    """Features as a matrix, each request in its row: the groups that it has, with indices below `width`."""
    rows, columns, values = list[int](), list[int](), list[float]()
    for row, features in enumerate(found):
        for group in features:
            rows += [row] * len(group.indices)
            columns += group.indices
            values += [group.value] * len(group.indices)
    return Sparse(np.array(rows, np.int64), np.array(columns, np.int64), np.array(values), len(found), width)


def learn(material: Material, progress: Progress, *, named: bool = True) -> Classifier:
    """A classifier of difficulty; `progress` is told of each fit, `SCALE_FOLDS` and one at most.

    Its file says which subjects it was learned from, where they are `named`: users are not.

    Raises `LabelError` where there is nothing to learn from.
    """
    if not material.subjects:
        raise LabelError(["no text stands in one subject alone: whatever is held out, nothing else is left"])
    scale = _scale(material, progress)
    steps, step = _weights(material)
    progress()
    training = Training(
        requests=len(material.subjects),
        subjects=tuple(sorted(set(material.subjects))) if named else (),
        sketch=tuple(sorted(set(material.fingerprints.tolist()))[:SKETCH]),
    )
    return made(steps.tolist(), step, scale, training)


def _scale(material: Material, progress: Progress) -> Scale:
    """The scale by scores of requests that the weights were not learned from."""
    learned = np.zeros(len(material.subjects))
    for fold in by_subject(material.subjects, SCALE_FOLDS):
        steps, step = _weights(material.only(others(fold, material.fingerprints)))
        learned[fold] = material.only(fold).features.times(steps.astype(np.float64) * step)
        progress()
    spread, thumb_spread = _spread(learned), _spread(material.thumbs)
    scores = learned / spread + material.thumbs / thumb_spread
    return Scale(spread, thumb_spread, _ranks(scores), _risks(scores, material.failed))


def _spread(values: Floats) -> float:
    return float(values.std()) or 1.0


def _ranks(scores: Floats) -> tuple[float, ...]:
    return tuple(np.quantile(scores, np.array(KNOTS) / KNOTS[-1]).tolist())


def _risks(scores: Floats, failed: NDArray[np.bool_]) -> tuple[float, ...]:
    """How often the weak model fails at each knot: it rises with the score, whatever chance did."""
    groups = np.array_split(failed[np.argsort(scores, kind="stable")], len(KNOTS) - 1)
    middles = (np.array(KNOTS[1:]) + KNOTS[:-1]) / 2
    return tuple(np.interp(KNOTS, middles, rising([group.mean() for group in groups])).tolist())


def _weights(material: Material) -> tuple[NDArray[np.int8], float]:
    """The weight of each feature in whole steps, and the step; what fewer than two requests have is never seen."""
    entries = material.features
    seen = np.bincount(entries.columns, minlength=entries.width) >= _SEEN_TWICE
    places = np.cumsum(seen) - 1
    kept = seen[entries.columns]
    narrow = Sparse(
        entries.rows[kept], places[entries.columns[kept]], entries.values[kept], entries.height, int(seen.sum())
    )
    weights = np.zeros(entries.width)
    weights[seen] = fitted(narrow, material.needs, PENALTY)
    step = float(np.abs(weights).max()) / _LARGEST or 1.0
    steps = np.rint(weights / step).astype(np.int8)
    words = steps[:WORDS]
    words[seen[:WORDS] & (words == 0)] = 1  # a word that was seen is known, however little it says
    return steps, step
