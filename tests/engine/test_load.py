"""How busy a server is: its own words, our calls since, and what is taken for full where it says little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.load import load_of
from routedsl.engine.probe import SILENT, Reading

COUNT = st.integers(0, 50)
SLOTS = st.integers(1, 16)


@pytest.mark.parametrize(
    ("reading", "slots", "calls", "calls_then", "load"),
    [
        pytest.param(SILENT, None, 3, 0, 30_000, id="nobody tells anything: a hundred calls are full"),
        pytest.param(SILENT, 4, 3, 0, 750_000, id="our own calls over the slots"),
        pytest.param(Reading(busy=3), 4, 0, 0, 750_000, id="calls of others"),
        pytest.param(Reading(busy=3), 4, 1, 3, 250_000, id="two of ours have ended since"),
        pytest.param(Reading(busy=3), 4, 4, 1, 1_500_000, id="two of others, four of ours"),
        pytest.param(Reading(busy=4, queue=4), 4, 0, 0, 2_000_000, id="half of it waits"),
        pytest.param(Reading(busy=0), 4, 1, 2, 250_000, id="the server had not seen ours yet"),
        pytest.param(Reading(busy=5, cache=500_000), None, 5, 5, 500_000, id="a cache half full"),
        pytest.param(Reading(busy=5, cache=500_000), None, 10, 5, 1_000_000, id="a cache that twice as many will fill"),
        pytest.param(Reading(busy=0, cache=0), None, 2, 0, 20_000, id="an empty cache"),
        pytest.param(Reading(busy=2, cache=900_000), 4, 2, 2, 500_000, id="slots that are declared count"),
    ],
)
def test_a_load(reading: Reading, slots: int | None, calls: int, calls_then: int, load: int) -> None:
    assert load_of(reading, slots, calls, calls_then) == load


@given(st.none() | COUNT, st.none() | COUNT, st.none() | SLOTS, COUNT, COUNT)
def test_each_call_more_is_more_load(
    busy: int | None, queue: int | None, slots: int | None, calls: int, calls_then: int
) -> None:
    reading = Reading(busy=busy, queue=queue)
    assert 0 <= load_of(reading, slots, calls, calls_then) < load_of(reading, slots, calls + 1, calls_then)
