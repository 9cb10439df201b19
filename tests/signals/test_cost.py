"""The expected price: tokens are counted only where they cost something."""

import pytest
from msgspec.structs import replace

from routedsl.base.types import Value
from routedsl.base.units import DOLLAR
from routedsl.engine.example import candidate, chat
from routedsl.signals import cost


@pytest.mark.parametrize(
    ("bound", "answer"), [(None, 500), (0, 0), (1, 1), (499, 499), (500, 500), (501, 500), (32_000, 500)]
)
def test_the_expected_answer_is_capped(bound: int | None, answer: int) -> None:
    moment = candidate(asked=chat("hi", max_tokens=bound), output_price=DOLLAR)
    assert cost.read(moment) == answer * DOLLAR // 1_000_000


def test_a_free_prompt_is_not_counted() -> None:
    """The moment of an example refuses to tell any other fact."""
    assert cost.read(candidate(output_price=0)) == 0
    with pytest.raises(LookupError):
        cost.read(candidate(input_price=1))


def test_a_pinned_fact_is_taken() -> None:
    def pinned(name: str) -> Value:
        return {"tokens": 1_000_000}[name]

    moment = candidate(input_price=3 * DOLLAR, asked=chat("hi", max_tokens=0))
    assert cost.read(replace(moment, fact=pinned)) == 3 * DOLLAR
