"""A real model behind the gateway: a completion, a stream, what its server tells. What it says is not looked at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from openai import AsyncOpenAI

from routedsl.discover import builtin
from routedsl.engine.probe import Answer, Reading

HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / "bin" / "python"
MESSAGES = [{"role": "user", "content": "Say hello."}]
PROBE = builtin().probes["llamacpp"]
PATIENCE = 20

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs a model: make -C examples/local-llm install")


@pytest_asyncio.fixture
async def model(start: Callable) -> AsyncIterator[str]:
    """The address of the model's own server."""
    async with start(PYTHON, HERE / "server.py", "0") as address:
        yield address


@pytest_asyncio.fixture
async def client(model: str, serve: Callable, tmp_path: Path) -> AsyncIterator[AsyncOpenAI]:
    policy = tmp_path / "policy.route"
    policy.write_text((HERE / "policy.route").read_text().replace("http://127.0.0.1:9104", model))
    async with serve(policy) as client:
        yield client


async def test_a_completion_a_stream_and_a_refusal(client: AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(model="auto", messages=MESSAGES, max_tokens=20)
    answer = raw.parse()
    assert raw.headers["x-route-rule"] == "fits"
    assert answer.model == "smollm2-135m"
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 20

    stream = await client.chat.completions.create(model="gpt-4o", messages=MESSAGES, max_tokens=20, stream=True)
    chunks = [chunk async for chunk in stream]
    assert any(choice.delta.content for chunk in chunks for choice in chunk.choices)
    assert chunks[-1].choices[0].finish_reason in {"stop", "length"}


async def reading(model: str) -> Reading:
    """What the server tells now, asked as the gateway asks."""
    answers: dict[str, Answer] = {}
    async with ClientSession() as session:
        while path := PROBE.ask(answers):
            async with session.get(model + path) as answer:
                answers[path] = Answer(answer.status, await answer.read())
    return PROBE.read(answers).of("smollm2-135m")


async def test_its_server_tells_its_slots_and_which_are_at_work(model: str) -> None:
    assert await reading(model) == Reading(loaded=True, slots=2, busy=0)
    async with AsyncOpenAI(base_url=f"{model}/v1", api_key="any", max_retries=0) as direct:
        count = [{"role": "user", "content": "Count from one to a thousand."}]
        stream = await direct.chat.completions.create(model="any", messages=count, max_tokens=1500, stream=True)
        await anext(aiter(stream))
        assert await reading(model) == Reading(loaded=True, slots=2, busy=1)
        await stream.close()


async def test_the_gateway_decides_by_what_it_tells(model: str, serve: Callable, tmp_path: Path) -> None:
    policy = tmp_path / "policy.route"
    policy.write_text(f"""
        upstream laptop {{ url "{model}/v1"  kind llamacpp }}
        model smollm {{ upstream laptop }}
        when smollm.loaded and smollm.slots == 2 and smollm.load < 100% -> smollm as told
        else reject 503 "not yet"
    """)
    async with serve(policy) as client, ClientSession() as session, asyncio.timeout(PATIENCE):
        ask = {"model": "auto", "messages": MESSAGES}
        rule = ""
        while rule != "told":
            url, dry = f"{client.base_url}chat/completions", {"x-route-dry-run": "1"}
            async with session.post(url, json=ask, headers=dry) as answer:
                rule = (await answer.json())["rule"]
            await asyncio.sleep(0.05)
