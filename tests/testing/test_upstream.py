"""The scripted upstream over real sockets."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from routedsl.testing import Script, ScriptedUpstream


@pytest_asyncio.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


def body(model: str = "tiny", **more: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}


async def test_it_answers_and_remembers(client: aiohttp.ClientSession) -> None:
    async with ScriptedUpstream() as upstream:
        url = f"{upstream.url}/chat/completions"
        async with client.post(url, json=body(), headers={"x-tier": "gold"}) as response:
            answer = await response.json()
        assert answer["choices"][0]["message"]["content"] == 'tiny (mock): you said "hello"'
        (seen,) = upstream.seen
        assert (seen.path, seen.model, seen.body) == ("/v1/chat/completions", "tiny", body())
        assert (seen.headers["x-tier"], seen.gone, seen.ended.is_set()) == ("gold", False, True)


async def test_streams_arrive_whole(client: aiohttp.ClientSession) -> None:
    async with ScriptedUpstream({"tiny": Script(speed=1000)}) as upstream:
        async with client.post(f"{upstream.url}/chat/completions", json=body(stream=True)) as response:
            text = await response.text()
        assert response.content_type == "text/event-stream"
        assert text.endswith("\n\ndata: [DONE]\n\n")
        assert text.count("data: ") == 5 + 3


async def test_models(client: aiohttp.ClientSession) -> None:
    async with ScriptedUpstream({"tiny": Script(), "large": Script()}) as upstream:
        async with client.get(f"{upstream.url}/models") as response:
            listed = await response.json()
        assert [model["id"] for model in listed["data"]] == ["tiny", "large"]
        async with client.post(f"{upstream.url}/chat/completions", json=body("tinny")) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b"\xff", b'{"model": "tiny", "messages": "hello"}'])
async def test_a_body_that_asks_no_model(client: aiohttp.ClientSession, data: bytes) -> None:
    async with ScriptedUpstream() as upstream, client.post(f"{upstream.url}/chat/completions", data=data) as response:
        assert response.status == 400


@pytest.mark.parametrize("fault", ["cut", "reset-at", "reset", "close", "cut:0"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_broken_connection_is_never_a_clean_end(
    client: aiohttp.ClientSession, fault: str, stream: bool
) -> None:
    async with ScriptedUpstream({"tiny": Script(fault=fault, tokens=60)}) as upstream:
        with pytest.raises(aiohttp.ClientError):
            async with client.post(f"{upstream.url}/chat/completions", json=body(stream=stream)) as response:
                await response.read()
        await asyncio.wait_for(upstream.seen[0].ended.wait(), 1)
        assert not upstream.seen[0].gone


@pytest.mark.parametrize("fault", ["hang", "stall", "pings-only:10"])
async def test_it_notices_that_the_client_is_gone(client: aiohttp.ClientSession, fault: str) -> None:
    async with ScriptedUpstream({"tiny": Script(fault=fault)}) as upstream:
        call = asyncio.create_task(client.post(f"{upstream.url}/chat/completions", json=body(stream=fault != "hang")))
        (seen,) = await asyncio.wait_for(upstream.arrivals(1), 1)
        if fault == "hang":
            call.cancel()
        else:
            (await call).close()
        await asyncio.wait_for(seen.ended.wait(), 1)
        assert seen.gone


async def test_stopped_it_refuses_and_started_again_it_is_where_it_was(client: aiohttp.ClientSession) -> None:
    async with ScriptedUpstream({"tiny": Script(fault="hang", times=1)}) as upstream:
        url = f"{upstream.url}/chat/completions"
        call = asyncio.create_task(client.post(url, json=body()))
        await upstream.arrivals(1)
        await upstream.stop()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await call
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.post(url, json=body())
        await upstream.start()
        async with client.post(url, json=body()) as response:
            assert response.status == 200
        assert [seen.gone for seen in upstream.seen] == [False, False]


async def test_pings_come_one_by_one(client: aiohttp.ClientSession) -> None:
    async with (
        ScriptedUpstream({"tiny": Script(fault="pings-only:5")}) as upstream,
        client.post(f"{upstream.url}/chat/completions", json=body(stream=True)) as response,
    ):
        assert await response.content.readexactly(24) == b": ping\n\n" * 3


async def test_a_long_body_is_taken(client: aiohttp.ClientSession) -> None:
    async with ScriptedUpstream() as upstream:
        long = body() | {"messages": [{"role": "user", "content": "word " * 500_000}]}
        async with client.post(
            f"{upstream.url}/chat/completions", data=io.BytesIO(json.dumps(long).encode())
        ) as response:
            assert (await response.json())["usage"]["prompt_tokens"] == 500_000
