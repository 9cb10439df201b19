"""A classifier: what it says of a request, where it says nothing, and how its file is kept and refused."""

import json
import zlib
from base64 import b85encode
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routedsl.engine.classifier import KNOTS, interpolated, opinion_on
from routedsl.engine.classifier_file import ClassifierError, classifier_from_json, classifier_to_json
from routedsl.engine.classifier_signal import signal_of
from routedsl.engine.example import chat
from routedsl.engine.features import SIZE
from routedsl.engine.rule_of_thumb import points_of, rule_of_thumb
from routedsl.engine.signal import Signal
from routedsl.engine.wording import wording_of
from routedsl.signals.difficulty import SIGNAL as BY_THUMB
from tests.engine.weights import SCALE, classifier, random_classifier

WORDS = classifier({"alpha": 120, "beta": 20, "gamma": 60})


def said(text: str, judge: Any = WORDS) -> Any:
    return opinion_on(wording_of(chat(text).request), judge)


# ── what it says ────────────────────────────────────────────────────────────────────────────────


def test_the_sum_of_its_words_is_a_place_on_its_scale() -> None:
    assert said("alpha").difficulty == 60  # a group of words is half a unit long
    assert said("beta").difficulty == 10
    assert said("alpha beta").difficulty == pytest.approx(100 * 0.5 * 1.4 / 2**0.5, abs=0.1)
    assert said("alpha").risk == pytest.approx(0.3)


def test_its_parts_are_all_of_its_score() -> None:
    opinion = said("gamma")
    assert list(opinion.parts) == ["rule of thumb", "words", "endings", "parts"]
    assert 100 * sum(opinion.parts.values()) == pytest.approx(opinion.difficulty)


def test_case_and_order_do_not_matter() -> None:
    assert said("Beta, ALPHA!") == said("alpha beta")


@pytest.mark.parametrize("text", ["", "  \n", "?!", "delta", "alpha delta epsilon", "写一首诗"])
def test_it_abstains_where_it_knows_less_than_half_of_the_words(text: str) -> None:
    assert said(text) is None


def test_it_speaks_where_it_knows_half_of_the_words() -> None:
    assert said("alpha delta") is not None


def test_the_rule_of_thumb_has_its_voice() -> None:
    loud = classifier({"prove": 1, "it": 1}, scale=type(SCALE)(1.0, 10.0, SCALE.ranks, SCALE.risks))
    wording = wording_of(chat("prove it").request)
    assert said("prove it", loud).parts["rule of thumb"] == (rule_of_thumb(points_of(wording)) - 50) / 10


def test_a_signal_of_its_own_name_is_missing_where_it_abstains() -> None:
    signal = signal_of("mood", WORDS, None)
    assert signal.optional
    assert [signal.read(chat(text)) for text in ("alpha", "delta")] == [60, None]
    assert signal.parts is not None
    assert signal.parts(chat("alpha"))["weak model fails, in %"] == pytest.approx(30)
    assert signal.parts(chat("delta")) == {}


def test_where_it_abstains_the_signal_of_its_name_answers() -> None:
    signal = signal_of("difficulty", WORDS, BY_THUMB)
    assert not signal.optional
    assert [signal.read(chat(text)) for text in ("alpha", "hello")] == [60, 15]
    assert signal.parts is not None
    assert signal.parts(chat("hello")) == {"middle": 50, "greeting": -35}


@settings(max_examples=50)
@given(st.text(), st.integers(0, 2**32))
def test_any_weights_say_of_any_text_a_number_from_0_to_100_or_nothing(text: str, seed: int) -> None:
    signal: Signal = signal_of("mood", random_classifier(Random(seed)), None)
    value = signal.read(chat(text))
    assert value is None or (isinstance(value, int | float) and 0 <= value <= 100)


@given(st.lists(st.floats(-100, 100), min_size=2).map(sorted), st.floats(-200, 200), st.randoms())
def test_between_two_places_it_is_straight(along: list[float], at: float, rng: Random) -> None:
    values = sorted(rng.random() for _ in along)
    found = interpolated(at, along, values)
    assert values[0] <= found <= values[-1]
    assert interpolated(along[0] - 1, along, values) == values[0]
    assert interpolated(along[-1], along, values) == values[-1]


def test_the_middle_between_two_places() -> None:
    assert interpolated(5, (0, 10), (2, 4)) == 3


# ── its file ────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=10)
@given(st.integers(0, 2**32))
def test_a_file_is_read_as_it_was_written(seed: int) -> None:
    one = random_classifier(Random(seed))
    data = classifier_to_json(one)
    again = classifier_from_json(data)
    assert (again.digest, again.step, again.scale, again.training) == (one.digest, one.step, one.scale, one.training)
    assert list(again.weights) == list(one.weights)
    assert classifier_to_json(again) == data


def test_other_weights_have_another_digest() -> None:
    assert len({classifier(words).digest for words in ({}, {"a": 1}, {"a": 2}, {"b": 1})}) == 4


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(classifier_to_json(WORDS)) | fields).encode()


def without(name: str) -> bytes:
    return json.dumps(
        {key: value for key, value in json.loads(classifier_to_json(WORDS)).items() if key != name}
    ).encode()


def packed(data: bytes) -> str:
    return b85encode(zlib.compress(data)).decode()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: b"", "it is no JSON"),
        (lambda: b"\xff\xfe\x00", "it is no JSON"),
        (lambda: b"[" * 100_000, "it is no classifier"),
        (lambda: classifier_to_json(WORDS)[:-40], "it is no JSON"),
        (lambda: b"[1, 2]", "it is no classifier"),
        (lambda: b'{"weights": {}}', "it is no classifier"),
        (lambda: changed(format="something else"), "it is no classifier"),
        (lambda: changed(version=2), "it was made by another version of routedsl: train it again"),
        (lambda: changed(features=2), "it was made by another version of routedsl: train it again"),
        (lambda: changed(step="0.1"), "it has not the shape of a classifier: "),
        (lambda: changed(extra=1), "it has not the shape of a classifier: "),
        (lambda: without("ranks"), "it has not the shape of a classifier: "),
        (lambda: changed(ranks=[0.0] * 20), "it has not the shape of a classifier: "),
        (
            lambda: changed(ranks=[*SCALE.ranks[:-1], 0.0]),
            "it has not the shape of a classifier: its scale does not rise",
        ),
        (lambda: changed(step=0), "it has not the shape of a classifier: its scale does not rise"),
        (lambda: changed(risks=[*SCALE.risks[:-1], 1.5]), "it has not the shape of a classifier: a risk is no share"),
        (lambda: changed(weights=""), f"it has not the shape of a classifier: it has not {SIZE} weights"),
        (lambda: changed(weights="{{{{{"), "it has not the shape of a classifier: its weights cannot be unpacked"),
        (lambda: changed(weights=packed(b"few")), f"it has not the shape of a classifier: it has not {SIZE} weights"),
        (
            lambda: changed(weights=packed(bytes(10**7))),
            f"it has not the shape of a classifier: it has not {SIZE} weights",
        ),
        (lambda: changed(step=0.02), "it was changed after it was made: its digest is another"),
        (lambda: changed(weights=packed(bytes(SIZE))), "it was changed after it was made: its digest is another"),
    ],
)
def test_what_is_no_classifier_is_refused_in_a_sentence(made: Callable[[], bytes], told: str) -> None:
    with pytest.raises(ClassifierError) as refused:
        classifier_from_json(made())
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | st.floats(), lambda inner: st.lists(inner)).map(repr).map(str.encode)
)
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(ClassifierError):
        classifier_from_json(data)


def test_a_scale_has_a_place_for_every_knot() -> None:
    assert len(KNOTS) == len(SCALE.ranks) == len(SCALE.risks)
    assert (KNOTS[0], KNOTS[-1]) == (0, 100)
