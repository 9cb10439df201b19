"""Anthropic's messages over real sockets, with Anthropic's own client in front of the gateway."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import pytest
from aiohttp import ClientSession
from anthropic import AsyncAnthropic
from anthropic.types import Message, MessageParam

from routedsl.protocols.anthropic_messages import PROTOCOL
from routedsl.testing import Script
from routedsl.testing.mock_anthropic import DONE, respond
from tests.gateway.harness import Served, got, serving

HI: MessageParam = {"role": "user", "content": "hi"}
LONG: MessageParam = {"role": "user", "content": "word " * 100}
SAID = 'haiku (mock): you said "hi"'
KEY = "sk-ant-canary-0123456789"
CLAUDE = """
upstream claude { url "URL" protocol anthropic key $CLAUDE_KEY }
model haiku { upstream claude }
model opus  { upstream claude id "claude-opus-9" }
"""
TWO = f"""{CLAUDE}
when chars < 200 -> haiku as small
else opus as rest
fallback [opus]
timeout 2s
first_token 1s
"""
MIXED = f"""{CLAUDE}
when chars < 200 -> tiny as mixed
else medium as plain
fallback [haiku]
route quick {{ when chars < 200 -> tiny  else haiku }}
"""


@asynccontextmanager
async def claude(
    folder: Path, text: str = TWO, scripts: Mapping[str, Script | str] | None = None
) -> AsyncIterator[tuple[Served, AsyncAnthropic]]:
    """A gateway whose models have faults by name, and Anthropic's client for it, which asks once."""
    given = {
        name: Script(fault=script) if isinstance(script, str) else script for name, script in (scripts or {}).items()
    }
    every = {name: Script() for name in ("tiny", "medium", "large", "haiku", "claude-opus-9")} | given
    async with (
        serving(folder, text, scripts=every, environment={"CLAUDE_KEY": KEY}) as served,
        AsyncAnthropic(base_url=served.url, api_key="none", max_retries=0) as client,
    ):
        yield served, client


async def streamed(client: AsyncAnthropic, model: str = "auto") -> Message:
    """The whole of a streamed answer, as the client puts it together."""
    async with client.messages.stream(model=model, max_tokens=100, messages=[HI]) as stream:
        return await stream.get_final_message()


def text_of(message: Message) -> str:
    """What an answer says."""
    return "".join(block.text for block in message.content if block.type == "text")


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_policy_chooses_by_what_is_asked(tmp_path: Path) -> None:
    async with claude(tmp_path) as (_, client):
        short = await client.messages.with_raw_response.create(model="auto", max_tokens=100, messages=[HI])
        long = await client.messages.create(model="auto", max_tokens=100, messages=[LONG])
    message = await short.parse()
    assert (text_of(message), message.stop_reason, message.usage.input_tokens) == (SAID, "end_turn", 1)
    assert (short.headers["x-route-model"], short.headers["x-route-attempts"]) == ("haiku", "haiku:ok")
    assert short.headers["request-id"] == short.headers["x-request-id"] == short.request_id
    assert long.model == "claude-opus-9"


async def test_a_stream_comes_whole(tmp_path: Path) -> None:
    async with claude(tmp_path) as (_, client):
        message = await streamed(client)
    assert (text_of(message), message.stop_reason, message.model) == (SAID, "end_turn", "haiku")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (1, 5)


async def test_events_are_passed_on_as_they_came(tmp_path: Path) -> None:
    body = {"model": "haiku", "max_tokens": 100, "stream": True, "messages": [HI]}
    async with claude(tmp_path) as (served, _), ClientSession() as http:
        answer = await got(http.post(f"{served.url}/v1/messages", json=body))
    assert answer.body == respond(body, Script()).body.removesuffix(DONE) + PROTOCOL.done
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_tokens_are_counted_where_the_message_would_go(tmp_path: Path) -> None:
    async with claude(tmp_path) as (served, client):
        counted = await client.messages.count_tokens(model="auto", messages=[LONG], system="be brief")
        (seen,) = served.upstream.seen
    assert counted.input_tokens == 102
    assert (seen.path, seen.model) == ("/v1/messages/count_tokens", "claude-opus-9")


async def test_what_claude_code_sends_goes_up_untouched_but_for_model_and_key(tmp_path: Path) -> None:
    body = {
        "model": "auto",
        "max_tokens": 32_000,
        "system": [{"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "thinking": {"type": "enabled", "budget_tokens": 31_999},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "metadata": {"user_id": "user_1_session_2"},
        "something_new": {"kept": True},
    }
    headers = {
        "x-api-key": "the-clients-own",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "context-management-2025-06-27,something-new",
        "x-claude-code-session-id": "s-1",
        "cookie": "a=b",
    }
    async with claude(tmp_path) as (served, _), ClientSession(headers=headers) as http:
        answer = await got(http.post(f"{served.url}/v1/messages?beta=true&debug=1", json=body))
        (seen,) = served.upstream.seen
    assert answer.status == 200
    assert (seen.path, seen.query) == ("/v1/messages", "beta=true")
    assert seen.body == {**body, "model": "haiku"}
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["anthropic-beta"] == headers["anthropic-beta"]
    assert not {"authorization", "cookie", "x-claude-code-session-id"} & {name.lower() for name in seen.headers}


async def test_a_version_goes_up_where_the_client_names_none(tmp_path: Path) -> None:
    async with claude(tmp_path) as (served, _), ClientSession() as http:
        await got(http.post(f"{served.url}/v1/messages", json={"model": "auto", "messages": [HI]}))
        (seen,) = served.upstream.seen
    assert seen.headers["anthropic-version"] == "2023-06-01"


# ── failures ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("529", "haiku:status_529,opus:ok"),
        ("429-bare", "haiku:status_429,haiku:status_429,opus:ok"),
        ("credit", "haiku:status_400,opus:ok"),
        ("404", "haiku:status_404,opus:ok"),
        ("context-length", "haiku:status_400,opus:ok"),
        ("200-error", "haiku:malformed,haiku:malformed,opus:ok"),
        ("null-content", "haiku:malformed,haiku:malformed,opus:ok"),
    ],
)
async def test_another_model_stands_in(tmp_path: Path, fault: str, told: str) -> None:
    async with claude(tmp_path, scripts={"haiku": fault}) as (_, client):
        answer = await client.messages.with_raw_response.create(model="auto", max_tokens=100, messages=[HI])
    assert answer.headers["x-route-attempts"] == told
    assert (await answer.parse()).model == "claude-opus-9"


@pytest.mark.parametrize("fault", ["first-event-error", "cut:1", "pings-only:20", "empty-choices", "529", "stall:1"])
async def test_a_stream_that_fails_before_its_first_word_falls_back(tmp_path: Path, fault: str) -> None:
    async with claude(tmp_path, scripts={"haiku": fault}) as (_, client):
        message = await streamed(client)
    assert (message.model, message.stop_reason) == ("claude-opus-9", "end_turn")


@pytest.mark.parametrize("fault", ["error-at:3", "cut:3", "reset-at:3", "no-end", "malformed-events:3"])
async def test_a_stream_that_breaks_off_raises(tmp_path: Path, fault: str) -> None:
    async with claude(tmp_path, scripts={"haiku": fault}) as (_, client):
        with pytest.raises(anthropic.APIError, match="broke off"):
            await streamed(client)


@pytest.mark.parametrize(
    "fault", ["no-done", "two-done", "after-done", "malformed-event:3", "crlf", "no-space", "tiny-chunks"]
)
async def test_small_oddities_are_put_right(tmp_path: Path, fault: str) -> None:
    async with claude(tmp_path, scripts={"haiku": fault}) as (_, client):
        message = await streamed(client)
    assert (text_of(message), message.stop_reason) == (SAID, "end_turn")


async def test_wherever_a_stream_is_cut_it_never_passes_as_whole(tmp_path: Path) -> None:
    """Its bytes end as those of a stream that is over: nothing but its events tells that it is not."""
    body = {"model": "haiku", "max_tokens": 100, "stream": True, "messages": [HI]}
    whole = respond(body, Script()).body
    finished = whole.index(b"\n", whole.index(b'"stop_reason": "end_turn"'))
    text = """
    upstream cut { url "http://127.0.0.1:PORT/v1" protocol anthropic }
    model haiku { upstream cut }
    else haiku
    """
    places = [*range(1, len(whole), 29), finished - 1, finished, finished + 1, len(whole)]
    now = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + whole[:now])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        async with claude(tmp_path, text.replace("PORT", port)) as (_, client):
            for now in places:
                try:
                    message = await streamed(client, "haiku")
                except anthropic.APIError:
                    assert now < finished
                else:
                    assert (text_of(message), message.stop_reason) == (SAID, "end_turn")
                    assert now >= finished


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ("400", anthropic.BadRequestError, "invalid_request_error"),
        ("context-length", anthropic.BadRequestError, "invalid_request_error"),
        ("content-filter", anthropic.BadRequestError, "invalid_request_error"),
        ("413", anthropic.RequestTooLargeError, "request_too_large"),
        ("401", anthropic.InternalServerError, "overloaded_error"),
        ("529", anthropic.InternalServerError, "overloaded_error"),
        ("hang", anthropic.InternalServerError, "timeout_error"),
    ],
)
async def test_errors_are_typed(tmp_path: Path, fault: str, error: type[anthropic.APIStatusError], kind: str) -> None:
    text = f"{CLAUDE} else haiku timeout 300ms deadline 300ms"
    async with claude(tmp_path, text, {"haiku": fault}) as (served, client):
        with pytest.raises(error) as caught:
            await client.messages.create(model="auto", max_tokens=100, messages=[HI])
    body: Any = caught.value.body
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert caught.value.request_id is not None
    assert KEY not in json.dumps(body)
    assert str(served.upstream.port) not in json.dumps(body)


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("POST", "/v1/messages/batches", 404, "not_found_error"),
        ("GET", "/v1/messages/count_tokens", 405, "invalid_request_error"),
    ],
)
async def test_lost_clients_are_told_in_their_dialect(
    tmp_path: Path, method: str, path: str, status: int, kind: str
) -> None:
    async with claude(tmp_path) as (served, _), ClientSession() as http:
        answer = await got(http.request(method, served.url + path))
    assert (answer.status, answer.json["type"], answer.json["error"]["type"]) == (status, "error", kind)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_bad_bodies_are_told_in_the_dialect(tmp_path: Path, path: str) -> None:
    async with claude(tmp_path) as (served, _), ClientSession() as http:
        broken = await got(http.post(served.url + path, data=b"{", headers={"content-type": "application/json"}))
        unknown = await got(http.post(served.url + path, json={"model": "gpt-9", "messages": [HI]}))
    assert (broken.status, broken.json["error"]["type"]) == (400, "invalid_request_error")
    assert (unknown.status, unknown.json["error"]["type"]) == (404, "not_found_error")


# ── two dialects in one policy ──────────────────────────────────────────────────────────────────


async def test_models_of_the_other_dialect_are_left_out(tmp_path: Path) -> None:
    async with claude(tmp_path, MIXED) as (served, client), ClientSession() as http:
        message = await client.messages.with_raw_response.create(model="auto", max_tokens=100, messages=[HI])
        chat = await got(http.post(f"{served.url}/v1/chat/completions", json={"model": "auto", "messages": [HI]}))
    assert message.headers["x-route-attempts"] == "haiku:ok"
    assert chat.headers["x-route-attempts"] == "tiny:ok"


async def test_a_chain_without_the_dialect_says_where_its_models_are_asked(tmp_path: Path) -> None:
    async with claude(tmp_path, MIXED) as (_, client):
        with pytest.raises(anthropic.InternalServerError, match="`tiny` is asked at /v1/chat/completions") as caught:
            await client.messages.create(model="quick", max_tokens=100, messages=[HI])
    assert (caught.value.status_code, caught.value.response.headers["x-should-retry"]) == (503, "false")


async def test_a_model_of_the_other_dialect_cannot_be_named(tmp_path: Path) -> None:
    async with claude(tmp_path, MIXED) as (served, client), ClientSession() as http:
        with pytest.raises(anthropic.BadRequestError, match="`tiny` is asked at /v1/chat/completions"):
            await client.messages.create(model="tiny", max_tokens=100, messages=[HI])
        chat = await got(http.post(f"{served.url}/v1/chat/completions", json={"model": "opus", "messages": [HI]}))
        assert len(served.upstream.seen) == 0
    assert (chat.status, chat.code) == (400, "invalid_request")
    assert "`opus` is asked at /v1/messages" in chat.json["error"]["message"]
