"""What came of judging a difficulty, in figures: its calibration, its curve of cost and quality, and each fold."""

from collections.abc import Iterator, Sequence
from statistics import fmean as mean
from statistics import pstdev

from msgspec import Struct

from routedsl.train.judging import Judged, apgr, auc, by_call, by_thumb, cpt, curve, served

PRICES = (1, 20)
"""What a call of the weak and of the strong model costs in the curve: only their ratio counts."""
_WHOLE = 100
_BAND = 10


class Band(Struct, frozen=True):
    """Requests of about one difficulty, from `low` to below `high`: how many, and how often each model fails at them.

    `foretold` is how often the weak model was said to fail, by the classifier where it had an opinion.
    """

    low: int
    high: int
    requests: int
    foretold: float | None
    weak_fails: float
    strong_fails: float | None


class Point(Struct, frozen=True):
    """What becomes of the requests where the weak model has this `quality` and the strong one takes what is harder.

    `strong` is the share of calls that the strong one gets, `cost` the mean of a call, `right` the share of good
    answers, `recovered` the part of the gap between the models; `random` is what a random mix of that cost has right.
    """

    quality: int
    strong: float
    cost: float
    right: float
    random: float
    recovered: float | None


class Figures(Struct, frozen=True):
    """How good a difficulty is in one fold: the trained one, as served, and the rule of thumb beside it."""

    requests: int
    subjects: int
    abstained: float
    auc: float | None
    apgr: float | None
    cpt: float | None
    thumb_auc: float | None
    thumb_apgr: float | None
    thumb_cpt: float | None


class Report(Struct, frozen=True):
    """All of it; without labels of the strong model there is no curve. `mean` and `spread` are over the folds."""

    requests: int
    subjects: int
    bands: tuple[Band, ...]
    points: tuple[Point, ...]
    folds: tuple[Figures, ...]
    mean: dict[str, float]
    spread: dict[str, float]


def report_on(folds: Sequence[Sequence[Judged]]) -> Report:
    """The report on requests that were judged in these folds."""
    judged = [one for fold in folds for one in fold]
    figures = tuple(_figures(fold) for fold in folds)
    known = {name: _known(name, figures) for name in Figures.__struct_fields__}
    compared = judged[0].request.strong is not None
    return Report(
        requests=len(judged),
        subjects=len({one.request.subject for one in judged}),
        bands=tuple(_bands(judged)),
        points=tuple(_point(judged, quality) for quality in range(_WHOLE, -1, -_BAND)) if compared else (),
        folds=figures,
        mean={name: mean(values) for name, values in known.items() if values},
        spread={name: pstdev(values) for name, values in known.items() if values},
    )


def _known(name: str, figures: Sequence[Figures]) -> list[float]:
    values = (getattr(each, name) for each in figures)
    return [value for value in values if value is not None]


def _figures(fold: Sequence[Judged]) -> Figures:
    ours, thumb = curve(fold, served, by_call), curve(fold, by_thumb, by_call)
    return Figures(
        requests=len(fold),
        subjects=len({one.request.subject for one in fold}),
        abstained=mean(one.risk is None for one in fold),
        auc=auc(fold, served),
        apgr=None if ours is None else apgr(ours),
        cpt=None if ours is None else cpt(ours),
        thumb_auc=auc(fold, by_thumb),
        thumb_apgr=None if thumb is None else apgr(thumb),
        thumb_cpt=None if thumb is None else cpt(thumb),
    )


def _bands(judged: Sequence[Judged]) -> Iterator[Band]:
    for low in range(0, _WHOLE, _BAND):
        high = low + _BAND
        within = [one for one in judged if low <= one.difficulty < high or high == _WHOLE == one.difficulty]
        risks = [one.risk for one in within if one.risk is not None]
        strong = [one.request.strong is False for one in within if one.request.strong is not None]
        if within:
            yield Band(
                low=low,
                high=high,
                requests=len(within),
                foretold=mean(risks) if risks else None,
                weak_fails=mean(not one.request.weak for one in within),
                strong_fails=mean(strong) if strong else None,
            )


def _point(judged: Sequence[Judged], quality: int) -> Point:
    """The threshold as a policy has it: `quality >= difficulty` keeps the weak model."""
    weak, strong = (mean(rights) for rights in _rights(judged))
    handed = [one.difficulty > quality for one in judged]
    share = mean(handed)
    right = mean(one.request.strong is True if up else one.request.weak for one, up in zip(judged, handed, strict=True))
    return Point(
        quality=quality,
        strong=share,
        cost=PRICES[0] + share * (PRICES[1] - PRICES[0]),
        right=right,
        random=weak + share * (strong - weak),
        recovered=(right - weak) / (strong - weak) if strong > weak else None,
    )


def _rights(judged: Sequence[Judged]) -> tuple[list[bool], list[bool]]:
    return [one.request.weak for one in judged], [one.request.strong is True for one in judged]
