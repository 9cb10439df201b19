"""The test of the tests: a bug that is seeded into the analysis is found. CI tries a few, `make torture` all."""

from random import Random

import pytest

from tests.analysis.mutants import MUTANTS, ROOT, Mutant, is_found
from tests.effort import TORTURE

FEW = 2
TRIED = MUTANTS if TORTURE else Random(len(MUTANTS)).sample(MUTANTS, FEW)


@pytest.mark.parametrize("mutant", TRIED, ids=str)
def test_a_seeded_bug_is_found(mutant: Mutant) -> None:
    assert is_found(mutant)


def test_each_bug_can_be_seeded() -> None:
    for mutant in MUTANTS:
        text = (ROOT / "src" / "routedsl" / "analysis" / f"{mutant.module}.py").read_text()
        assert text.count(mutant.old) == 1, mutant
    assert len(set(MUTANTS)) == len(MUTANTS) >= 40
