"""The expected price: tokens are counted only where they cost something."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from routedsl.base.types import Value
from routedsl.base.units import DOLLAR
from routedsl.discover import builtin
from routedsl.engine.example import NOON, candidate, chat
from routedsl.engine.request import Message, Request
from routedsl.engine.world import ModelState, World
from routedsl.loading.policy import require_policy
from routedsl.signals import cost


@pytest.mark.parametrize(
    ("bound", "answer"), [(None, 500), (0, 0), (1, 1), (499, 499), (500, 500), (501, 500), (32_000, 500)]
)
def test_the_expected_answer_is_capped(bound: int | None, answer: int) -> None:
    moment = candidate(asked=chat("hi", max_tokens=bound), output_price=DOLLAR)
    assert cost.read(replace(moment, fact=lambda _: None)) == answer * DOLLAR // 1_000_000


FREE = """
upstream mock { url "http://127.0.0.1:1/v1" }
model wordy { upstream mock  input_price $1  output_price $1  typical_output 2k }
model terse { upstream mock  input_price $1  output_price $3 }
when terse.cost < $0.0001 -> terse as known
else cheapest of all as quick
"""
HI = Request(endpoint="chat", model="auto", messages=(Message(role="user", text="hi"),))


@pytest.mark.parametrize(
    ("models", "bound", "decided"),
    [
        pytest.param({}, None, ("quick", "terse"), id="2000 tokens as declared, 500 where nothing is"),
        pytest.param({}, 100, ("quick", "wordy"), id="no more than is asked for"),
        pytest.param({"wordy": ModelState(typical_output=600)}, None, ("quick", "wordy"), id="measured goes first"),
        pytest.param({"terse": ModelState(typical_output=10)}, None, ("known", "terse"), id="in conditions too"),
        pytest.param(
            {"wordy": ModelState(typical_outputs={"quick": 20}), "terse": ModelState(typical_outputs={"other": 1})},
            None,
            ("quick", "wordy"),
            id="by the answers to the rule that ranks",
        ),
        pytest.param(
            {"terse": ModelState(typical_outputs={"known": 1})}, None, ("quick", "terse"), id="in no condition"
        ),
    ],
)
def test_answers_are_taken_to_be_as_long_as_they_were(
    models: Mapping[str, ModelState], bound: int | None, decided: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "p.route").write_text(FREE, encoding="utf-8")
    program = require_policy(tmp_path / "p.route", builtin())
    decision = program.decide(replace(HI, max_tokens=bound), World(now=NOON, models=models))
    assert (decision.rule, decision.model) == decided


def test_a_pinned_length_is_taken_by_every_rule(tmp_path: Path) -> None:
    (tmp_path / "p.route").write_text(FREE, encoding="utf-8")
    program = require_policy(tmp_path / "p.route", builtin())
    world = World(now=NOON, models={"wordy": ModelState(typical_outputs={"quick": 5_000})})
    assert program.decide(HI, world).model == "terse"
    assert program.decide(HI, world, {"wordy.typical_output": 1}).model == "wordy"


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
