"""Folds of requests by subject: neighbours of a subject give each other away, so they stand on one side."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]
"""Numbers of requests, rising."""


def by_subject(subjects: Sequence[str], count: int) -> list[Rows]:
    """Folds of about one size, each with whole subjects: the largest first, each to the fold that has least so far.

    There are no more folds than subjects.
    """
    sizes = Counter(subjects)
    folds: list[set[str]] = [set() for _ in range(min(count, len(sizes)))]
    held = [0] * len(folds)
    for subject, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        least = held.index(min(held))
        folds[least].add(subject)
        held[least] += size
    return [np.array([row for row, subject in enumerate(subjects) if subject in fold], np.int64) for fold in folds]


def others(fold: Rows, fingerprints: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Rows:
    """The rows outside a fold, less those whose text stands in it too, under another subject."""
    shared = np.isin(fingerprints, fingerprints[fold])
    return np.flatnonzero(~shared)
