"""The classifiers of a policy: read beside it, refused at their place in the text, a part of what it decides."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from routedsl.discover import builtin
from routedsl.engine.classifier_file import classifier_to_json
from routedsl.engine.explain import explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.program import Program
from routedsl.loading.classifiers import MOST_CLASSIFIERS
from routedsl.loading.envelope import now_utc, read_case
from routedsl.loading.files import LARGEST_FILE
from routedsl.loading.policy import Loading, load_policy
from tests.engine.weights import classifier

HARD = classifier_to_json(classifier({"alpha": 120}))
EASY = classifier_to_json(classifier({"alpha": 20}))
POLICY = """
upstream here { url "http://127.0.0.1:1/v1" }
model weak   { quality 50  input_price $1 }
model strong { quality 90  input_price $20 }
classifier difficulty { file "difficulty.json" }
else cheapest of all where quality >= difficulty
fallback [strong]
"""


def load(folder: Path, policy: str = POLICY, **files: bytes) -> Loading:
    for file, data in files.items():
        (folder / f"{file}.json").write_bytes(data)
    (folder / "policy.route").write_text(policy, "utf-8")
    return load_policy(folder / "policy.route", builtin())


def program(folder: Path, policy: str = POLICY, **files: bytes) -> Program:
    loading = load(folder, policy, **files)
    assert loading.program is not None, loading.diagnostics
    return loading.program


def decided(of: Program, said: str, **facts: Any) -> tuple[str | None, dict[str, Any]]:
    line = json.dumps({"body": {"messages": [{"role": "user", "content": said}]}, "facts": facts}).encode()
    case = read_case(line, of.catalog, now_utc())
    decision = of.decide(case.request, case.world, case.pinned)
    return decision.model, {name: value for name, value in decision.facts.items() if not name.endswith(".quality")}


# ── what it decides ─────────────────────────────────────────────────────────────────────────────


def test_the_cheapest_that_is_able_enough_is_taken(tmp_path: Path) -> None:
    assert decided(program(tmp_path, difficulty=HARD), "alpha") == ("strong", {"difficulty": 60})
    assert decided(program(tmp_path, difficulty=EASY), "alpha") == ("weak", {"difficulty": 10})


def test_where_it_abstains_the_rule_of_thumb_decides(tmp_path: Path) -> None:
    assert decided(program(tmp_path, difficulty=HARD), "hello") == ("weak", {"difficulty": 15})


def test_what_is_harder_than_every_quality_falls_back(tmp_path: Path) -> None:
    assert decided(program(tmp_path, difficulty=HARD), "alpha", difficulty=95)[0] == "strong"


def test_a_classifier_of_another_name_is_missing_where_it_abstains(tmp_path: Path) -> None:
    policy = 'classifier mood { file "mood.json" }\nwhen mood > 50 -> a\nwhen mood is missing -> b\nelse c\n'
    good = program(tmp_path, policy, mood=HARD)
    assert [decided(good, said) for said in ("alpha", "hello")] == [("a", {"mood": 60}), ("b", {"mood": None})]
    assert decided(good, "hello", mood=20)[0] == "c"


def test_a_classifier_hides_a_signal_in_conditions_and_nowhere_else(tmp_path: Path) -> None:
    policy = 'classifier tokens { file "tokens.json" }\nwhen tokens > 50 and total_tokens < 50 -> a\nelse b\n'
    hiding = program(tmp_path, policy, tokens=HARD)
    assert decided(hiding, "alpha") == ("a", {"classifier tokens": 60, "total_tokens": 8})
    assert decided(hiding, "alpha", tokens=49)[1]["total_tokens"] == 49


def test_the_rule_of_thumb_closes_the_gap_that_a_missing_number_would_leave(tmp_path: Path) -> None:
    rules = "when {0} > 50 -> a\nwhen {0} <= 50 -> b\n"
    for name, codes in (("difficulty", []), ("mood", ["R0502"])):
        text = f'classifier {name} {{ file "{name}.json" }}\n{rules.format(name)}'
        assert [found.code for found in load(tmp_path, text, **{name: HARD}).diagnostics] == codes


@pytest.mark.parametrize(
    ("said", "parts", "told"),
    [("alpha", {"words": 0.6}, "words +0.6"), ("hello", {"middle": 50, "greeting": -35}, "middle +50, greeting -35")],
)
def test_explain_shows_what_a_difficulty_is_made_of(
    tmp_path: Path, said: str, parts: dict[str, float], told: str
) -> None:
    judge = program(tmp_path, difficulty=HARD)
    body = json.dumps({"messages": [{"role": "user", "content": said}]}).encode()
    case = read_case(body, judge.catalog, now_utc())
    explained = explain(judge, case.request, case.world)
    shown = explanation_to_json(explained, None)["parts"]
    assert isinstance(shown, dict)
    assert shown["difficulty"].items() >= parts.items()
    assert told in explanation_to_text(explained)
    assert explain(judge, case.request, case.world, {"difficulty": 5}).parts == {}


# ── what it is read from ────────────────────────────────────────────────────────────────────────


def test_other_weights_are_another_policy_and_other_spaces_are_not(tmp_path: Path) -> None:
    digests = [load(tmp_path, difficulty=data).digest for data in (HARD, EASY, HARD, b"\n " + HARD)]
    assert digests[0] == digests[2] == digests[3] != digests[1]
    assert tmp_path / "difficulty.json" in load(tmp_path).paths


def test_the_file_lies_beside_the_policy_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "judges.route").write_text('classifier mood { file "mood.json" }', "utf-8")
    (tmp_path / "deep" / "mood.json").write_bytes(HARD)
    assert decided(program(tmp_path, 'import "deep/judges.route"\nwhen mood > 50 -> a else b'), "alpha")[0] == "a"


@pytest.mark.parametrize(
    ("file", "data", "code", "message", "help_"),
    [
        ("absent-one.json", None, "R0601", "`absent-one.json` cannot be read: no such file", "`routedsl train"),
        (
            "dificulty.json",
            None,
            "R0601",
            "`dificulty.json` cannot be read: no such file",
            "did you mean `difficulty.json`?",
        ),
        ("../difficulty.json", HARD, "R0602", "`../difficulty.json` lies outside", "it lies beside"),
        ("/etc/passwd", None, "R0602", "`/etc/passwd` lies outside", "it lies beside"),
        ("link.json", None, "R0602", "`link.json` lies outside", "it lies beside"),
        (".", None, "R0601", "`.` cannot be read: it is no file", "`routedsl train"),
        ("noise.json", b"\x00\xff", "R0605", "`noise.json` cannot be used: it is no JSON", "`routedsl train"),
        (
            "large.json",
            b" " * (LARGEST_FILE + 1),
            "R0605",
            "`large.json` cannot be used: it is larger than 1024 KiB",
            None,
        ),
    ],
)
def test_what_is_wrong_with_the_file_is_told_at_its_name(
    tmp_path: Path, file: str, data: bytes | None, code: str, message: str, help_: str | None
) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "difficulty.json").write_bytes(HARD)
    (tmp_path / "outside.json").write_bytes(HARD)
    (folder / "link.json").symlink_to("../outside.json")
    if data is not None:
        (folder / file).write_bytes(data)
    loading = load(folder, POLICY.replace("difficulty.json", file))
    (found,) = loading.diagnostics
    assert (found.code, found.message, found.span.text) == (code, message, f'"{file}"')
    assert found.help is not None
    assert help_ is None or found.help.startswith(help_)
    assert loading.program is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="who may read everything is refused nothing")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "difficulty.json").touch(mode=0)
    (found,) = load(tmp_path).diagnostics
    assert (found.code, found.message) == ("R0601", "`difficulty.json` cannot be read: permission denied")


def test_more_classifiers_than_anybody_needs_are_refused(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(MOST_CLASSIFIERS + 1)]
    declared = "\n".join(f'classifier {name} {{ file "difficulty.json" }}' for name in names)
    rules = "\n".join(f"when {name} > 50 -> a" for name in names)
    (found,) = load(tmp_path, f"{declared}\n{rules}\nelse b\n", difficulty=HARD).diagnostics
    assert (found.code, found.message) == ("R0108", "`c16` is one classifier more than 16")


def test_a_file_that_is_named_wrongly_is_told_once(tmp_path: Path) -> None:
    assert [found.code for found in load(tmp_path, "classifier d { file 3 }\nwhen d > 5 -> a else b").diagnostics] == [
        "R0402"
    ]
