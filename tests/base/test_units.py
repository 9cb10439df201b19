"""Literals: exact, each rendered to a text that means the same, and through JSON and back."""

import math
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routedsl.base.types import Type, Value
from routedsl.base.units import (
    DOLLAR,
    LARGEST,
    LONGEST,
    WHOLE,
    LiteralError,
    Quantity,
    from_json,
    largest,
    parse_quantity,
    render_quantity,
    to_json,
)

WHOLE_NUMBERS = st.integers(0, LARGEST)
REAL = st.floats(0, 1e15, allow_nan=False).map(abs)
EXACT = {
    Type.COUNT: WHOLE_NUMBERS,
    Type.DURATION: WHOLE_NUMBERS,
    Type.MONEY: st.integers(0, LARGEST * DOLLAR),
    Type.SHARE: st.integers(0, WHOLE),
    Type.TIME: st.integers(0, 24 * 60 - 1),
}
quantities = st.one_of(*(st.builds(Quantity, st.just(type_), values) for type_, values in EXACT.items()))


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("200", Type.COUNT, 200),
        ("8k", Type.COUNT, 8000),
        ("1.5M", Type.COUNT, 1_500_000),
        ("1_000", Type.COUNT, 1000),
        ("1.0", Type.COUNT, 1),
        ("1000000000000000", Type.COUNT, LARGEST),
        ("0.7", Type.NUMBER, 0.7),
        ("500us", Type.DURATION, 500),
        ("200ms", Type.DURATION, 200_000),
        ("10s", Type.DURATION, 10_000_000),
        ("1.5m", Type.DURATION, 90_000_000),
        ("1h", Type.DURATION, 3_600_000_000),
        ("$0.05", Type.MONEY, DOLLAR // 20),
        ("$1_000", Type.MONEY, 1000 * DOLLAR),
        ("$0.000000000001", Type.MONEY, 1),
        ("5%", Type.SHARE, 50_000),
        ("0.0001%", Type.SHARE, 1),
        ("100%", Type.SHARE, WHOLE),
        ("00:00", Type.TIME, 0),
        ("9:05", Type.TIME, 545),
        ("23:59", Type.TIME, 1439),
    ],
)
def test_a_literal_means(text: str, type_: Type, value: float) -> None:
    assert parse_quantity(text) == Quantity(type_, value)


@pytest.mark.parametrize(
    ("text", "message", "meant"),
    [
        ("10sec", "`10sec` has an unknown unit, `sec`", "10s"),
        ("5µs", "`5µs` has an unknown unit, `µs`", "5us"),
        ("8K", "`8K` has an unknown unit, `K`", "8k"),
        ("2d", "`2d` has an unknown unit, `d`", "48h"),
        ("1.5d", "`1.5d` has an unknown unit, `d`", None),
        ("$5k", "`$5k` has a unit after its amount", "$5000"),
        ("$1.50x", "`$1.50x` has a unit after its amount", "$1.5"),
        ("101%", "`101%` is more than the whole", None),
        ("0.00001%", "`0.00001%` is finer than a part per million", None),
        ("0.1us", "`0.1us` is finer than a microsecond", None),
        ("24:00", "`24:00` is no time of day", None),
        ("00:60", "`00:60` is no time of day", None),
        ("-1", "`-1` is not a number", None),
        ("", "`` is not a number", None),
        ("٣", "`٣` is not a number", None),
        ("1e3", "`1e3` is not a number", None),
        ("1000000000000001", "`1000000000000001` is larger than anything it could be compared with", None),
        ("9" * 17, f"`{'9' * 17}` is larger than anything it could be compared with", None),
        ("9" * 5000, f"`{'9' * LONGEST}…` is longer than any number has to be", None),
    ],
)
def test_a_literal_means_nothing(text: str, message: str, meant: str | None) -> None:
    with pytest.raises(LiteralError) as caught:
        parse_quantity(text)
    assert (str(caught.value), caught.value.meant) == (message, meant)
    assert meant is None or caught.value.help == f"did you mean `{meant}`?"


@given(st.text(max_size=50) | st.from_regex(r"\A\$?[0-9_]{1,20}(\.[0-9]{1,20})?[a-zA-Zµ%]{0,3}\Z"))
def test_any_text_is_a_quantity_or_no_literal(text: str) -> None:
    with suppress(LiteralError):
        found = parse_quantity(text)
        assert 0 <= found.value <= largest(found.type)


@given(quantities)
def test_what_is_rendered_parses_to_the_same(quantity: Quantity) -> None:
    assume(len(render_quantity(quantity)) <= LONGEST)
    assert parse_quantity(render_quantity(quantity)) == quantity


@given(REAL)
def test_a_real_number_is_rendered_exactly(value: float) -> None:
    assume(not value.is_integer() and value > 1e-12)
    text = render_quantity(Quantity(Type.NUMBER, value))
    assert float(text) == value
    assert parse_quantity(text) == Quantity(Type.NUMBER, value)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(Type.COUNT, 0), "0"),
        (Quantity(Type.COUNT, 8000), "8k"),
        (Quantity(Type.COUNT, 8001), "8001"),
        (Quantity(Type.COUNT, 2_000_000), "2M"),
        (Quantity(Type.DURATION, 0), "0s"),
        (Quantity(Type.DURATION, 90_000_000), "90s"),
        (Quantity(Type.DURATION, 1), "1us"),
        (Quantity(Type.MONEY, 123_456_789_123_456_789), "$123456.789123456789"),
        (Quantity(Type.SHARE, 333), "0.0333%"),
        (Quantity(Type.TIME, 545), "09:05"),
        (Quantity(Type.NUMBER, 55), "55"),
        (Quantity(Type.NUMBER, 1e-7), "0.0000001"),
    ],
)
def test_the_canonical_text(quantity: Quantity, text: str) -> None:
    assert render_quantity(quantity) == text


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────

EXACT_IN_JSON = 1000 * DOLLAR - 1
"""Money up to here survives a JSON number to the pico-dollar: floats hold any 15 digits."""
held = st.one_of(
    *(st.tuples(st.just(type_), values) for type_, values in EXACT.items() if type_ is not Type.MONEY),
    st.tuples(st.just(Type.MONEY), st.integers(0, EXACT_IN_JSON)),
    st.tuples(st.just(Type.NUMBER), REAL),
    st.tuples(st.just(Type.TEXT), st.text()),
    st.tuples(st.just(Type.BOOL), st.booleans()),
    st.tuples(st.just(Type.TEXTS), st.lists(st.text()).map(tuple)),
    st.tuples(st.sampled_from(Type), st.none()),
)


@given(held)
def test_a_value_survives_json(typed: tuple[Type, Value]) -> None:
    type_, value = typed
    assert from_json(type_, to_json(type_, value)) == value


@given(quantities)
def test_a_literal_stands_for_its_value_in_json(quantity: Quantity) -> None:
    assume(len(render_quantity(quantity)) <= LONGEST)
    assert from_json(quantity.type, render_quantity(quantity)) == quantity.value


def test_json_shows_what_people_read() -> None:
    assert to_json(Type.DURATION, 800_000) == 0.8
    assert to_json(Type.MONEY, DOLLAR // 20) == 0.05
    assert to_json(Type.SHARE, 50_000) == 0.05
    assert to_json(Type.TIME, 545) == "09:05"
    assert to_json(Type.TEXTS, ("a",)) == ["a"]


def test_a_decimal_fraction_is_not_rounded_by_binary() -> None:
    assert from_json(Type.MONEY, 0.1) == Fraction(1, 10) * DOLLAR
    assert from_json(Type.DURATION, 0.000_001) == 1


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Type.COUNT, 1.5),
        (Type.COUNT, -1),
        (Type.COUNT, True),
        (Type.COUNT, "10s"),
        (Type.COUNT, 10**16),
        (Type.NUMBER, math.inf),
        (Type.NUMBER, math.nan),
        (Type.DURATION, -0.5),
        (Type.DURATION, 1e300),
        (Type.DURATION, 10**400),
        (Type.TIME, 545),
        (Type.TEXT, 1),
        (Type.BOOL, 1),
        (Type.BOOL, "true"),
        (Type.TEXTS, "a"),
        (Type.TEXTS, ["a", 1]),
        (Type.SHARE, {}),
    ],
)
def test_json_of_another_type_is_refused(type_: Type, value: object) -> None:
    with pytest.raises(ValueError, match=r"no |`"):
        from_json(type_, value)


def test_a_count_stands_for_a_number() -> None:
    assert from_json(Type.NUMBER, "55") == 55
    assert from_json(Type.NUMBER, -1) == -1
