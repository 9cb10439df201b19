"""Facts: read once, only when asked, in order; and missing where a signal cannot be read, whatever it does."""

import gc
from typing import Any

import pytest
from msgspec.structs import replace

from routedsl.base.source import NOWHERE
from routedsl.base.types import Type, Value
from routedsl.discover import builtin
from routedsl.engine.catalog import Catalog
from routedsl.engine.example import NOON
from routedsl.engine.facts import Facts, Readings, readings
from routedsl.engine.request import Message, Request
from routedsl.engine.signal import Moment, Signal
from routedsl.engine.world import ModelState, World
from routedsl.language.policy import Fact, Model

REQUEST = Request(endpoint="chat", model="auto", messages=[Message(role="user", text="hello")], headers={"x-a": "b"})
WORLD = World(now=NOON, models={"a.b": ModelState(latency=5)})
NAMED = {
    fact.text: fact
    for fact in (
        Fact("chars", Type.COUNT),
        Fact("header", Type.TEXT, key="x-a"),
        Fact("latency", Type.DURATION, model="a.b"),
        Fact("quality", Type.NUMBER, model="c"),
        Fact("odd", Type.COUNT),
    )
}


def catalog_with(read: Any, type_: Type = Type.COUNT) -> Catalog:
    """The catalog and a signal of an extension, which may do anything."""
    known = builtin()
    odd = Signal(name="odd", type=type_, read=read, doc="Odd.", since="1.0")
    return replace(known, signals={**known.signals, "odd": odd})


def known_to(catalog: Catalog) -> Readings:
    return readings(catalog, {"c": Model("c", "c", quality=7, span=NOWHERE)}, "UTC", NAMED)


def facts_of(catalog: Catalog, **pinned: Value) -> Facts:
    return Facts(known_to(catalog), REQUEST, WORLD, pinned)


def test_nothing_is_read_until_it_is_asked() -> None:
    facts = facts_of(catalog_with(lambda moment: 1))
    assert facts.values == dict.fromkeys(NAMED)
    assert facts.asked == {}


def test_facts_are_read_by_their_canonical_text() -> None:
    facts = facts_of(catalog_with(lambda moment: 1))
    assert [facts.read(text) for text in ("c.quality", 'header["x-a"]', "chars", "a.b.latency")] == [7, "b", 5, 5]
    assert list(facts.asked) == ["c.quality", 'header["x-a"]', "chars", "a.b.latency"]
    assert facts.values["chars"] == 5


def test_each_is_read_once() -> None:
    times: list[Moment] = []

    def read(moment: Moment) -> int:
        times.append(moment)
        return 3

    facts = facts_of(catalog_with(read))
    assert [facts.read("odd"), facts.ask("odd"), facts.read("odd")] == [3, 3, 3]
    assert len(times) == 1


def test_what_is_asked_in_passing_is_not_what_the_policy_asked() -> None:
    facts = facts_of(catalog_with(lambda moment: moment.fact("messages")))
    assert facts.read("odd") == 1
    assert facts.ask_model("a.b", "latency") == 5
    assert facts.asked == {"odd": 1}
    assert facts.known("messages")
    assert not facts.known("tokens")


def test_a_pinned_fact_is_taken_as_given_by_other_signals_too() -> None:
    facts = facts_of(catalog_with(lambda moment: moment.fact("messages")), messages=9)
    assert facts.read("odd") == 9


@pytest.mark.parametrize("value", ["7", b"7", 7.5, [7], (7,), {}, object(), float("nan")])
def test_a_value_of_another_type_is_missing(value: object) -> None:
    facts = facts_of(catalog_with(lambda moment: value))
    assert facts.read("odd") is None
    assert facts.asked == {"odd": None}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Type.NUMBER, float("nan")),
        (Type.NUMBER, float("inf")),
        (Type.TEXT, 5),
        (Type.BOOL, 1),
        (Type.TEXTS, ["a"]),
        (Type.TEXTS, ("a", [])),
    ],
)
def test_what_could_not_be_compared_is_missing(type_: Type, value: object) -> None:
    assert facts_of(catalog_with(lambda moment: value, type_)).read("odd") is None


def test_a_signal_that_fails_is_missing() -> None:
    assert facts_of(catalog_with(lambda moment: 1 // 0)).read("odd") is None


def test_a_signal_that_asks_for_itself_is_missing() -> None:
    facts = facts_of(catalog_with(lambda moment: moment.fact("odd")))
    assert facts.read("odd") is None


def test_a_fact_that_nobody_knows_is_missing() -> None:
    facts = facts_of(catalog_with(lambda moment: 1))
    assert facts.ask("nonsense") is None
    assert facts.ask_model("tiny", "nonsense") is None


def test_facts_and_the_body_go_when_nobody_holds_them() -> None:
    catalog = catalog_with(lambda moment: moment.fact("messages"))
    gc.collect()
    assert facts_of(catalog).read("odd") == 1
    assert gc.collect() == 0, "no cycle waits for the garbage collector"
