"""Boxes as conditions: short, in the language's own words, and true of just the requests that lie in the box."""

from collections.abc import Iterator, Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.analysis.describe import describe
from routedsl.analysis.space import Space
from routedsl.analysis.wanted import wanted_in
from routedsl.base.types import Type, Value
from routedsl.engine.reference import holds
from routedsl.language.policy import Condition
from tests.analysis.questions import boxes_of, laid_out, program_of, random_condition

TEXTS = (
    "",
    "hi",
    "gold",
    "a b",
    "gpt-4",
    "auto",
    "gpt-4-mini",
    "error 123",
    "def fix",
    "sum",
    "abc end",
    "x-mini",
    "é",
)
SAMPLES = 60


def described(condition: str) -> list[str]:
    asked, space = laid_out(program_of(condition))
    return [describe(box, space) for box in boxes_of(asked, space)]


@pytest.mark.parametrize(
    "condition",
    [
        "always",
        'tools > 0 and 200 <= chars < 500 and header["x-tier"] not in ["gold", "free"] and not text matches /x/',
        "messages <= 2",
        "chars >= 8k",
        "0 < tools < 5",
        "chars == 0",
        "chars in [1k, 2k]",
        "chars != 1k",
        "max_tokens is missing",
        "max_tokens is given",
        "max_tokens < 100",
        "not max_tokens < 100",
        "temperature < 0.5 or temperature > 0.5",
        "0.2 < temperature <= 0.7",
        "time in 22:00..06:00",
        "09:00 <= time < 17:00",
        'header["x"] is given and header["x"] not in ["a", "b"]',
        'key == "a\\"b"',
        'effort in ["low", "high"]',
        'weekday not in ["sat", "sun"]',
        'text contains ["a", "b"] and not last like "x*" and system matches /a\\/b/i',
        "stream and not json",
        'tiny.up and not "all".up and tiny.latency > 800ms and "all".errors <= 5%',
        "tiny.cost >= $0.05",
    ],
)
def test_a_condition_is_told_as_it_was_written(condition: str) -> None:
    assert described(condition) == [condition]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("tools != 0", "tools > 0"),
        ("max_tokens is missing or max_tokens < 100", "not max_tokens >= 100"),
        ("chars > 100 and chars <= 100 or chars < 5", "chars < 5"),
        ("not (chars < 200 or chars >= 500)", "200 <= chars < 500"),
        ('header["x"] == "gold" and header["x"] like "g*"', 'header["x"] == "gold"'),
        ('header["x"] like "g*" and header["x"] is given', 'header["x"] like "g*"'),
        (
            'header["x"] like "g*" and header["x"] not in ["gold", "a"]',
            'header["x"] != "gold" and header["x"] like "g*"',
        ),
        ("messages <= 2 and turns <= 2", "messages <= 2"),
        ("not max_tokens is given", "max_tokens is missing"),
        ('effort != "low" and effort is given', 'effort is given and effort != "low"'),
    ],
)
def test_what_others_say_is_not_said_again(condition: str, told: str) -> None:
    assert described(condition) == [told]


def samples(space: Space, rng: Random) -> Iterator[Mapping[str, Value]]:
    """Facts that a request may have, as far as the ties between them are known."""
    for _ in range(SAMPLES):
        facts: dict[str, Value] = {}
        for dimension in space.dimensions:
            open_ = dimension.other is not None and dimension.fact.type is Type.TEXT
            named = [value for at, value in enumerate(dimension.values) if at != dimension.other]
            if dimension.pattern is None:
                facts[dimension.fact.text] = rng.choice([*named, *(TEXTS if open_ else ())])
        if all(_value(facts, space, law.lesser) <= _value(facts, space, law.greater) for law in space.laws):
            yield facts


def _value(facts: Mapping[str, Value], space: Space, at: int) -> float:
    value = facts[space.dimensions[at].fact.text]
    assert isinstance(value, int | float)
    return value


def parsed(text: str) -> Condition:
    return laid_out(program_of(text))[0]


@given(st.integers(0, 10**9))
def test_what_is_told_holds_for_the_box_and_for_nothing_else(seed: int) -> None:
    rng = Random(seed)
    asked, space = laid_out(program_of(random_condition(rng)))
    boxes = boxes_of(asked, space)[:30]
    if not boxes:
        return
    told = [parsed(describe(box, space)) for box in boxes]
    demands = [wanted_in(box, space) for box in boxes]
    for facts in samples(space, rng):
        inside = [holds(condition, facts.__getitem__) for condition in told]
        assert inside == [all(wanted.allows(facts[name]) for name, wanted in box.items()) for box in demands]
        assert any(inside) == holds(asked, facts.__getitem__) or len(boxes) == 30
