"""The file of a classifier: JSON with a version, packed weights, and a hash of it all."""

import zlib
from array import array
from base64 import b85decode, b85encode
from collections.abc import Sequence
from hashlib import sha256
from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from routedsl.engine.classifier import KNOTS, Classifier, Scale, Training
from routedsl.engine.features import EDITION, SIZE

FORMAT = "routedsl classifier"
VERSION = 1

Ranks = Annotated[tuple[float, ...], Meta(min_length=len(KNOTS), max_length=len(KNOTS))]


class ClassifierError(ValueError):
    """Bytes that are no classifier which this version can use: one sentence for a person."""


class _Head(Struct):
    """What a file says of itself, before the rest means anything."""

    format: str
    version: int
    features: int


class _Body(Struct, forbid_unknown_fields=True, tag_field="format", tag=FORMAT):
    """All of it, as JSON."""

    version: int
    features: int
    digest: str
    step: float
    spread: float
    thumb_spread: float
    ranks: Ranks
    risks: Ranks
    requests: int
    subjects: tuple[str, ...]
    sketch: tuple[int, ...]
    weights: str


def made(weights: Sequence[int], step: float, scale: Scale, training: Training) -> Classifier:
    """A classifier with its digest."""
    return Classifier(weights, step, scale, training, _digest(weights, step, scale, training))


def _digest(weights: Sequence[int], step: float, scale: Scale, training: Training) -> str:
    rest = msgspec.json.encode((VERSION, EDITION, step, scale, training))
    return sha256(rest + array("b", weights).tobytes()).hexdigest()


def classifier_to_json(classifier: Classifier) -> bytes:
    """The file of a classifier: the same for the same one, and one line that ends."""
    scale, training = classifier.scale, classifier.training
    body = _Body(
        version=VERSION,
        features=EDITION,
        digest=classifier.digest,
        step=classifier.step,
        spread=scale.spread,
        thumb_spread=scale.thumb_spread,
        ranks=scale.ranks,
        risks=scale.risks,
        requests=training.requests,
        subjects=training.subjects,
        sketch=training.sketch,
        weights=b85encode(zlib.compress(array("b", classifier.weights).tobytes(), 9)).decode(),
    )
    return msgspec.json.encode(body) + b"\n"


def classifier_from_json(data: bytes) -> Classifier:
    """The classifier in a file; raises `ClassifierError`."""
    _check_head(data)
    try:
        body = msgspec.json.decode(data, type=_Body)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ClassifierError(f"it has not the shape of a classifier: {_cause(error)}") from None
    scale = Scale(body.spread, body.thumb_spread, body.ranks, body.risks)
    _check_scale(body.step, scale)
    found = made(_unpacked(body.weights), body.step, scale, Training(body.requests, body.subjects, body.sketch))
    if found.digest != body.digest:
        raise ClassifierError("it was changed after it was made: its digest is another")
    return found


def _check_head(data: bytes) -> None:
    try:
        head = msgspec.json.decode(data, type=_Head)
    except msgspec.ValidationError:
        raise ClassifierError("it is no classifier") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ClassifierError("it is no JSON") from None
    if head.format != FORMAT:
        raise ClassifierError("it is no classifier")
    if (head.version, head.features) != (VERSION, EDITION):
        raise ClassifierError("it was made by another version of routedsl: train it again")


def _cause(error: Exception) -> str:
    return str(error).replace("`", "").lower()


def _check_scale(step: float, scale: Scale) -> None:
    positive = (step, scale.spread, scale.thumb_spread)
    rising = all(low <= high for low, high in zip(scale.ranks, scale.ranks[1:], strict=False))
    if not all(isfinite(each) and each > 0 for each in positive) or not rising or not all(map(isfinite, scale.ranks)):
        raise ClassifierError("it has not the shape of a classifier: its scale does not rise")
    if not all(0 <= risk <= 1 for risk in scale.risks):
        raise ClassifierError("it has not the shape of a classifier: a risk is no share")


def _unpacked(text: str) -> Sequence[int]:
    # Never more than is wanted, whatever was packed.
    try:
        data = zlib.decompressobj().decompress(b85decode(text), SIZE + 1)
    except (ValueError, zlib.error):
        raise ClassifierError("it has not the shape of a classifier: its weights cannot be unpacked") from None
    if len(data) != SIZE:
        raise ClassifierError(f"it has not the shape of a classifier: it has not {SIZE} weights")
    return array("b", data)
