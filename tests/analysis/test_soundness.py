"""What the analysis claims of a policy, held against every request that can make a difference to it."""

from collections.abc import Iterator
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.analysis import index, reach
from routedsl.analysis.reach import Dead, Reached, Rules, Unknown, rules_of
from routedsl.analysis.regions import Budget, Regions, meet, minus, region
from routedsl.engine.reference import holds
from tests.analysis.universe import Universe, random_universe
from tests.effort import effort

SEEDS = 10
POLICIES = effort(40, 4_000)
"""For each seed."""


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_policies_are_as_claimed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed % 2:  # so that a few cells are many
        monkeypatch.setattr(index, "FEW", 1)
        monkeypatch.setattr(index, "BUCKETS", 2)
        monkeypatch.setattr(reach, "LOOKED_AT", 1)
    rng = Random(seed)
    for _ in range(POLICIES):
        hold_against(random_universe(rng))


@given(st.randoms(use_true_random=False))
def test_any_policy_is_as_claimed(rng: Random) -> None:
    hold_against(random_universe(rng))


def hold_against(universe: Universe) -> None:
    """All that can be claimed of a policy."""
    _holds_regions(universe)
    rules = rules_of(universe.conditions, universe.space)
    _holds_reach(universe, rules)
    _holds_left_over(universe, rules)


# ── regions ─────────────────────────────────────────────────────────────────────────────────────


def _holds_regions(universe: Universe) -> None:
    """A condition's region has exactly the requests for which it holds; so has that of its opposite."""
    shared = Regions(universe.space)
    for condition in universe.conditions:
        taken = universe.rows_where(condition)
        for wanted, rows in ((True, taken), (False, universe.every & ~taken)):
            boxes = region(condition, universe.space, Budget(), holds=wanted)
            assert _rows_of_any(universe, boxes) == rows
            assert shared.of(condition, Budget(), holds=wanted) == boxes
            if universe.whole:
                assert all(universe.rows_of(box) for box in boxes), "an empty box was kept"


def _rows_of_any(universe: Universe, boxes: list[dict[int, int]]) -> int:
    rows = 0
    for box in boxes:
        rows |= universe.rows_of(box)
    return rows


# ── what reaches a rule ─────────────────────────────────────────────────────────────────────────


def _fired(universe: Universe) -> Iterator[int]:
    """For each rule the requests that it decides: those that it takes and none before it took."""
    takes = [universe.rows_where(condition) for condition in universe.conditions]
    before = accumulate(takes, int.__or__, initial=0)
    return (taken & ~earlier for taken, earlier in zip(takes, before, strict=False))


def _holds_reach(universe: Universe, rules: Rules) -> None:
    for place, fired in enumerate(_fired(universe)):
        match rules.reach(place):
            case Dead(by=by):
                assert not fired, "a dead rule fires"
                _holds_culprits(universe, place, by)
            case Reached(box=box):
                rows = universe.rows_of(box)
                assert not rows & ~fired, "what should reach the rule does not"
                assert rows or not universe.whole, "nothing reaches the rule"
            case Unknown():
                pytest.fail("so small a policy is decided")


def _holds_culprits(universe: Universe, place: int, by: tuple[int, ...]) -> None:
    own = universe.rows_where(universe.conditions[place])
    covers = {rule: universe.rows_where(universe.conditions[rule]) for rule in by}
    taken = 0
    for rows in covers.values():
        taken |= rows
    assert all(rule < place for rule in by)
    assert list(by) == sorted(set(by))
    assert not own & ~taken, "those that are blamed do not take all"
    if universe.whole:
        assert bool(own) is bool(by), "nobody is to blame where nothing is taken"
        assert len(by) == 1 or all(own & ~_all_but(rule, covers) for rule in by), "more are blamed than need be"


def _all_but(left_out: int, covers: dict[int, int]) -> int:
    rows = 0
    for rule, covered in covers.items():
        rows |= covered if rule != left_out else 0
    return rows


def _holds_left_over(universe: Universe, rules: Rules) -> None:
    """What is left over are the requests that no rule takes, each in one piece."""
    missed = universe.every
    for condition in universe.conditions:
        missed &= ~universe.rows_where(condition)
    left = list(rules.left_over({}, (1 << len(rules.boxes)) - 1, Budget()))
    pieces = [universe.rows_of(box) for box in left]
    assert sum(rows.bit_count() for rows in pieces) == missed.bit_count(), "pieces overlap or miss something"
    assert _rows_of_any(universe, left) == missed
    assert all(pieces) or not universe.whole, "an empty piece is left over"


# ── boxes ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(SEEDS))
def test_boxes_meet_and_part_as_sets_of_requests_do(seed: int) -> None:
    rng = Random(seed)
    for _ in range(POLICIES):
        universe = random_universe(rng)
        boxes = [box for condition in universe.conditions for box in region(condition, universe.space, Budget())]
        for left, right in zip(boxes, rng.sample(boxes, len(boxes)), strict=True):
            before = dict(left), dict(right)
            rows, others = universe.rows_of(left), universe.rows_of(right)
            both = meet(left, right, universe.space)
            assert rows & others == (0 if both is None else universe.rows_of(both))
            pieces = [universe.rows_of(piece) for piece in minus(left, right, universe.space)]
            assert sum(pieces) == rows & ~others
            assert before == (left, right)


# ── the test's own footing ──────────────────────────────────────────────────────────────────────


def test_sets_of_requests_are_those_of_the_reference_evaluator() -> None:
    rng = Random(0)
    for _ in range(20):
        universe = random_universe(rng)
        for number in rng.sample(range(len(universe.rows)), min(20, len(universe.rows))):
            read = universe.rows[number].__getitem__
            for condition in universe.conditions:
                assert holds(condition, read) is bool(universe.rows_where(condition) >> number & 1)


def test_the_policies_that_are_tried_are_of_every_kind() -> None:
    rng = Random(0)
    universes = [random_universe(rng) for _ in range(60)]
    reached = [rules_of(u.conditions, u.space) for u in universes]
    answers = [rules.reach(place) for rules in reached for place in range(len(rules.regions))]
    culprits = [len(answer.by) for answer in answers if isinstance(answer, Dead)]
    assert sum(isinstance(answer, Reached) for answer in answers) > 60
    assert {0, 1, 2} <= set(culprits)
    assert sum(universe.whole for universe in universes) > 30
    assert sum(not universe.whole for universe in universes) > 5
