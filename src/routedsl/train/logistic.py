"""Logistic regression over sparse features, by L-BFGS in numpy: the same numbers from the same rows, always."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDS = 60
MEMORY = 8
"""Steps that the curvature is estimated from."""
_ENOUGH = 0.01
"""The part of the first slope from which on there is no more to gain."""
_SUFFICIENT = 1e-4
_HALVINGS = 20

Slope = Callable[[Floats], tuple[float, Floats]]
"""The value of a function at a place, and its gradient there."""


class Sparse(NamedTuple):
    """A matrix by its entries: each in a row and a column, with a value."""

    rows: Integers
    columns: Integers
    values: Floats
    height: int
    width: int

    def times(self, vector: Floats) -> Floats:
        """The matrix times a vector of its width."""
        return np.asarray(np.bincount(self.rows, self.values * vector.take(self.columns), self.height), np.float64)

    def transposed_times(self, vector: Floats) -> Floats:
        """The transposed matrix times a vector of its height."""
        return np.asarray(np.bincount(self.columns, self.values * vector.take(self.rows), self.width), np.float64)


def fitted(matrix: Sparse, targets: Floats, penalty: float) -> Floats:
    """The weights, one a column, under which the rows' chances are likely; `targets` are chances from 0 to 1.

    `penalty` holds weights near 0. An intercept is fitted with them, and left out of the result.
    """

    def slope(weights: Floats) -> tuple[float, Floats]:
        scores = matrix.times(weights[:-1]) + weights[-1]
        held = penalty / 2 * float(weights[:-1] @ weights[:-1])
        loss = float(np.sum(np.logaddexp(0, scores) - targets * scores)) + held
        misses = 1 / (1 + np.exp(-np.clip(scores, -500, 500))) - targets
        gradient = np.append(matrix.transposed_times(misses) + penalty * weights[:-1], misses.sum())
        return loss, gradient

    return least(slope, np.zeros(matrix.width + 1))[:-1]


def least(slope: Slope, start: Floats) -> Floats:
    """Where a smooth convex function is least, nearly."""
    place, steps = start, list[tuple[Floats, Floats]]()
    value, gradient = slope(place)
    enough = _ENOUGH * float(np.linalg.norm(gradient))
    for _ in range(ROUNDS):
        if float(np.linalg.norm(gradient)) <= enough:
            break
        further = _walked(slope, place, value, gradient, -_bent(gradient, steps))
        if further is None:
            break
        moved, value, turned = further
        steps = [*steps, (moved - place, turned - gradient)][-MEMORY:]
        place, gradient = moved, turned
    return place


def _walked(
    slope: Slope, place: Floats, value: float, gradient: Floats, direction: Floats
) -> tuple[Floats, float, Floats] | None:
    """A place in a direction where the function is less enough; None where there is none within reach."""
    down = float(gradient @ direction)
    for halving in range(_HALVINGS):
        length = 0.5**halving
        moved = place + length * direction
        there, turned = slope(moved)
        if there <= value + _SUFFICIENT * length * down:
            return moved, there, turned
    return None


def _bent(gradient: Floats, steps: list[tuple[Floats, Floats]]) -> Floats:
    """The gradient times an estimate of the inverse curvature, made of the last steps."""
    bent, shares = gradient.copy(), list[float]()
    for moved, turned in reversed(steps):
        shares.append(float(moved @ bent / (moved @ turned)))
        bent -= shares[-1] * turned
    if steps:
        moved, turned = steps[-1]
        bent *= float(moved @ turned / (turned @ turned))
    else:
        bent /= max(1.0, float(np.linalg.norm(gradient)))
    for (moved, turned), share in zip(steps, reversed(shares), strict=True):
        bent += moved * (share - float(turned @ bent / (moved @ turned)))
    return bent


def rising(targets: Iterable[float]) -> Floats:
    """The rising sequence that is nearest to another, by least squares."""
    pools: list[tuple[float, int]] = []
    for target in targets:
        pools.append((target, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (low, fewer), (high, more) = pools[-2:]
            pools[-2:] = [((low * fewer + high * more) / (fewer + more), fewer + more)]
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])
