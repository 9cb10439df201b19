"""The golden cases of the checker: each a policy, and beside it all that is found, or what it says."""

import os
from pathlib import Path

import pytest

from routedsl.base.diagnostic import Diagnostic, in_order
from routedsl.base.render import render_text
from routedsl.discover import builtin
from routedsl.language.check import check
from routedsl.language.policy import Policy
from routedsl.loading.files import read_policy
from tests.language.dump import dump
from tests.language.golden import CASES

FOLDER = CASES / "check"
POLICIES = sorted(path for path in FOLDER.iterdir() if path.is_dir() or path.suffix == ".route")
VOCABULARY = builtin().vocabulary()


def checked(path: Path) -> tuple[Policy | None, tuple[Diagnostic, ...]]:
    """A policy as far as the checker knows it, which is no proof of anything, and all that was found."""
    reading = read_policy(path)
    policy, found = check(reading.files, VOCABULARY)
    return (None if reading.diagnostics else policy), in_order([*reading.diagnostics, *found])


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_case_is_found_to_be_as_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    policy, found = checked(Path(path.name))
    made = "\n".join([*([render_text(found)] if found else []), *([f"good\n{dump(policy)}"] if policy else [])])
    expected = FOLDER / f"{path.stem}.txt"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(made, "utf-8")
    assert made == expected.read_text("utf-8")


def test_every_expectation_has_its_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in POLICIES}
