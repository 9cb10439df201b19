"""Every extension keeps the contract: named as its file, documented, and true to its examples."""

import re
from inspect import getmodule

import pytest

from routedsl.base.types import Type, Value
from routedsl.discover import builtin
from routedsl.engine.example import reading
from routedsl.engine.probe import Probe
from routedsl.engine.protocol import Protocol
from routedsl.engine.signal import About, Example, Signal
from routedsl.engine.strategy import Strategy

CATALOG = builtin()
SIGNALS = [*CATALOG.signals.values(), *CATALOG.model_facts.values()]
EXTENSIONS: list[Signal | Strategy | Protocol | Probe] = [
    *SIGNALS,
    *CATALOG.strategies.values(),
    *CATALOG.protocols.values(),
    *CATALOG.probes.values(),
]
HELD_AS: dict[Type, type | tuple[type, ...]] = {
    Type.COUNT: int,
    Type.NUMBER: (int, float),
    Type.DURATION: int,
    Type.MONEY: int,
    Type.SHARE: int,
    Type.TEXT: str,
    Type.TIME: int,
    Type.BOOL: bool,
    Type.TEXTS: tuple,
}


def named(value: object) -> str | None:
    return getattr(value, "name", None)


def fits(signal: Signal, value: Value) -> bool:
    """Whether a signal may have this value."""
    if value is None:
        return signal.optional
    if isinstance(value, bool) and signal.type is not Type.BOOL:
        return False
    of_type = isinstance(value, HELD_AS[signal.type])
    texts = value if isinstance(value, tuple) else (value,)
    return of_type and (not signal.values or all(text in signal.values for text in texts))


@pytest.mark.parametrize(
    ("signal", "example"), [(signal, example) for signal in SIGNALS for example in signal.examples], ids=named
)
def test_an_example_is_true(signal: Signal, example: Example) -> None:
    value = reading(signal, example, {**CATALOG.signals, **CATALOG.model_facts})
    assert value == example.value
    assert type(value) is type(example.value)
    assert fits(signal, value)


@pytest.mark.parametrize("signal", SIGNALS, ids=named)
def test_a_signal_has_examples(signal: Signal) -> None:
    assert signal.examples
    missing = any(example.value is None for example in signal.examples)
    assert missing == signal.optional, "one example shows that the signal may be missing"


@pytest.mark.parametrize("extension", EXTENSIONS, ids=named)
def test_docs_are_sentences(extension: Signal | Strategy | Protocol | Probe) -> None:
    assert re.fullmatch(r"[A-Z`].*\.", extension.doc)
    assert re.fullmatch(r"\d+\.\d+", extension.since)


@pytest.mark.parametrize("extension", [*SIGNALS, *CATALOG.strategies.values(), *CATALOG.probes.values()], ids=named)
def test_a_file_is_named_as_what_it_binds(extension: Signal | Strategy | Probe) -> None:
    module = getmodule(extension.rank if isinstance(extension, Strategy) else extension.read)
    assert module is not None
    assert module.__name__.rpartition(".")[2] == extension.name
    assert (module.__doc__ or "").startswith(f"`{extension.name}")


@pytest.mark.parametrize("signal", SIGNALS, ids=named)
def test_a_signal_is_declared_soundly(signal: Signal) -> None:
    assert not signal.declared or signal.about is About.MODEL
    assert not signal.values or signal.type in (Type.TEXT, Type.TEXTS)
    assert not signal.keyed or signal.about is About.REQUEST
    if signal.at_most is not None:
        assert signal.type is CATALOG.signals[signal.at_most].type is Type.COUNT


def test_the_words_of_the_language_are_there() -> None:
    assert set(CATALOG.strategies) == {"first", "fastest", "cheapest", "best", "least_busy", "split"}
    assert set(CATALOG.protocols) == {"chat", "messages"}
    assert set(CATALOG.probes) == {"openai", "ollama", "llamacpp", "vllm"}
    assert " ".join(sorted(CATALOG.signals)) == (
        "audio chars difficulty draw effort endpoint files header images json key last last_chars max_tokens messages "
        "metadata model requests_per_minute session spent_month spent_today stream system system_chars temperature "
        "text time tokens tokens_per_minute tool_calls tools total_spent_month total_spent_today total_tokens turns "
        "user weekday words"
    )
    assert " ".join(sorted(CATALOG.model_facts)) == (
        "context cost errors first_token inflight input_price latency load loaded memory_free output_price quality "
        "queue slots speed success supports tags typical_output up upstream"
    )
