"""The example as its README tells it: three upstreams on three ports, and a gateway in front of them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from openai import APIStatusError, AsyncOpenAI
from openai.types.chat import ChatCompletion

from routedsl.testing import Script, ScriptedUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = Path(__file__).parent
PORTS = (9101, 9102, 9103)
TINY, MEDIUM, LARGE = range(3)
AROUND_THE_WORDS = 7
"""Tokens that a prompt of one message has beside its text."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A client of the gateway, and the upstreams behind it, in the order of their ports."""

    client: AsyncOpenAI
    upstreams: tuple[ScriptedUpstream, ...]

    @property
    def counts(self) -> list[int]:
        """How many requests each upstream has seen."""
        return [len(upstream.seen) for upstream in self.upstreams]

    async def ask(self, tokens: int, model: str = "auto", **more: object) -> tuple[ChatCompletion, str]:
        """The answer to a prompt of so many tokens, and the attempts that it took."""
        text = " ".join(["word"] * (tokens - AROUND_THE_WORDS))
        raw = await self.client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": text}], **more
        )
        return raw.parse(), raw.headers["x-route-attempts"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(serve: Callable, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """The policy on ports that are free, and less patient."""
    async with AsyncExitStack() as stack:
        upstreams = [await stack.enter_async_context(ScriptedUpstream()) for _ in PORTS]
        text = (HERE / "policy.route").read_text().replace("timeout 2s", "timeout 300ms")
        for port, upstream in zip(PORTS, upstreams, strict=True):
            text = text.replace(f"127.0.0.1:{port}/", f"127.0.0.1:{upstream.port}/")
        policy = tmp_path_factory.mktemp("policy") / "policy.route"
        policy.write_text(text)
        yield Deployment(await stack.enter_async_context(serve(policy)), tuple(upstreams))


@pytest_asyncio.fixture(loop_scope="module")
async def deployment(running: Deployment) -> AsyncIterator[Deployment]:
    """The deployment with all upstreams in good health, before and after."""
    for upstream in running.upstreams:
        upstream.seen.clear()
    yield running
    for upstream in running.upstreams:
        upstream.scripts = Script()
        await upstream.stop()
        await upstream.start()


SIZES = [
    (10, TINY), (199, TINY), (200, TINY), (201, MEDIUM), (1_000, MEDIUM),
    (3_999, MEDIUM), (4_000, MEDIUM), (4_001, LARGE), (20_000, LARGE),
]  # fmt: skip


async def test_each_size_goes_to_its_port(deployment: Deployment) -> None:
    for tokens, place in SIZES:
        before = deployment.counts
        answer, attempts = await deployment.ask(tokens, model="gpt-4o")
        model = ("tiny", "medium", "large")[place]
        assert [after - count for after, count in zip(deployment.counts, before, strict=True)] == [
            place == TINY, place == MEDIUM, place == LARGE,
        ], tokens  # fmt: skip
        assert (answer.model, attempts) == (model, f"{model}:ok")


async def test_the_sizes_are_what_the_gateway_counts(deployment: Deployment) -> None:
    for tokens, _ in SIZES:
        text = " ".join(["word"] * (tokens - AROUND_THE_WORDS))
        raw = await deployment.client.chat.completions.with_raw_response.create(
            model="auto", messages=[{"role": "user", "content": text}], extra_headers={"x-route-dry-run": "1"}
        )
        assert json.loads(raw.content)["facts"] == {"tokens": tokens}
    assert deployment.counts == [0, 0, 0]


async def test_one_is_stopped(deployment: Deployment) -> None:
    await deployment.upstreams[TINY].stop()
    answer, attempts = await deployment.ask(10)
    assert (answer.model, attempts) == ("large", "tiny:refused,large:ok")


@pytest.mark.parametrize("stream", [False, True])
async def test_one_hangs(deployment: Deployment, stream: bool) -> None:
    deployment.upstreams[MEDIUM].scripts = Script(fault="hang")
    raw = await deployment.client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": "word " * 1000}], stream=stream
    )
    assert raw.headers["x-route-attempts"] == "medium:timeout,large:ok"
    assert deployment.counts == [0, 1, 1]


async def test_all_are_stopped(deployment: Deployment) -> None:
    for upstream in deployment.upstreams:
        await upstream.stop()
    with pytest.raises(APIStatusError) as failure:
        await deployment.ask(10)
    assert (failure.value.status_code, failure.value.code) == (503, "all_models_unavailable")
    assert failure.value.response.headers["x-route-attempts"] == "tiny:refused,large:refused,medium:refused"
    assert all(name in failure.value.message for name in ("tiny", "large", "medium"))
