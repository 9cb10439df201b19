"""The index leaves out no box that meets or holds another, however large the dimensions are."""

from random import Random

import pytest

from routedsl.analysis.index import BUCKETS, FEW, BoxIndex, bits, runs, set_of
from routedsl.analysis.regions import Box
from routedsl.analysis.space import Space, space_of
from routedsl.base.types import Type
from routedsl.language.policy import Compare, Condition, Fact, Given, Op
from tests.analysis.universe import SPAN

CHARS = Fact("max_tokens", Type.COUNT, optional=True)
MODEL = Fact("user", Type.TEXT, optional=True)
CELLS = 3_000


@pytest.fixture(scope="module")
def space() -> Space:
    """One ordered dimension with more cells than buckets, one of names."""
    conditions: list[Condition] = [Given(CHARS, span=SPAN), Given(MODEL, span=SPAN)]
    conditions += [Compare(CHARS, Op.LT, number, span=SPAN) for number in range(CELLS)]
    conditions += [Compare(MODEL, Op.EQ, f"u{number}", span=SPAN) for number in range(300)]
    return space_of(conditions, {})


def random_cells(rng: Random, cells: int, *, ordered: bool) -> int:
    kind = rng.random()
    if kind < 0.1:
        return 1 << cells - 1
    if kind < 0.2:
        return (1 << cells) - 1 & ~(1 << rng.randrange(cells))
    if ordered and kind < 0.8:
        low, high = sorted(rng.sample(range(cells), 2))
        return (1 << high + 1) - (1 << low)
    return set_of([rng.randrange(cells) for _ in range(rng.choice((1, 2, 5, FEW, FEW + 1, 3 * FEW)))])


def random_box(rng: Random, space: Space) -> Box:
    wanted = rng.choice(((0, 1), (0,), (1,), ()))
    return {
        at: random_cells(rng, len(space.dimensions[at].values), ordered=bool(space.dimensions[at].spans))
        for at in wanted
    }


def shares(box: Box, other: Box) -> bool:
    return all(box[at] & other[at] for at in box.keys() & other.keys())


def has_all(box: Box, other: Box, space: Space) -> bool:
    return all(not other.get(at, space.dimensions[at].full) & ~cells for at, cells in box.items())


def test_no_box_that_meets_or_holds_another_is_left_out(space: Space) -> None:
    rng = Random(0)
    boxes = [random_box(rng, space) for _ in range(300)]
    index = BoxIndex(boxes, space)
    among = rng.getrandbits(len(boxes))
    found = 0
    for _ in range(300):
        box = random_box(rng, space)
        met = {number for number in bits(among) if shares(boxes[number], box)}
        holding = {number for number in bits(among) if has_all(boxes[number], box, space)}
        meeting, covering = index.meeting(box, among), index.covering(box, among)
        assert met <= set(bits(meeting)) <= set(bits(among))
        assert holding <= set(bits(covering)) <= set(bits(among))
        found += meeting.bit_count() - len(met)
    assert found < 300 * len(boxes) // 10, "the index leaves out next to nothing"


def test_only_what_changed_is_looked_up_again(space: Space) -> None:
    rng = Random(1)
    boxes = [random_box(rng, space) for _ in range(200)]
    index = BoxIndex(boxes, space)
    everybody = (1 << len(boxes)) - 1
    for _ in range(200):
        outer, inner = random_box(rng, space), random_box(rng, space)
        inner = {at: outer[at] if at in outer and rng.random() < 0.5 else inner[at] for at in inner}
        inner = {**outer, **{at: cells & outer.get(at, cells) or outer[at] for at, cells in inner.items()}}
        known = index.meeting(outer, everybody)
        assert index.meeting(inner, known, outer) == index.meeting(inner, known)


def test_large_dimensions_are_put_into_buckets(space: Space) -> None:
    assert len(space.dimensions[0].values) > BUCKETS
    column = BoxIndex([{0: 1}], space)._columns[0]
    assert len(column.upto) == len(column.since) <= BUCKETS


@pytest.mark.parametrize(
    ("cells", "found"),
    [(0b1, [(0, 0)]), (0b1110, [(1, 3)]), (0b101101, [(0, 0), (2, 3), (5, 5)])],
)
def test_runs_of_cells(cells: int, found: list[tuple[int, int]]) -> None:
    assert list(runs(cells)) == found


def test_many_runs_are_taken_for_one() -> None:
    cells = sum(1 << 2 * number for number in range(FEW + 1))
    assert list(runs(cells)) == [(0, 2 * FEW)]
    assert len(list(runs(cells ^ 1))) == FEW


def test_sets_of_numbers_are_bits() -> None:
    assert set_of([]) == 0
    assert set_of([9, 0, 9]) == 0b1000000001
    assert list(bits(0b1000000001)) == [0, 9]
