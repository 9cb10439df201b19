"""The golden cases of the checker: each a policy, and beside it all that is found, or what it says."""

from pathlib import Path

import pytest

from routedsl.base.render import render_text
from routedsl.discover import builtin
from routedsl.loading.policy import load_policy
from tests.golden import hold
from tests.language.dump import dump

CASES = Path(__file__).parents[1] / "cases" / "check"
POLICIES = sorted(path for path in CASES.iterdir() if path.is_dir() or path.suffix == ".route")


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_case_is_found_to_be_as_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    loading = load_policy(Path(path.name), builtin())
    parts = [render_text(loading.diagnostics)] if loading.diagnostics else []
    if loading.program is not None:
        parts.append(f"good\n{dump(loading.program.policy)}")
    hold(CASES / f"{path.stem}.txt", "\n".join(parts))


def test_every_expectation_has_its_case() -> None:
    assert {path.stem for path in CASES.glob("*.txt")} == {path.stem for path in POLICIES}
