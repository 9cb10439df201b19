"""How good a difficulty is: what it says of requests that it was not learned from, against what became of them.

The curve of cost and quality is that of two models: a request goes to the strong one where its difficulty is above
a threshold, and the threshold falls from the top to nothing. Its figures are those of the literature on routing
(Ong et al., RouteLLM, arXiv 2406.18665): the gap recovered is the part of the way from the weak model's quality to
the strong one's, APGR its mean over all shares of calls, CPT(50 %) the share of calls at which half is recovered.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from msgspec import Struct

from routedsl.engine.classifier import Classifier, opinion_of
from routedsl.engine.features import features_from
from routedsl.engine.rule_of_thumb import rule_of_thumb
from routedsl.train.folds import by_subject, others
from routedsl.train.labelled import Labelled
from routedsl.train.learning import Material, Progress, learn
from routedsl.train.logistic import Floats

CHANCE = 0.5
"""What a random mix has of APGR, and a guess of AUC."""
HALF = 0.5


class LeakError(ValueError):
    """What was to be judged was learned from: one sentence for a person."""


class Judged(Struct, frozen=True):
    """A request and what was said of it before: its difficulty as it would be served, and the risk foretold.

    `risk` is None where the classifier abstained, and `difficulty` then that of the rule of thumb, as `thumb` is.
    """

    request: Labelled
    difficulty: float
    risk: float | None
    thumb: int


class Curve(Struct, frozen=True):
    """Points of a curve: shares of the cost between always weak and always strong, and the gap recovered there."""

    shares: Floats
    recovered: Floats


def judge_by_folds(found: Sequence[Labelled], material: Material, count: int, progress: Progress) -> list[list[Judged]]:
    """The requests judged in folds by subject, each by a classifier that was learned from the other folds."""
    judged = []
    for fold in by_subject(material.subjects, count):
        classifier = learn(material.only(others(fold, material.fingerprints)), progress)
        judged.append(judge([found[row] for row in fold.tolist()], classifier))
    return judged


def judge_apart(found: Sequence[Labelled], classifier: Classifier) -> list[Judged]:
    """The requests judged by a classifier that was learned from others; raises `LeakError` where it was not."""
    learned = classifier.training
    subjects = sorted({one.subject for one in found} & set(learned.subjects))
    if subjects:
        raise LeakError(f"the subject `{subjects[0]}` was learned from: nothing is judged on what it was learned from")
    if {one.fingerprint for one in found} & set(learned.sketch):
        raise LeakError("some of these requests were learned from, under other subjects: they can judge nothing")
    return judge(found, classifier)


def judge(found: Sequence[Labelled], classifier: Classifier) -> list[Judged]:
    """What a classifier says of requests, and the rule of thumb where it abstains."""
    judged = []
    for one in found:
        points = one.hashed.points
        opinion, thumb = opinion_of(features_from(one.hashed), points, classifier), rule_of_thumb(points)
        difficulty, risk = (thumb, None) if opinion is None else (opinion.difficulty, opinion.risk)
        judged.append(Judged(one, difficulty, risk, thumb))
    return judged


# ── figures ─────────────────────────────────────────────────────────────────────────────────────


def auc(judged: Sequence[Judged], difficulty: Callable[[Judged], float]) -> float | None:
    """How often a request at which the weak model fails is harder than one at which it does not; ties are half."""
    failed = sum(not one.request.weak for one in judged)
    if failed in (0, len(judged)):
        return None
    below, pairs = 0, 0.0
    for _, tied in groupby(sorted(judged, key=difficulty), difficulty):
        rights = [one.request.weak for one in tied]
        right = sum(rights)
        pairs += (len(rights) - right) * (below + right / 2)
        below += right
    return pairs / (failed * (len(judged) - failed))


def curve(
    judged: Sequence[Judged], difficulty: Callable[[Judged], float], cost: Callable[[Judged], float]
) -> Curve | None:
    """The hardest requests go to the strong model first, those of one difficulty together; None without any gap.

    `cost` is how much more a request costs there.
    """
    hardest = sorted(judged, key=difficulty, reverse=True)
    ends = np.cumsum([len(list(tied)) for _, tied in groupby(hardest, difficulty)])
    gains = np.cumsum([bool(one.request.strong) - one.request.weak for one in hardest])
    costs = np.cumsum([cost(one) for one in hardest])
    if gains[-1] <= 0:
        return None
    return Curve(_from_nothing(costs[ends - 1] / costs[-1]), _from_nothing(gains[ends - 1] / gains[-1]))


def _from_nothing(values: Floats) -> Floats:
    return np.concatenate([[0.0], values])


def apgr(drawn: Curve) -> float:
    """The mean of the gap recovered over all shares: 0.5 for a random mix, higher for a router that is any good."""
    return float(np.trapezoid(drawn.recovered, drawn.shares))


def cpt(drawn: Curve, part: float = HALF) -> float:
    """The least share at which this part of the gap is recovered; as large as the part for a random mix."""
    reached = int(np.argmax(drawn.recovered >= part))
    (low, high), (before, after) = drawn.shares[reached - 1 : reached + 1], drawn.recovered[reached - 1 : reached + 1]
    return float(low + (high - low) * (part - before) / (after - before))


def recovered_at(drawn: Curve, share: float) -> float:
    """The gap recovered at a share."""
    return float(np.interp(share, drawn.shares, drawn.recovered))


def served(one: Judged) -> float:
    """A request's difficulty as it would be served."""
    return one.difficulty


def by_thumb(one: Judged) -> float:
    """A request's difficulty by rule of thumb alone."""
    return one.thumb


def by_call(_: Judged) -> float:
    """Each call of the strong model costs as much more."""
    return 1.0
