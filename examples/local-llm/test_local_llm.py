"""A real model behind the gateway: one completion, one stream. Nothing is asserted on what it says."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from openai import AsyncOpenAI

HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / "bin" / "python"
MESSAGES = [{"role": "user", "content": "Say hello."}]

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs a model: make -C examples/local-llm install")


@pytest_asyncio.fixture
async def client(start: Callable, serve: Callable, tmp_path: Path) -> AsyncIterator[AsyncOpenAI]:
    async with start(PYTHON, HERE / "server.py", "0") as address:
        policy = tmp_path / "policy.route"
        policy.write_text((HERE / "policy.route").read_text().replace("http://127.0.0.1:9104", address))
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
