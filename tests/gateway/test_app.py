"""The data plane over real sockets, with OpenAI's own client in front of it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest
from aiohttp import ClientSession
from msgspec.structs import replace
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionUserMessageParam

from routedsl.engine.protocol import Arrival
from routedsl.engine.request import Request
from routedsl.testing import Script
from tests.gateway.harness import BY_SIZE, CATALOG, Served, exchange, got, serving

HI: ChatCompletionUserMessageParam = {"role": "user", "content": "hi"}
LONG: ChatCompletionUserMessageParam = {"role": "user", "content": "word " * 100}
ROUTES = f"""
route auto {{ {BY_SIZE} }}
route "gpt-*" {{ else large as classic }}
route guarded {{
  when header["x-data"] == "secret" -> reject 451 "not with secrets" as closed
  else tiny
}}
"""


@asynccontextmanager
async def asking(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with served.client() as client:
        yield client


@pytest.mark.parametrize("model", ["auto", "dynamic"])
async def test_the_policy_chooses_by_what_is_asked(tmp_path: Path, model: str) -> None:
    async with serving(tmp_path) as served, asking(served) as client:
        short = await client.chat.completions.with_raw_response.create(model=model, messages=[HI])
        long = await client.chat.completions.with_raw_response.create(model=model, messages=[LONG])
    assert short.parse().model == "tiny"
    assert short.headers["x-route-rule"] == "small"
    assert short.headers["x-route-model"] == "tiny"
    assert short.headers["x-route-attempts"] == "tiny:ok"
    digest = served.running.gateway.host.generation.program.policy.digest
    assert short.headers["x-route-policy"] == digest[:12]
    assert long.parse().model == "medium"
    assert long.headers["x-route-rule"] == "rest"


async def test_a_stream_comes_whole(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, asking(served) as client:
        stream = await client.chat.completions.create(model="auto", messages=[HI], stream=True)
        chunks = [chunk async for chunk in stream]
    assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.response.headers["x-route-model"] == "tiny"
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == 'tiny (mock): you said "hi"'
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_a_model_by_its_name_is_kept_without_rule_and_fallback(tmp_path: Path) -> None:
    scripts = {"tiny": Script(), "large": Script(fault="500")}
    async with serving(tmp_path, scripts=scripts) as served, asking(served) as client:
        with pytest.raises(openai.APIStatusError) as failed:
            await client.chat.completions.create(model="large", messages=[HI])
    assert failed.value.status_code == 503
    assert failed.value.code == "all_models_unavailable"
    assert failed.value.response.headers["x-route-rule"] == "explicit"
    assert {seen.model for seen in served.upstream.seen} == {"large"}


async def test_an_unknown_model_is_told_what_comes_close(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, asking(served) as client:
        with pytest.raises(openai.NotFoundError) as failed:
            await client.chat.completions.create(model="medum", messages=[HI])
    assert failed.value.code == "model_not_found"
    assert failed.value.param == "model"
    assert "`medium`" in failed.value.message


async def test_a_pattern_takes_clients_with_a_fixed_model(tmp_path: Path) -> None:
    async with serving(tmp_path, ROUTES) as served, asking(served) as client:
        answer = await client.chat.completions.with_raw_response.create(model="gpt-4o", messages=[HI])
        assert answer.parse().model == "large"
        assert answer.headers["x-route-rule"] == "classic"
        assert (await client.models.retrieve("gpt-4o")).id == "gpt-4o"


async def test_a_refusal_has_the_status_and_the_words_of_the_policy(tmp_path: Path) -> None:
    async with serving(tmp_path, ROUTES) as served, asking(served) as client:
        with pytest.raises(openai.APIStatusError) as failed:
            await client.chat.completions.create(model="guarded", messages=[HI], extra_headers={"X-Data": "secret"})
    assert failed.value.status_code == 451
    assert failed.value.code == "rejected_by_policy"
    assert "not with secrets" in failed.value.message
    assert failed.value.response.headers["x-route-rule"] == "closed"
    assert not served.upstream.seen


async def test_a_dry_run_decides_and_calls_nobody(tmp_path: Path) -> None:
    headers = {"x-route-dry-run": "1", "x-request-id": "r1"}
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        answer = await got(http.post("/v1/chat/completions", json={"messages": [HI]}, headers=headers))
        decision = answer.json
    assert answer.status == 200
    assert decision["id"] == "r1"
    assert decision["rule"] == "small"
    assert decision["chain"] == ["tiny", "large"]
    assert decision["facts"] == {"messages": 1, "chars": 2}
    assert not served.upstream.seen


async def test_what_the_gateway_does_not_know_goes_through(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, asking(served) as client:
        await client.chat.completions.create(
            model="auto", messages=[HI], seed=7, extra_body={"future": {"a": [1, None]}}
        )
    body = served.upstream.seen[0].body
    assert body["seed"] == 7
    assert body["future"] == {"a": [1, None]}
    assert body["model"] == "tiny"


async def test_the_chain_goes_on_after_a_failure(tmp_path: Path) -> None:
    scripts = {"tiny": Script(fault="503"), "large": Script()}
    async with serving(tmp_path, scripts=scripts) as served, asking(served) as client:
        answer = await client.chat.completions.with_raw_response.create(model="auto", messages=[HI])
    assert answer.parse().model == "large"
    assert answer.headers["x-route-attempts"].endswith("large:ok")
    assert "tiny:status_503" in answer.headers["x-route-attempts"]


async def test_a_broken_stream_is_told_and_never_ends_cleanly(tmp_path: Path) -> None:
    async with serving(tmp_path, scripts=Script(fault="cut:3", tokens=20)) as served:
        async with asking(served) as client:
            stream = await client.chat.completions.create(model="auto", messages=[HI], stream=True)
            with pytest.raises(openai.APIError) as failed:
                async for _ in stream:
                    pass
        raw = await exchange(served, chat(stream=True))
    assert failed.value.code == "stream_interrupted"
    assert b'"code":"stream_interrupted"' in raw
    assert b"[DONE]" not in raw
    assert not raw.endswith(b"0\r\n\r\n")


async def test_a_client_that_leaves_frees_the_upstream(tmp_path: Path) -> None:
    slow = Script(tokens=1000, speed=50)
    async with serving(tmp_path, scripts=slow) as served, asking(served) as client:
        stream = await client.chat.completions.create(model="auto", messages=[HI], stream=True)
        await anext(aiter(stream))
        await stream.close()
        waiting = asyncio.create_task(client.chat.completions.create(model="auto", messages=[HI]))
        await served.upstream.arrivals(2)
        waiting.cancel()
        async with asyncio.timeout(1):
            for seen in served.upstream.seen:
                await seen.ended.wait()
    assert all(seen.gone for seen in served.upstream.seen)


async def test_requests_that_come_at_once_are_shared_out_by_load(tmp_path: Path) -> None:
    text, together = "else least_busy of [tiny, medium, large]\n", asyncio.Barrier(9)

    async def model(client: AsyncOpenAI) -> str:
        await together.wait()
        return (await client.chat.completions.create(model="auto", messages=[HI])).model

    async with serving(tmp_path, text, scripts=Script(latency=0.5)) as served, asking(served) as client:
        models = await asyncio.gather(*(model(client) for _ in range(9)))
    assert Counter(models) == {"tiny": 3, "medium": 3, "large": 3}


async def test_models_are_routes_and_declared_models(tmp_path: Path) -> None:
    async with serving(tmp_path, ROUTES) as served, asking(served) as client:
        listed = [model async for model in client.models.list()]
        assert [model.id for model in listed] == ["auto", "guarded", "tiny", "medium", "large"]
        assert listed[0].owned_by == "routedsl"
        assert listed[2].owned_by == "mock"
        assert (await client.models.retrieve("dynamic")).object == "model"
        with pytest.raises(openai.NotFoundError, match="`tiny`"):
            await client.models.retrieve("tinny")


async def test_probes_and_lost_clients_get_plain_answers(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        assert (await got(http.head("/"))).status == 200
        assert (await got(http.get("/healthz"))).status == 200
        assert (await got(http.get("/readyz"))).status == 200
        lost = await got(http.get("/v1/engines"))
        wrong = await got(http.get("/v1/chat/completions"))
        assert (lost.status, lost.code) == (404, "not_found")
        assert (wrong.status, wrong.code) == (405, "method_not_allowed")
        assert wrong.headers["Allow"] == "POST"
        assert "Server" not in lost.headers


async def test_a_bug_is_told_by_its_request_id_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def parse(_body: bytes, _arrival: Arrival) -> Request:
        raise ZeroDivisionError("a secret of the code")

    broken = replace(CATALOG, protocols={"chat": replace(CATALOG.protocols["chat"], parse=parse)})
    async with serving(tmp_path, catalog=broken) as served, ClientSession(served.url) as http:
        answer = await got(http.post("/v1/chat/completions", json={}))
        error = answer.json["error"]
        assert (await got(http.get("/healthz"))).status == 200
    assert (answer.status, error["code"]) == (500, "internal_error")
    assert answer.headers["x-request-id"] in error["message"]
    assert "secret" not in error["message"]
    assert "a secret of the code" in caplog.text


def chat(**fields: object) -> bytes:
    body = json.dumps({"model": "auto", "messages": [HI], **fields}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
