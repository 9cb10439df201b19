"""Learning from records: what counts as a label, who asked, which model is the weak one, and what is told."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec import UNSET
from msgspec.structs import replace

from routedsl.engine.classifier_file import classifier_from_json
from routedsl.engine.example import chat
from routedsl.engine.features import EDITION, hashed
from routedsl.engine.rule_of_thumb import points_of
from routedsl.engine.wording import wording_of
from routedsl.records.record import Attempt, FeaturesRecord, Record
from routedsl.records.store import Rows, Store
from routedsl.tools.commands.train import command
from routedsl.tools.labelling import read_recorded
from routedsl.train.labelled import LabelError
from tests.records.samples import a_record
from tests.train.requests import lines


def features_of(text: str) -> FeaturesRecord:
    wording = wording_of(chat(text).request)
    words, endings, points = hashed(wording, points_of(wording))
    return FeaturesRecord(EDITION, tuple(sorted(words)), tuple(sorted(endings)), tuple(points))


def answer(number: int, text: str, model: str = "tiny", **changes: Any) -> Record:
    """The record of a request that one model answered at once, for a dollar in ten thousand."""
    attempts = (Attempt(model=model, outcome="ok", status=200, tokens=(12, 34)),)
    given = {"attempts": attempts, "served_by": model, "cost": 0.0001, "features": features_of(text), **changes}
    return a_record(number, **given)


def traffic(rng: Random, count: int = 320) -> list[Record]:
    """Answers of `tiny`, those that were bad rated so, and dearer ones of `large`, of eight users."""
    made = []
    for number, one in enumerate(lines(rng, count)):
        hashes = {"user": one["subject"], "session": None}
        score = UNSET if one["weak"] else 0.1
        made.append(answer(2 * number, one["prompt"], hashed=hashes, score=score))
        made.append(answer(2 * number + 1, one["prompt"], "large", hashed=hashes, cost=0.002))
    return made


def stored(path: Path, records: list[Record]) -> Path:
    """A file of records, with the scores that they have."""
    store = Store(path)
    store.write([*map(Rows().of, (replace(record, score=UNSET) for record in records))])
    for record in records:
        if isinstance(record.score, float):
            assert store.rate(record.id, record.key, record.score, 0) is not None
    store.close()
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["difficulty", *map(str, arguments)])


def test_what_the_weak_model_was_rated_down_for_is_learned(tmp_path: Path) -> None:
    path, made = stored(tmp_path / "records.db", traffic(Random(0))), tmp_path / "difficulty.json"
    result = run("--from", path, "-o", made, "--json")
    assert result.exit_code == 0, result.stderr
    shown = json.loads(result.stdout)
    assert (shown["requests"], shown["subjects"], shown["curve"]) == (320, 8, [])
    assert shown["mean"]["auc"] > 0.8
    assert "320 answers of `tiny`" in result.stderr
    learned = classifier_from_json(made.read_bytes())
    assert (learned.training.requests, learned.training.subjects) == (320, ())


def test_the_weak_model_is_the_cheapest_or_the_one_that_is_named() -> None:
    found = traffic(Random(1), 100)
    assert len(read_recorded(found, "r").requests) == 100
    with pytest.raises(LabelError, match="the weak model is always right"):
        read_recorded(found, "r", ("large",))
    alike = [one if one.served_by == "tiny" else answer(0, "x", "large") for one in found]
    with pytest.raises(LabelError, match="which of `large`, `tiny` is the weak one"):
        read_recorded(alike, "r")


def test_what_is_no_whole_answer_and_what_has_no_features_is_left_out() -> None:
    found = traffic(Random(2), 100)
    failed = answer(900, "x", attempts=(Attempt(model="tiny", outcome="timeout"),), served_by=None)
    left = answer(901, "x", end="gone")
    plain = a_record(902)
    other = answer(903, "x", features=FeaturesRecord(EDITION + 1, (1,), (2,), (3,)))
    assert len(read_recorded([*found, failed, left, plain, other], "r").requests) == 100


def test_requests_of_nobody_are_parted_by_time() -> None:
    nobody = {"user": None, "session": None}
    found = [
        answer(number, f"word{number} other{number}", hashed=nobody, score=float(number % 2)) for number in range(100)
    ]
    subjects = [one.subject for one in read_recorded(found, "r").requests]
    assert len(set(subjects)) == 20
    assert subjects == sorted(subjects, key=lambda part: int(part.split()[1]))


def test_records_without_features_tell_which_setting_makes_some(tmp_path: Path) -> None:
    result = run("--from", stored(tmp_path / "records.db", [a_record(1)]))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "record_features = true" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "either LABELLED or --from"),
        (("x.jsonl", "--from", "records.db"), "either LABELLED or --from"),
        (("--from", "absent.db"), "there are no records at"),
        (("--from", "absent.db", "--judge", "x.json"), "judged on LABELLED"),
        (("x.jsonl", "--weak", "tiny"), "--weak says"),
    ],
)
def test_what_cannot_run_is_told(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
