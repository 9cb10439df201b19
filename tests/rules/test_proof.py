"""The project's own policies are tested whole: all is seen, and every change that decides otherwise is noticed."""

from pathlib import Path

import pytest

from routedsl.discover import discover
from routedsl.loading.policy import require_policy
from routedsl.tools.covering import covered
from routedsl.tools.mutating import mutated
from routedsl.tools.verdicts import trials_of, verdicts_of
from scripts.policies import FOLDERS, ROOT, policies

POLICIES = [path for folder in FOLDERS for path in policies(ROOT / folder)]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_see_all_and_notice_every_change(path: Path) -> None:
    program = require_policy(path, discover())
    trials = trials_of(program, path)
    assert [verdict.test.name for verdict in verdicts_of(program, trials) if not verdict.passed] == []
    assert covered(program, [trial.case for trial in trials]).percent == 100
    mutation = mutated(program, path, trials, seconds=600)
    assert [survivor.diff for survivor in mutation.survived] == []
    assert mutation.untried == 0
    assert mutation.noticed > 0
