"""Broken policies, one mistake each, as people bring them from other tools: what is told, and what helps.

Beside each stands its whole expected rendering; UPDATE_CASES=1 writes it anew. Following the help to the
letter mends it: a program does that, or else `NAME.fixed.route` is what a person has written then.
"""

import os
import shutil
from pathlib import Path

import pytest

from routedsl.analysis.findings import lints
from routedsl.base.diagnostic import Diagnostic, has_errors
from routedsl.base.render import render_text
from routedsl.discover import builtin
from routedsl.loading.policy import load_policy
from routedsl.tools.mending import mend
from tests.language.golden import CASES

FOLDER = CASES / "manners"
FIXED = ".fixed"
CATALOG = builtin()
BROKEN = sorted(path for path in FOLDER.iterdir() if path.suffix != ".txt" and not path.stem.endswith(FIXED))


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the case in a folder of its own, named as one that stands there."""
    monkeypatch.chdir(tmp_path)
    case: Path = request.param
    if case.is_dir():
        shutil.copytree(case, case.name)
    else:
        shutil.copy(case, case.name)
    return Path(case.name)


def told(path: Path) -> tuple[Diagnostic, ...]:
    return load_policy(path, CATALOG, lints).diagnostics


every_case = pytest.mark.parametrize("broken", BROKEN, indirect=True, ids=lambda path: path.stem)


def test_the_corpus_is_large() -> None:
    assert len(BROKEN) >= 120
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in BROKEN}


@every_case
def test_it_is_told_once_and_following_the_help_mends_it(broken: Path) -> None:
    found = told(broken)
    expected = FOLDER / f"{broken.stem}.txt"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(render_text(found), "utf-8")
    assert render_text(found) == expected.read_text("utf-8")
    assert len(found) == 1
    assert found[0].help is not None
    left = mend(broken, lambda path: load_policy(path, CATALOG, lints)).loading.diagnostics
    fixed = FOLDER / f"{broken.stem}{FIXED}.route"
    if fixed.exists():
        assert left, "a program mends it: nobody needs to be asked"
        shutil.copy(fixed, broken)
        left = told(broken)
    assert not has_errors(left), render_text(left)
    assert not [finding for finding in left if finding.code in {"R0511", "R0512", "R0513"}]
