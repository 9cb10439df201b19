"""What the analysis takes signals at their word for, held against the built-in ones."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from routedsl.base.source import NOWHERE
from routedsl.base.types import Type, Value
from routedsl.discover import builtin
from routedsl.engine.facts import Facts, readings
from routedsl.engine.request import Message, Request
from routedsl.engine.signal import Signal
from routedsl.engine.world import ModelState, World
from routedsl.language.policy import Fact, Model

ROLES = ("system", "user", "assistant", "tool", "else")
TEXTS = ("", " ", "a", "two words", "é\n\nx", "a\u2003b \u200b", "<|endoftext|>")


def random_request(rng: Random) -> Request:
    messages = [
        Message(
            role=rng.choice(ROLES),
            text=rng.choice(TEXTS),
            images=rng.randrange(2),
            tool_calls=rng.randrange(3),
            calls=rng.choice(TEXTS),
        )
        for _ in range(rng.randrange(5))
    ]
    return Request(
        endpoint="chat",
        model=rng.choice((None, "auto", "m")),
        messages=messages,
        tools=["{}"] * rng.randrange(3),
        json=rng.random() < 0.5,
        max_tokens=rng.choice((None, 0, 1, 10**6)),
        temperature=rng.choice((None, -1.0, 0.7, float("nan"))),
        effort=rng.choice((None, "low", "lots")),
        session=rng.choice((None, "s", "\udcff")),
    )


def random_world(rng: Random) -> World:
    state = ModelState(
        up=rng.random() < 0.5,
        latency=rng.choice((None, 0, 10**6)),
        inflight=rng.randrange(100),
        load=rng.randrange(5_000_000),
        speed=rng.choice((None, 12.5)),
    )
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(10**6))
    return World(now=now, models={"tiny": state})


def facts_of(rng: Random) -> tuple[Mapping[str, Signal], Facts]:
    """Every fact there is, of one random request."""
    catalog, model = builtin(), Model("tiny", "t", input_price=rng.randrange(10**9), span=NOWHERE)
    named = {fact.text: fact for fact in _facts()}
    signals = {text: {**catalog.signals, **catalog.model_facts}[fact.signal] for text, fact in named.items()}
    known = readings(catalog, {"tiny": model}, "Europe/Berlin", named)
    return signals, Facts(known, random_request(rng), random_world(rng))


def _facts() -> Iterator[Fact]:
    catalog = builtin()
    for name, signal in catalog.signals.items():
        yield Fact(name, signal.type, key="x" if signal.keyed else None)
    for name, signal in catalog.model_facts.items():
        yield Fact(name, signal.type, model="tiny")


def keeps_its_word(signal: Signal, value: Value) -> bool:
    """Whether a value is one that the signal declares."""
    if value is None:
        return signal.optional
    if signal.values and isinstance(value, str):
        return value in signal.values
    if signal.type is Type.TIME:
        return isinstance(value, int) and 0 <= value < 24 * 60
    return not signal.type.ordered or signal.type is Type.NUMBER or (isinstance(value, int) and value >= 0)


def test_signals_keep_what_they_declare() -> None:
    rng = Random(0)
    for _ in range(300):
        signals, facts = facts_of(rng)
        for text, signal in signals.items():
            assert keeps_its_word(signal, facts.ask(text)), text
            lesser, greater = facts.ask(text), facts.ask(signal.at_most or text)
            assert signal.at_most is None or lesser <= greater, text  # type: ignore[operator]  # both are counts


def test_laws_hold_between_numbers_that_are_never_missing() -> None:
    signals = builtin().signals
    for signal in signals.values():
        if signal.at_most is not None:
            greater = signals[signal.at_most]
            assert signal.type is greater.type is Type.COUNT
            assert not signal.optional
            assert not greater.optional


def test_each_protocol_has_an_endpoint_that_the_signal_lists() -> None:
    assert set(builtin().protocols) <= set(builtin().signals["endpoint"].values)
