"""The cheapest model, by what answers turn out to cost, among those that are able enough and have room."""

from pathlib import Path

import pytest
from aiohttp import ClientSession

from routedsl.records.record import decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import Script
from tests.gateway.harness import got, serving
from tests.gateway.test_recording import settled

COMPLETIONS = "/v1/chat/completions"
HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}

LENGTHS = """
model wordy { upstream mock  output_price $1  quality 60 }
model terse { upstream mock  output_price $5  quality 90 }
when stream -> wordy as streamed
else cheapest of [wordy, terse] as priced
"""


async def test_the_cheapest_is_found_by_how_long_its_answers_turn_out(tmp_path: Path) -> None:
    scripts, state = {"wordy": Script(tokens=100), "terse": Script(tokens=10)}, tmp_path / "state"
    async with serving(tmp_path, LENGTHS, scripts=scripts, state=state) as served:
        async with ClientSession(served.url) as http:
            for _ in range(5):  # its answers to another rule tell of it as long as none to this one do
                await got(http.post(COMPLETIONS, json={**HI, "model": "terse"}))
                await got(http.post(COMPLETIONS, json={**HI, "stream": True}))
            answer = await got(http.post(COMPLETIONS, json=HI))
            await settled(served, 11)
        known = served.running.gateway.states.world_models()
        assert (known["wordy"].typical_output, known["terse"].typical_outputs) == (100, {"explicit": 10})
        assert answer.headers["x-route-model"] == "terse"
    with reading(state) as connection:
        found = [decode(line) for line in lines(connection, Wanted())]
    assert found[-1].world.models["wordy"].typical_output == 100
    async with serving(tmp_path, LENGTHS, scripts=scripts, state=state) as served, ClientSession(served.url) as http:
        again = await got(http.post(COMPLETIONS, json=HI))
    assert again.headers["x-route-model"] == "terse"


ABLE = """
model small { upstream mock  quality 40  context 1k   input_price $1 }
model mid   { upstream mock  quality 70  context 8k   input_price $2 }
model big   { upstream mock  quality 95  context 128k  input_price $9 }
else cheapest of [small, mid, big] where quality >= difficulty and context >= total_tokens as able
fallback [big]
"""
GREETING = "hello"
MIDDLING = "Explain how this works, please."
HARD = (
    "Prove that the sum of the first n odd numbers is n^2, step by step. First state the base case, then compare two "
    "designs of the proof: if you must use induction, explain why; do not assume anything except the axioms. "
) * 4


@pytest.mark.parametrize(
    ("text", "bound", "model"),
    [
        pytest.param(GREETING, None, "small", id="easy"),
        pytest.param(MIDDLING, None, "mid", id="not so easy"),
        pytest.param(HARD, None, "big", id="hard"),
        pytest.param(GREETING, 4_000, "mid", id="easy, and too long for the small one"),
        pytest.param(GREETING, 100_000, "big", id="easy, and long"),
        pytest.param(GREETING, 200_000, "big", id="too long for all: the fallback"),
    ],
)
async def test_the_cheapest_that_is_able_and_has_room_answers(
    text: str, bound: int | None, model: str, tmp_path: Path
) -> None:
    asked = {"model": "auto", "messages": [{"role": "user", "content": text}], "max_tokens": bound}
    async with serving(tmp_path, ABLE) as served, ClientSession(served.url) as http:
        answer = await got(http.post(COMPLETIONS, json=asked))
    assert (answer.status, answer.headers["x-route-model"]) == (200, model)
