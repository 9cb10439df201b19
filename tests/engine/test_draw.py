"""The draw: the same for ever, and evenly spread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.base.units import WHOLE
from routedsl.engine.draw import draw_of


@pytest.mark.parametrize(("text", "draw"), [("", 269_876), ("s-1", 961_421), ("Jürgen", 183_455)])
def test_draws_never_change(text: str, draw: int) -> None:
    assert draw_of(text) == draw


@given(st.text(st.characters(codec=None)))
def test_any_text_has_a_draw(text: str) -> None:
    assert 0 <= draw_of(text) < WHOLE
    assert draw_of(text) == draw_of(text)


def test_draws_are_spread_evenly() -> None:
    draws = [draw_of(f"session-{number}") for number in range(10_000)]
    for share in (0.01, 0.1, 0.5, 0.9):
        assert sum(draw < share * WHOLE for draw in draws) / len(draws) == pytest.approx(share, abs=0.015)
