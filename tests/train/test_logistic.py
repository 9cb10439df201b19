"""The regression and the folds: they find what can be checked by other means."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.train.folds import by_subject, others
from routedsl.train.logistic import Sparse, fitted, least, rising

NUMBERS = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_the_least_place_of_a_bowl_is_found() -> None:
    target, bend = np.array([3.0, -2.0, 0.5]), np.array([1.0, 100.0, 0.01])
    found = least(lambda x: (float(bend @ (x - target) ** 2), 2 * bend * (x - target)), np.zeros(3))
    assert found[:2] == pytest.approx(target[:2], abs=0.1)


def dense(table: list[list[float]]) -> Sparse:
    rows, columns = np.nonzero(np.array(table))
    return Sparse(rows, columns, np.array(table)[rows, columns], len(table), len(table[0]))


def test_chances_that_features_explain_are_found() -> None:
    matrix = dense([[1, 0], [1, 0], [0, 1], [0, 1]])
    weights = fitted(matrix, np.array([0.9, 0.9, 0.2, 0.2]), 1e-9)
    # Between the two the odds differ by this, wherever the intercept lies.
    assert weights[0] - weights[1] == pytest.approx(np.log(9) - np.log(0.25), abs=0.05)


def test_held_weights_are_smaller_and_weights_of_nothing_are_nothing() -> None:
    matrix, targets = dense([[1, 1, 0], [0, 1, 0]] * 20), np.array([1.0, 0.0] * 20)
    loose, tight = (fitted(matrix, targets, penalty) for penalty in (0.1, 10.0))
    assert 0 < tight[0] < loose[0]
    assert loose[2] == 0


@given(NUMBERS)
def test_the_rising_sequence_rises_and_keeps_the_mean(numbers: list[float]) -> None:
    found = rising(numbers)
    assert all(low <= high + 1e-12 for low, high in pairwise(found.tolist()))
    assert float(found.mean()) == pytest.approx(sum(numbers) / len(numbers))
    assert rising(sorted(numbers)).tolist() == pytest.approx(sorted(numbers))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1), st.integers(2, 6))
def test_folds_have_whole_subjects_and_each_request_once(subjects: list[str], count: int) -> None:
    folds = by_subject(subjects, count)
    assert sorted(row for fold in folds for row in fold.tolist()) == list(range(len(subjects)))
    sides = [{subjects[row] for row in fold.tolist()} for fold in folds]
    assert sum(map(len, sides)) == len(set(subjects))
    assert len(folds) == min(count, len(set(subjects)))
    assert all(sides)


def test_the_order_of_requests_puts_no_subject_elsewhere() -> None:
    subjects = [f"s{n % 9}" for n in range(100)]
    sides = {frozenset(subjects[row] for row in fold.tolist()) for fold in by_subject(subjects, 3)}
    Random(0).shuffle(subjects)
    assert {frozenset(subjects[row] for row in fold.tolist()) for fold in by_subject(subjects, 3)} == sides


def test_what_also_stands_in_the_fold_is_not_among_the_others() -> None:
    texts = np.array([1, 2, 3, 1, 4, 2])
    assert others(np.array([0, 4]), texts).tolist() == [1, 2, 5]
