"""Labelled requests from records: how a weak model did on one's own traffic, by feedback and by what came whole."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from msgspec import Struct

from routedsl.engine.features import EDITION, Hashed
from routedsl.records.outcomes import answered_by
from routedsl.records.record import FeaturesRecord, Record
from routedsl.train.labelled import MOST_REQUESTS, LabelError, Labelled, lacks

WELL = 0.5
"""The least score of an answer that did well."""
SLICES = 20
"""Parts of one length that requests of nobody's are put into, in the order in which they came."""
_WITHOUT = (
    "there are no features of requests in these records: let `serve` have the setting `record_features = true`,"
    " and take in traffic"
)


class Recorded(Struct, frozen=True):
    """What records tell of a weak model: the requests that it answered, and what has to be said of them."""

    requests: list[Labelled]
    remarks: tuple[str, ...]


class _Answer(Struct, frozen=True):
    """A whole answer: whose, to what, its score where it was rated, what it cost by the token, who asked."""

    model: str
    features: FeaturesRecord
    score: float | None
    price: float | None
    asker: str | None


def read_recorded(records: Iterable[Record], name: str, weak: Sequence[str] = ()) -> Recorded:
    """The requests in records, the earliest first, that `weak` models answered; raises `LabelError`.

    Where none is named it is the one of the models that cost least by the token.
    """
    answers = list(filter(None, map(_answer, records)))
    if not answers:
        raise LabelError([f"{name}: {_WITHOUT}"])
    models = weak or (_cheapest(answers, name),)
    theirs = [each for each in answers if each.model in models][-MOST_REQUESTS:]
    found = [_labelled(each, f"part {SLICES * place // len(theirs)}") for place, each in enumerate(theirs)]
    rated = sum(each.score is not None for each in theirs)
    problems = list(lacks(found, name))
    if problems:
        raise LabelError([*problems, f"{name}: {_told(models, len(theirs), rated)}; {_advice(rated)}"])
    return Recorded(found, (_told(models, len(theirs), rated), *([] if rated else [_advice(rated)])))


def _answer(record: Record) -> _Answer | None:
    """The answer of a record; None where there is none that was whole, or no features that mean anything now."""
    model, features = answered_by(record), record.features
    if model is None or not isinstance(features, FeaturesRecord) or features.edition != EDITION:
        return None
    score = record.score if isinstance(record.score, float) else None
    if score is None and record.end != "whole":
        return None
    return _Answer(model, features, score, _price(record), record.hashed.get("user") or record.hashed.get("session"))


def _price(record: Record) -> float | None:
    """What a token cost, where the answer was the only attempt."""
    tokens = (record.tokens_in or 0) + (record.tokens_out or 0)
    return record.cost / tokens if len(record.attempts) == 1 and record.cost is not None and tokens else None


def _cheapest(answers: Iterable[_Answer], name: str) -> str:
    prices: defaultdict[str, list[float]] = defaultdict(list)
    for each in answers:
        prices[each.model] += [] if each.price is None else [each.price]
    mean = {model: sum(known) / len(known) if known else None for model, known in prices.items()}
    known = sorted((price, model) for model, price in mean.items() if price is not None)
    if len(mean) == 1:
        return next(iter(mean))
    if len(known) < len(mean) or known[0][0] == known[1][0]:
        models = ", ".join(f"`{model}`" for model in sorted(mean))
        raise LabelError([f"{name}: by what they cost nobody can tell which of {models} is the weak one: say `--weak`"])
    return known[0][1]


def _labelled(answer: _Answer, part: str) -> Labelled:
    features = answer.features
    return Labelled(
        hashed=Hashed(features.words, features.endings, features.points),
        weak=answer.score is None or answer.score >= WELL,
        strong=None,
        subject=part if answer.asker is None else answer.asker,
        fingerprint=int.from_bytes(blake2b(repr(features.words).encode(), digest_size=6).digest()),
    )


def _told(models: Sequence[str], answers: int, rated: int) -> str:
    names = ", ".join(f"`{model}`" for model in models)
    return (
        f"{answers:,} answers of {names}: {rated:,} were rated, the others count as good since they came whole;"
        f" what was sent to other models alone was not learned from"
    )


def _advice(rated: int) -> str:
    return "ratings of bad ones teach most" if rated else "without feedback nothing tells a bad answer from a good one"
