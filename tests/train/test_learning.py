"""What is learned from made-up requests holds for subjects that were held out, and judging does not cheat."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routedsl.engine.classifier import KNOTS, Classifier
from routedsl.engine.classifier_file import classifier_from_json, classifier_to_json
from routedsl.train.judging import (
    Judged,
    LeakError,
    apgr,
    auc,
    by_call,
    cpt,
    curve,
    judge,
    judge_apart,
    judge_by_folds,
    recovered_at,
    served,
)
from routedsl.train.labelled import LabelError, Labelled
from routedsl.train.learning import SCALE_FOLDS, learn, material_of
from routedsl.train.report import report_on
from tests.train.requests import COMMON, HARD, labelled, lines

FOUND = labelled(lines(Random(0)))
ELSEWHERE = [{**one, "prompt": f"x{one['prompt']}", "subject": f"t{one['subject']}"} for one in lines(Random(1), 80)]


def learned(found: list[Labelled]) -> Classifier:
    return learn(material_of(found), lambda: None)


JUDGE = learned(FOUND)


# ── learning ────────────────────────────────────────────────────────────────────────────────────


def test_what_was_learned_holds_for_other_subjects() -> None:
    folds = judge_by_folds(FOUND, material_of(FOUND), 4, lambda: None)
    areas = [auc(fold, served) for fold in folds]
    assert all(area is not None and area > 0.8 for area in areas)
    assert report_on(folds).mean["apgr"] > 0.65


def test_labels_by_chance_teach_nothing() -> None:
    rng = Random(0)
    shuffled = lines(rng)
    rights = [one["weak"] for one in shuffled]
    rng.shuffle(rights)
    found = labelled([{**one, "weak": right} for one, right in zip(shuffled, rights, strict=True)])
    judged = [one for fold in judge_by_folds(found, material_of(found), 4, lambda: None) for one in fold]
    area = auc(judged, served)
    assert area is not None
    assert 0.35 < area < 0.65


def test_without_the_strong_model_failures_are_learned() -> None:
    found = labelled([{key: value for key, value in one.items() if key != "strong"} for one in lines(Random(0))])
    report = report_on(judge_by_folds(found, material_of(found), 4, lambda: None))
    assert report.mean["auc"] > 0.8
    assert report.points == ()
    assert "apgr" not in report.mean


def test_the_same_requests_make_the_same_file_in_any_order() -> None:
    assert learned(FOUND).digest == JUDGE.digest
    again = classifier_from_json(classifier_to_json(JUDGE))
    assert judge(FOUND, again) == judge(FOUND, JUDGE)


def test_no_word_of_the_requests_stands_in_the_file() -> None:
    data = classifier_to_json(JUDGE).decode().lower()
    assert not [word for word in HARD if word in data]


def test_the_scale_ranks_what_was_held_out() -> None:
    scale = JUDGE.scale
    assert list(scale.ranks) == sorted(scale.ranks)
    assert list(scale.risks) == sorted(scale.risks)
    assert scale.risks[0] < 0.3 < 0.6 < scale.risks[-1]
    assert len(scale.ranks) == len(KNOTS)


def test_progress_is_told_of_each_fit() -> None:
    steps: list[None] = []
    learn(material_of(FOUND), lambda: steps.append(None))
    assert len(steps) == SCALE_FOLDS + 1


# ── judging does not cheat ──────────────────────────────────────────────────────────────────────


def test_other_subjects_are_judged() -> None:
    area = auc(judge_apart(labelled(ELSEWHERE), JUDGE), served)
    assert area is not None
    assert area > 0.8


def test_a_subject_that_was_learned_from_is_refused() -> None:
    with pytest.raises(LeakError, match="the subject `s3` was learned from"):
        judge_apart(labelled([*ELSEWHERE, {**ELSEWHERE[0], "subject": "s3"}]), JUDGE)


def test_requests_that_were_learned_from_are_refused_under_other_names() -> None:
    renamed: list[dict[str, Any]] = [{**one, "subject": f"t{one['subject']}"} for one in lines(Random(0))]
    with pytest.raises(LeakError, match="learned from, under other subjects"):
        judge_apart(labelled(renamed), JUDGE)


def test_a_text_that_stands_in_two_subjects_does_not_give_itself_away() -> None:
    """Labels by chance: only who has the texts by heart, from the other subject, can tell them."""
    rng = Random(0)
    texts = [(f"{' '.join(rng.choices(COMMON, k=3))} n{n}", rng.random() < 0.5, n % 4) for n in range(120)]
    both = [
        {"prompt": text, "weak": right, "strong": True, "subject": "abcd"[(side + shift) % 4]}
        for text, right, side in texts
        for shift in (0, 1)
    ]
    found = labelled(both)
    judged = [one for fold in judge_by_folds(found, material_of(found), 4, lambda: None) for one in fold]
    area = auc(judged, served)
    assert area is not None
    assert area < 0.65


def test_where_every_text_stands_in_every_subject_nothing_can_be_judged() -> None:
    found = labelled([{**one, "subject": subject} for one in lines(Random(0), 20) for subject in "abc"])
    with pytest.raises(LabelError, match="no text stands in one subject alone"):
        judge_by_folds(found, material_of(found), 3, lambda: None)


# ── figures ─────────────────────────────────────────────────────────────────────────────────────


def judged(difficulty: float, *, weak: bool, strong: bool = True) -> Judged:
    request = labelled(lines(Random(0)))[0]
    return Judged(Labelled(request.hashed, weak, strong, "s", 0), difficulty, difficulty / 100, 50)


REQUEST = FOUND[0]
ANY = st.builds(
    lambda difficulty, weak, strong: Judged(Labelled(REQUEST.hashed, weak, strong, "s", 0), difficulty, None, 50),
    st.integers(0, 10),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(ANY, min_size=1))
def test_auc_is_the_share_of_pairs_that_are_in_order(some: list[Judged]) -> None:
    pairs = [
        (one.difficulty > other.difficulty) + (one.difficulty == other.difficulty) / 2
        for one in some
        for other in some
        if not one.request.weak and other.request.weak
    ]
    assert auc(some, served) == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@given(st.lists(ANY, min_size=1))
def test_a_difficulty_that_is_always_the_same_is_a_random_mix(some: list[Judged]) -> None:
    drawn = curve(some, lambda _: 0.0, by_call)
    if drawn is not None:
        assert apgr(drawn) == pytest.approx(0.5)
        assert cpt(drawn) == pytest.approx(0.5)


@given(st.lists(ANY, min_size=1))
def test_a_curve_goes_from_nothing_to_all(some: list[Judged]) -> None:
    drawn = curve(some, served, by_call)
    gap = sum(one.request.strong is True for one in some) - sum(one.request.weak for one in some)
    assert (drawn is None) == (gap <= 0)
    if drawn is not None:
        assert (recovered_at(drawn, 0), recovered_at(drawn, 1)) == (0, 1)
        assert 0 < cpt(drawn) <= 1


def test_who_knows_which_requests_the_weak_model_fails_recovers_all_with_them() -> None:
    some = [judged(90, weak=False)] * 2 + [judged(10, weak=True)] * 8
    drawn = curve(some, served, by_call)
    assert drawn is not None
    assert recovered_at(drawn, 0.2) == 1
    assert apgr(drawn) == pytest.approx(0.9)
    assert cpt(drawn) == pytest.approx(0.1)


def test_the_threshold_of_the_curve_is_that_of_the_policy() -> None:
    some = [judged(90, weak=False), judged(50, weak=False), judged(10, weak=True), judged(10, weak=True)]
    at = {point.quality: point for point in report_on([some]).points}
    assert [at[quality].strong for quality in (90, 80, 50, 40, 10, 0)] == [0, 0.25, 0.25, 0.5, 0.5, 1]
    assert [at[quality].right for quality in (100, 80, 40, 0)] == [0.5, 0.75, 1, 1]
    assert (at[40].cost, at[40].random, at[40].recovered) == (10.5, 0.75, 1)


@settings(max_examples=20)
@given(st.lists(ANY, min_size=1))
def test_every_request_is_in_one_band(some: list[Judged]) -> None:
    assert sum(band.requests for band in report_on([some]).bands) == len(some)
