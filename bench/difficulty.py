"""What a trained difficulty is worth, on labelled requests of your own: `make bench-difficulty DATA=labelled.jsonl`.

Two models, one at 20 times the price of the other, and a policy that takes the cheapest whose quality is at least
the difficulty; its threshold goes from 0 to 100. Each request is judged by what was learned from other subjects.
Beside it stand the rule of thumb, the length of the prompt, and what else could have been learned: other features,
other targets, other strengths. Exits 1 where a fold is no better than a random mix, or the mean no better than the
rule of thumb. Only figures are kept.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from platform import python_version
from statistics import fmean, pstdev
from time import thread_time_ns
from typing import NamedTuple
from zlib import crc32

import numpy as np
from msgspec.structs import asdict

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.classifier import Classifier, opinion_on
from routedsl.engine.compile import compile_policy
from routedsl.engine.features import WORDS, Group, features_of, group_of
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.rule_of_thumb import points_of
from routedsl.engine.wording import Wording, wording_of
from routedsl.engine.world import World
from routedsl.language.parse import parse
from routedsl.loading.envelope import now_utc
from routedsl.train.folds import by_subject, others
from routedsl.train.judging import (
    CHANCE,
    Judged,
    apgr,
    auc,
    by_call,
    by_thumb,
    cpt,
    curve,
    judge_by_folds,
    recovered_at,
    served,
)
from routedsl.train.labelled import Labelled, read_labelled
from routedsl.train.learning import NEED, PENALTY, Material, learn, material_of, matrix_of
from routedsl.train.logistic import Floats, fitted
from routedsl.train.report import PRICES, Report, report_on

POLICY = """
upstream here {{ url "http://127.0.0.1:1/v1" }}
model weak   {{ quality {quality}  input_price ${weak}  output_price ${weak} }}
model strong {{ quality 100  input_price ${strong}  output_price ${strong} }}
else cheapest of all where quality >= difficulty
"""
FOLDS = 5
EVERY = 50
"""Requests from one to the next that the policy itself is asked about."""
TEXTS, TRIES = 2_000, 30
RESULTS = Path(__file__).parent / "results" / "difficulty.json"

Groups = Sequence[Group]
Score = Callable[[Judged], float]


class Sample(NamedTuple):
    """A labelled request, its text, and its wording."""

    labelled: Labelled
    text: str
    wording: Wording


# ── what the policy decides, and what it costs ──────────────────────────────────────────────────


def program_at(quality: float) -> Program:
    """The policy with this quality of the weak model."""
    weak, strong = PRICES
    file, _ = parse(Source("policy.route", POLICY.format(quality=quality, weak=weak, strong=strong)))
    program, _ = compile_policy([file], builtin())
    if program is None:
        raise AssertionError("the policy loads")
    return program


def request_of(text: str) -> Request:
    """The request as a client would send it."""
    return Request(endpoint="chat", model="auto", messages=(Message(role="user", text=text),))


def _sample(labelled: Labelled, text: str) -> Sample:
    return Sample(labelled, text, wording_of(request_of(text)))


def check_threshold(samples: Sequence[Sample], judged: Mapping[int, Judged]) -> None:
    """Raise AssertionError unless the policy decides as a threshold on the difficulty does."""
    world = World(now=now_utc())
    for quality in range(0, 101, 20):
        program = program_at(quality)
        for sample in samples[::EVERY]:
            difficulty = judged[id(sample.labelled)].difficulty
            decision = program.decide(request_of(sample.text), world, {"difficulty": difficulty})
            if decision.model != ("weak" if quality >= difficulty else "strong"):
                raise AssertionError(f"at quality {quality} the policy decides otherwise on difficulty {difficulty}")


def costs(samples: Sequence[Sample]) -> tuple[dict[int, float], dict[int, float]]:
    """How much more each request costs on the strong model: by the signal `cost`, and by its prompt's tokens alone."""
    program, world = program_at(50), World(now=now_utc())
    whole, prompt = dict[int, float](), dict[int, float]()
    for sample in samples:
        facts = program.facts(request_of(sample.text), world)
        both = (facts.ask_model(model, "cost") for model in ("strong", "weak"))
        strong, weak = (cost if isinstance(cost, int) else 0 for cost in both)
        tokens = facts.ask("tokens")
        whole[id(sample.labelled)] = strong - weak
        prompt[id(sample.labelled)] = tokens if isinstance(tokens, int) else 0
    return whole, prompt


# ── other things that could have been learned ───────────────────────────────────────────────────


class Variant(NamedTuple):
    """One way to learn: features, targets, how strongly weights are held, the voice of the rule of thumb beside."""

    name: str
    features: Callable[[Sample], Groups]
    need: Mapping[tuple[bool, bool | None], float] = NEED
    penalty: float = PENALTY
    thumb: float = 0.0


FAILS = {pair: 0.0 if pair[0] else 1.0 for pair in NEED}
GAIN = {pair: 0.5 if pair[0] is pair[1] else need for pair, need in NEED.items()}


def words(sample: Sample) -> Groups:
    """A bag of words."""
    return buckets(17)(sample)


def pairs(sample: Sample) -> Groups:
    """Words, and pairs of neighbours."""
    said = sample.text.lower().encode("utf-8", "surrogatepass").split()
    return *words(sample), group_of({crc32(second, crc32(first)) % WORDS for first, second in pairwise(said)}, 1.0)


def characters(sample: Sample) -> Groups:
    """Each four characters that follow one another."""
    data = sample.text.lower().encode("utf-8", "surrogatepass")
    return (group_of({crc32(data[start : start + 4]) % WORDS for start in range(max(0, len(data) - 3))}, 1.0),)


def buckets(bits: int) -> Callable[[Sample], Groups]:
    """Words, hashed to so many bits."""
    return lambda sample: (group_of({crc32(word) % (1 << bits) for word in sample.wording.distinct}, 1.0),)


def endings(sample: Sample) -> Groups:
    """Words and their endings."""
    return features_of(sample.wording, points_of(sample.wording))[:2]


def parts(sample: Sample) -> Groups:
    """The parts of the rule of thumb."""
    return features_of(sample.wording, points_of(sample.wording))[2:]


def everything(sample: Sample) -> Groups:
    """What is served."""
    return features_of(sample.wording, points_of(sample.wording))


VARIANTS = (
    Variant("bag of words, to foretell that the weak model fails", words, FAILS),
    Variant("bag of words", words),
    Variant("bag of words in 1,024 buckets", buckets(10)),
    Variant("bag of words in a million buckets", buckets(20)),
    Variant("words and pairs of words", pairs),
    Variant("four characters each", characters),
    Variant("words and endings", endings),
    Variant("parts of the rule of thumb, weighed anew", parts),
    Variant("words, endings and parts", everything),
    Variant("the same, weights held a third as strongly", everything, penalty=PENALTY / 3),
    Variant("the same, weights held three times as strongly", everything, penalty=PENALTY * 3),
    Variant("endings and parts without words", lambda sample: everything(sample)[1:]),
    Variant("words, endings and parts beside the rule of thumb: what is served", everything, thumb=1.0),
    Variant("the same, to foretell that the weak model fails", everything, FAILS, thumb=1.0),
    Variant("the same, to foretell only what is gained", everything, GAIN, thumb=1.0),
)


def held_out_scores(variant: Variant, samples: Sequence[Sample], material: Material) -> Floats:
    """The scores of all requests, each by weights that were learned from other subjects."""
    found = [variant.features(sample) for sample in samples]
    matrix = matrix_of(found, 1 + max(index for groups in found for group in groups for index in group.indices))
    needs = np.array([variant.need[sample.labelled.weak, sample.labelled.strong] for sample in samples])
    here = Material(matrix, material.thumbs, needs, material.failed, material.subjects, material.fingerprints)
    learned = np.zeros(len(samples))
    for fold in by_subject(material.subjects, FOLDS):
        part = here.only(others(fold, material.fingerprints))
        learned[fold] = here.only(fold).features.times(fitted(part.features, part.needs, variant.penalty))
    return np.asarray(learned / learned.std() + variant.thumb * material.thumbs / material.thumbs.std(), np.float64)


# ── figures ─────────────────────────────────────────────────────────────────────────────────────


def figures(folds: Sequence[Sequence[Judged]], score: Score, weights: Mapping[str, Score]) -> dict[str, float]:
    """The mean over folds, and the spread of what counts most: APGR by each weight, CPT(50 %), AUC."""
    drawn = {name: [curve(fold, score, cost) for fold in folds] for name, cost in weights.items()}
    by_weight = {name: [each for each in curves if each is not None] for name, curves in drawn.items()}
    areas = {f"apgr by {name}": [apgr(drawn) for drawn in curves] for name, curves in by_weight.items()}
    return {
        **{name: round(fmean(values), 4) for name, values in areas.items()},
        "spread": round(pstdev(areas["apgr by call"]), 4),
        "least": round(min(areas["apgr by call"]), 4),
        "cpt": round(fmean(cpt(drawn) for drawn in by_weight["call"]), 4),
        "auc": round(fmean(each for fold in folds if (each := auc(fold, score)) is not None), 4),
    }


def drawn(folds: Sequence[Sequence[Judged]], score: Score) -> list[float]:
    """The gap recovered at each tenth of all calls, the mean over folds."""
    curves = [each for fold in folds if (each := curve(fold, score, by_call)) is not None]
    return [round(fmean(recovered_at(each, share / 10) for each in curves), 4) for share in range(11)]


def gain(report: Report, folds: Sequence[Sequence[Judged]]) -> float:
    """The mean area between the curve and that of a random mix, in points of right answers."""
    gaps = [fmean((one.request.strong is True) - one.request.weak for one in fold) for fold in folds]
    areas = [fold.apgr or 0.0 for fold in report.folds]
    return round(100 * fmean((area - CHANCE) * gap for area, gap in zip(areas, gaps, strict=True)), 2)


def score_of(scores: Floats, samples: Sequence[Sample]) -> Score:
    """Scores by the requests that they are of."""
    by_request = {id(sample.labelled): score for sample, score in zip(samples, scores.tolist(), strict=True)}
    return lambda one: by_request[id(one.request)]


def compared(
    samples: Sequence[Sample], material: Material, folds: Sequence[Sequence[Judged]]
) -> dict[str, dict[str, float]]:
    """Every router by its name, with its figures."""
    whole, prompt = costs(samples)
    weights: dict[str, Score] = {
        "call": by_call,
        "cost": lambda one: whole[id(one.request)],
        "prompt": lambda one: prompt[id(one.request)],
    }
    chars = {id(sample.labelled): sample.wording.chars for sample in samples}
    found = {
        "the length of the prompt": figures(folds, lambda one: chars[id(one.request)], weights),
        "rule of thumb": figures(folds, by_thumb, weights),
        "trained difficulty, as served": figures(folds, served, weights),
    }
    for variant in VARIANTS:
        found[variant.name] = figures(folds, score_of(held_out_scores(variant, samples, material), samples), weights)
        print(f"{variant.name}: {found[variant.name]}", flush=True)
    return found


def judging_takes(samples: Sequence[Sample], material: Material) -> dict[str, float]:
    """Microseconds of a processor to judge a text of so many characters, as it is served: the least of many tries."""
    classifier, text = learn(material, lambda: None), "\n".join(sample.text for sample in samples[:TEXTS])
    taken = dict[str, float]()
    for size in (200, 2_000, 20_000):
        requests = [request_of(text[start : start + size]) for start in range(0, 10 * size, size)]
        taken[f"{size} characters"] = round(fmean(_least(request, classifier) for request in requests), 1)
    return taken


def _least(request: Request, classifier: Classifier) -> float:
    tries = list[int]()
    for _ in range(TRIES):
        before = thread_time_ns()
        opinion_on(wording_of(request), classifier)
        tries.append(thread_time_ns() - before)
    return min(tries) / 1_000


def measured(path: Path) -> dict[str, object]:
    """All figures on the requests of a file."""
    with path.open("rb") as stream:
        found = read_labelled(stream, str(path), builtin().protocols["chat"])
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    samples = [_sample(one, json.loads(line)["prompt"]) for one, line in zip(found, lines, strict=True)]
    material = material_of(found)
    folds = judge_by_folds(found, material, FOLDS, lambda: None)
    check_threshold(samples, {id(one.request): one for fold in folds for one in fold})
    report = report_on(folds)
    return {
        "python": python_version(),
        "drawn": {"trained": drawn(folds, served), "rule of thumb": drawn(folds, by_thumb)},
        "requests": len(found),
        "subjects": report.subjects,
        "microseconds": judging_takes(samples, material),
        "gained": gain(report, folds),
        **{name: [asdict(each) for each in getattr(report, name)] for name in ("bands", "points", "folds")},
        "mean": report.mean,
        "spread": report.spread,
        "routers": compared(samples, material, folds),
    }


def main() -> None:
    """Measure, print, and write the results."""
    if len(sys.argv) != 2:
        sys.exit("say which requests: make bench-difficulty DATA=labelled.jsonl")
    results = measured(Path(sys.argv[1]))
    RESULTS.write_text(json.dumps(results, indent=2, default=float) + "\n")
    mean, folds = results["mean"], results["folds"]
    print(json.dumps({"microseconds": results["microseconds"]}))
    print(json.dumps({"gained": results["gained"], "mean": mean, "folds": folds}, indent=2))
    print("docs/difficulty.md quotes this: scripts/reference.py puts it there")
    better = mean["apgr"] > mean["thumb_apgr"] and all(fold["apgr"] > CHANCE for fold in folds)  # type: ignore[index,attr-defined]  # as `measured` makes them
    sys.exit(0 if better else 1)


if __name__ == "__main__":
    main()
