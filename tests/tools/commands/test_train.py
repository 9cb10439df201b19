"""`routedsl train difficulty`: what it writes, what it says, and how it ends."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from routedsl.engine.classifier_file import classifier_from_json
from routedsl.tools.commands.train import command
from tests.train.requests import data, lines


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, ["difficulty", *map(str, arguments)], input=stdin)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.jsonl"
    path.write_bytes(data(lines(Random(0))))
    return path


def test_it_writes_a_classifier_and_says_how_good_it_is(labelled: Path, tmp_path: Path) -> None:
    made = tmp_path / "difficulty.json"
    result = run(labelled, "-o", made)
    assert (result.exit_code, result.stderr) == (0, "")
    learned = classifier_from_json(made.read_bytes())
    assert (learned.training.requests, learned.training.subjects[:2]) == (320, ("s0", "s1"))
    assert stat.S_IMODE(made.stat().st_mode) & 0o444 == 0o444
    first, *rest = result.stdout.splitlines()
    assert first == "320 requests of 8 subjects, judged by what was learned from other subjects"
    headings = [line.split("  ")[0] for line in rest if not line[:1].isdigit()]
    assert headings == [
        "",
        "difficulty",
        "",
        "weak model's quality",
        "cost: of a call, at 1 for the weak model and 20 for the strong one",
        "",
        "fold",
        "mean",
    ]


def test_twice_makes_the_same_bytes(labelled: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(labelled, "-o", tmp_path / name, "--folds", "3").exit_code == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_program_gets_all_figures_as_json(labelled: Path) -> None:
    result = run("-", "--json", "--folds", "4", stdin=labelled.read_bytes())
    shown = json.loads(result.stdout)
    assert len(shown["folds"]) == 4
    assert shown["mean"]["apgr"] > 0.6
    assert shown["mean"]["auc"] > 0.8
    assert [point["quality"] for point in shown["curve"]] == [*range(100, -1, -10)]
    assert sum(band["requests"] for band in shown["calibration"]) == shown["requests"] == 320
    assert len(shown["digest"]) == 64


def test_another_file_judges_what_was_learned(labelled: Path, tmp_path: Path) -> None:
    made, other = tmp_path / "difficulty.json", tmp_path / "other.jsonl"
    assert run(labelled, "-o", made).exit_code == 0
    elsewhere = [
        {**one, "prompt": f"{one['prompt']}x", "subject": f"t{one['subject']}"} for one in lines(Random(5), 80)
    ]
    other.write_bytes(data(elsewhere))
    result = run(other, "--judge", made, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["mean"]["auc"] > 0.8


def test_nothing_is_judged_on_what_it_was_learned_from(labelled: Path, tmp_path: Path) -> None:
    made = tmp_path / "difficulty.json"
    assert run(labelled, "-o", made).exit_code == 0
    result = run(labelled, "--judge", made)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "the subject `s0` was learned from: nothing is judged on what it was learned from\n"


def test_what_is_no_better_than_chance_is_not_written(tmp_path: Path) -> None:
    path, made = tmp_path / "labelled.jsonl", tmp_path / "difficulty.json"
    # Of the hardest requests the strong one does worse: whatever is learned of one subject is wrong of another.
    flipped = [one if int(one["subject"][1]) % 2 else {**one, "weak": not one["weak"]} for one in lines(Random(0))]
    path.write_bytes(data(flipped))
    result = run(path, "-o", made)
    assert result.exit_code == 1
    assert "no better than a mix by chance: nothing was written" in result.stderr
    assert not made.exists()


def test_mistakes_in_the_labels_are_told_by_line_and_exit_1(labelled: Path, tmp_path: Path) -> None:
    labelled.write_bytes(b"{}\nnull\n" + labelled.read_bytes())
    result = run(labelled, "-o", tmp_path / "difficulty.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"{labelled}:1: there must be either a `prompt` or `messages`",
        f"{labelled}:2: the line must be an object",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (lambda folder: [folder / "absent.jsonl"], "absent.jsonl` cannot be read: no such file"),
        (lambda folder: [folder], "cannot be read: is a directory"),
        (lambda folder: [folder / "labelled.jsonl", "--judge", folder / "absent.json"], "absent.json` cannot be read"),
        (lambda folder: [folder / "labelled.jsonl", "--judge", folder / "labelled.jsonl"], "cannot be used: it is no"),
        (lambda folder: [folder / "labelled.jsonl", "--judge", "a", "-o", "b"], "say either --output or --judge"),
        (lambda folder: [folder / "labelled.jsonl", "-o", folder / "no" / "d.json"], "cannot be written: no such file"),
        (lambda folder: [folder / "labelled.jsonl", "--folds", "1"], "--folds"),
    ],
)
def test_what_cannot_run_exits_2(labelled: Path, arguments: Callable[[Path], list[object]], told: str) -> None:
    result = run(*arguments(labelled.parent))
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_without_numpy_it_says_what_to_install(labelled: Path) -> None:
    program = f"""
import sys
sys.modules["numpy"] = None
from routedsl.tools.commands.train import command
command(["difficulty", {str(labelled)!r}])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "learning needs numpy: `pip install 'routedsl-gateway[train]'`" in done.stderr
