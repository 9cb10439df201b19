"""Chains of whole answers over loopback: what moves on, what ends, and what the client is told."""

import asyncio
import dataclasses
import json
import logging
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from routedsl.engine.outcome import Kind
from routedsl.gateway.reply import Reply
from routedsl.gateway.secret import Secret
from routedsl.gateway.transport import Answer, Call, Times, failure
from routedsl.language.policy import Options
from routedsl.testing import Script
from tests.gateway.chains import KEY, MS, QUICK, Chains, chains, error_of, told


def answer_of(reply: Reply) -> str:
    assert isinstance(reply.body, bytes)
    content: str = json.loads(reply.body)["choices"][0]["message"]["content"]
    return content


async def test_the_first_model_that_answers_is_the_answer() -> None:
    async with chains(a=Script(), b=Script()) as it:
        reply = await it.ask("a", "b")
        assert (reply.status, reply.served_by, told(reply)) == (200, "a", ["a:ok"])
        assert dict(reply.headers) == {"content-type": "application/json"}
        assert answer_of(reply).startswith("a (mock)")
        assert reply.attempts[0].usage is not None
        assert it.called() == ["a"]


async def test_only_a_short_list_of_headers_goes_up() -> None:
    async with chains(a=Script()) as it:
        await it.ask("a")
        headers = {name.lower(): value for name, value in it.upstream.seen[0].headers.items()}
        host = headers.pop("host")
        assert host in it.upstream.url
        assert int(headers.pop("content-length")) > 0
        assert headers == {
            "accept": "application/json",
            "accept-encoding": "identity",
            "authorization": f"Bearer {KEY}",
            "content-type": "application/json",
            "user-agent": "routedsl",
            "x-request-id": "request-1",
        }


async def test_the_body_goes_up_with_the_models_id_and_all_else_untouched() -> None:
    async with chains(a=Script()) as it:
        it.policy = replace(it.policy, models={"small": replace(it.policy.models["a"], name="small")})
        reply = await it.ask("small", logit_bias={"50256": -100}, unknown=[1, {"x": None}])
        assert reply.served_by == "small"
        body = it.upstream.seen[0].body
        assert body["model"] == "a"
        assert (body["logit_bias"], body["unknown"]) == ({"50256": -100}, [1, {"x": None}])
        assert "stream_options" not in body


async def test_max_output_caps_what_is_asked_for() -> None:
    async with chains(a=Script()) as it:
        await it.ask("a", options=replace(QUICK, max_output=5), max_tokens=100)
        await it.ask("a", options=replace(QUICK, max_output=5), max_tokens=2)
        assert [seen.body["max_tokens"] for seen in it.upstream.seen] == [5, 2]


@pytest.mark.parametrize(
    ("fault", "word", "calls"),
    [
        ("hang", "timeout", 1),
        ("reset", "reset", 2),
        ("close", "reset", 2),
        ("401", "status_401", 1),
        ("402", "status_402", 1),
        ("403", "status_403", 1),
        ("404", "status_404", 1),
        ("429:9", "status_429", 1),
        ("quota", "status_429", 1),
        ("529", "status_529", 1),
        ("cut-json", "malformed", 2),
        ("html", "malformed", 2),
        ("empty", "malformed", 2),
        ("200-error", "malformed", 2),
        ("empty-choices", "malformed", 2),
        ("null-content", "malformed", 2),
        ("cut", "cut", 2),
        ("stall", "timeout", 1),
        ("slow-first-token:5", "timeout", 1),
    ],
)
async def test_what_moves_on_and_how_often_it_is_tried_first(fault: str, word: str, calls: int) -> None:
    async with chains(bad=fault, good=Script()) as it:
        reply = await it.ask("bad", "good")
        assert (reply.status, reply.served_by) == (200, "good")
        assert told(reply) == [f"bad:{word}"] * calls + ["good:ok"]
        assert it.called() == ["bad"] * calls + ["good"]


@pytest.mark.parametrize("status", ["500", "502", "503", "429-bare"])
async def test_a_passing_failure_is_tried_once_more_after_a_pause(status: str) -> None:
    async with chains(bad=Script(fault=status, times=1), good=Script()) as it:
        reply = await it.ask("bad", "good")
        word = f"bad:status_{status[:3]}"
        assert told(reply) == [word, "bad:ok"]


async def test_retry_0_moves_on_at_once() -> None:
    async with chains(bad="500", good=Script()) as it:
        assert told(await it.ask("bad", "good", options=replace(QUICK, retry=0))) == ["bad:status_500", "good:ok"]


async def test_a_refused_connection_moves_on() -> None:
    async with chains(good=Script()) as it:
        assert told(await it.ask("gone", "good")) == ["gone:refused", "good:ok"]


async def test_the_next_model_is_called_when_the_timeout_is_over() -> None:
    async with chains(bad="hang", good=Script()) as it:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await it.ask("bad", "good")
        assert 0.2 <= loop.time() - start < 1  # and not twice the timeout with a retry, nor the default


async def test_all_out_is_503_and_says_what_was_tried() -> None:
    async with chains(a="hang", b="529") as it:
        reply = await it.ask("a", "gone", "b")
        assert (reply.status, reply.served_by) == (503, None)
        error = error_of(reply)
        assert error["code"] == "all_models_unavailable"
        assert error["attempts"] == [
            {"model": "a", "outcome": "timeout"},
            {"model": "gone", "outcome": "refused"},
            {"model": "b", "outcome": "status_529"},
        ]
        assert "`a` timeout (timeout), `gone` refused (it cannot be connected to), `b` status_529" in error["message"]
        assert "retry-after" not in dict(reply.headers)


async def test_an_empty_chain_is_503() -> None:
    async with chains() as it:
        reply = await it.ask()
        assert (reply.status, error_of(reply)["attempts"]) == (503, [])


async def test_the_soonest_retry_after_is_passed_on() -> None:
    async with chains(a="429:50", b="429:20", c="hang", d="429:90") as it:
        assert dict((await it.ask("a", "b", "c")).headers)["retry-after"] == "20"
        assert dict((await it.ask("a")).headers)["retry-after"] == "50"
        assert dict((await it.ask("d")).headers)["retry-after"] == "60"


async def test_where_a_retry_is_useless_the_client_is_told() -> None:
    async with chains(a="401", b="404", c="402", d="hang") as it:
        assert dict((await it.ask("a", "b", "c")).headers)["x-should-retry"] == "false"
        assert "x-should-retry" not in dict((await it.ask("d", "b")).headers)


async def test_a_dead_key_is_never_the_clients_fault_and_never_silent(caplog: pytest.LogCaptureFixture) -> None:
    async with chains(a="401") as it:
        with caplog.at_level(logging.WARNING, "routedsl.gateway"):
            reply = await it.ask("a")
        assert reply.status == 503
        assert reply.attempts[0].config_fault
        assert "`a` needs an operator: status_401" in caplog.text
        assert not it.states.is_up("a")


async def test_a_key_that_is_not_there_is_told_like_one() -> None:
    async with chains(a=Script()) as it:
        it.dispatcher = dataclasses.replace(it.dispatcher, environment={})
        reply = await it.ask("a")
        assert told(reply) == ["a:unauthorized"]
        assert "`TEST_KEY`" in error_of(reply)["message"]
        assert it.called() == []


@dataclass
class Refusing:
    """A transport that lets nothing through, and remembers what it was to send."""

    calls: list[Call] = field(default_factory=list)

    async def send(self, call: Call, times: Times) -> Answer:
        self.calls.append(call)
        raise failure(Kind.REFUSED, "not today")


async def test_a_call_has_the_limits_of_its_upstream_and_its_route() -> None:
    async with chains(a=Script()) as it:
        refusing = Refusing()
        it.dispatcher = dataclasses.replace(it.dispatcher, transport=refusing, environment={"TEST_KEY": f" {KEY}\n"})
        for stream in (False, True):
            await it.ask("a", stream=stream, options=Options(timeout=7 * MS))
        assert [(call.connect, call.wait, call.most >> 20) for call in refusing.calls] == [
            (500 * MS, 7 * MS, 64),
            (500 * MS, 7 * MS, 256),
        ]
        assert {call.url for call in refusing.calls} == {it.upstream.url + "/chat/completions"}
        assert {call.key for call in refusing.calls} == {Secret(KEY)}


async def test_a_key_that_no_header_can_hold_is_a_failure_like_others() -> None:
    async with chains(a=Script()) as it:
        it.dispatcher = dataclasses.replace(it.dispatcher, environment={"TEST_KEY": "two\r\nlines-of-secret"})
        reply = await it.ask("a")
        assert told(reply) == ["a:refused"]
        assert b"lines-of-secret" not in bytes_of(reply)


@pytest.mark.parametrize(("fault", "status"), [("400", 400), ("context-length", 400), ("content-filter", 400)])
async def test_the_clients_own_fault_is_passed_on_as_it_came(fault: str, status: int) -> None:
    async with chains({"bad": 100, "good": 50}, bad=fault, good=Script()) as it:
        reply = await it.ask("bad", "good")
        assert (reply.status, told(reply)) == (status, [f"bad:status_{status}"])
        assert dict(reply.headers) == {"content-type": "application/json", "x-should-retry": "false"}
        assert error_of(reply)["type"] == "invalid_request_error"
        assert it.states.is_up("bad")
        assert it.called() == ["bad"]


async def test_a_prompt_that_is_too_long_falls_back_to_more_room() -> None:
    async with chains({"bad": 100, "same": 100, "good": 200}, bad="context-length", same=Script(), good=Script()) as it:
        assert told(await it.ask("bad", "same", "good")) == ["bad:status_400", "good:ok"]


async def test_a_filtered_prompt_falls_back_where_the_route_says_so() -> None:
    async with chains(bad="content-filter", good=Script()) as it:
        options = replace(QUICK, fallback_on=("filtered",))
        assert told(await it.ask("bad", "good", options=options)) == ["bad:status_400", "good:ok"]


async def test_a_deadline_that_came_is_504() -> None:
    async with chains(a="hang", b="hang") as it:
        reply = await it.ask("a", "b", options=Options(deadline=600 * MS))
        assert reply.status == 504
        assert error_of(reply)["code"] == "deadline_exceeded"
        assert told(reply) == ["a:timeout", "b:timeout"]


async def test_a_request_that_was_long_in_coming_has_what_is_left_of_its_deadline() -> None:
    async with chains(a=Script()) as it:
        options = Options(deadline=60_000 * MS)
        reply = await it.ask("a", options=options, ago=59_900 * MS)
        assert (reply.status, told(reply), it.called()) == (504, ["a:skipped"], [])
        assert told(await it.ask("a", options=options, ago=59_000 * MS)) == ["a:ok"]


@pytest.mark.parametrize(("ago", "up"), [(0, False), (59_700 * MS, True)])
async def test_that_a_request_was_long_in_coming_is_not_held_against_the_model(ago: int, up: bool) -> None:
    async with chains(a="hang") as it:
        for _ in range(5):
            reply = await it.ask("a", options=Options(deadline=300 * MS + ago), ago=ago)
            assert told(reply) == ["a:timeout"]
        assert it.states.is_up("a") is up


async def test_that_others_left_it_little_time_is_not_held_against_a_model() -> None:
    async with chains(a="hang", b=Script(latency=0.4)) as it:
        options = Options(timeout=600 * MS, deadline=600 * MS)
        for _ in range(5):
            assert told(await it.ask("a", "b", options=options)) == ["a:timeout", "b:timeout"]
        assert (it.states.is_up("a"), it.states.is_up("b")) == (False, True)
        assert told(await it.ask("a", "b", options=options)) == ["a:open", "b:ok"]


async def test_attempts_share_the_deadline_and_the_last_has_its_reserve() -> None:
    async with chains(a="hang", b="hang", c=Script(latency=0.1)) as it:
        reply = await it.ask("a", "b", "c", options=Options(deadline=900 * MS))
        assert told(reply) == ["a:timeout", "b:timeout", "c:ok"]


async def test_five_failures_open_the_breaker_and_the_model_is_left_out() -> None:
    async with chains(bad="529", good=Script()) as it:
        for _ in range(5):
            await it.ask("bad", "good")
        assert not it.states.world_models()["bad"].up
        assert told(await it.ask("bad", "good")) == ["bad:open", "good:ok"]
        assert it.called().count("bad") == 5


async def test_where_all_are_down_the_least_bad_is_tried() -> None:
    async with chains(a="529", b="529") as it:
        for _ in range(5):
            await it.ask("a")
        for _ in range(5):
            await it.ask("b")
        reply = await it.ask("b", "a")
        assert told(reply) == ["b:open", "a:status_529"]
        it.upstream.scripts = {"a": Script(), "b": Script()}
        assert told(await it.ask("a")) == ["a:ok"]
        assert it.states.is_up("a")


async def test_a_rate_limited_model_rests_and_is_not_sick() -> None:
    async with chains(a="429:30", b=Script()) as it:
        await it.ask("a", "b")
        state = it.states.world_models()["a"]
        assert (state.up, state.errors) == (False, 0)


async def test_what_is_measured_feeds_the_world() -> None:
    async with chains(a=Script(latency=0.05), b="hang", c="529") as it:
        await it.ask("b", "c", "a")
        world = it.states.world_models()
        assert 40_000 < (world["a"].latency or 0) < 150_000
        assert (world["a"].errors, world["c"].errors, world["c"].latency) == (0, 1_000_000, None)
        assert (world["b"].latency or 0) >= 200_000  # at least so long: it must not pass for the fastest
        assert all(state.inflight == 0 for state in world.values())


async def test_calls_in_flight_are_counted_and_are_the_load() -> None:
    async with chains(a="hang") as it, asyncio.TaskGroup() as group:
        group.create_task(it.ask("a"))
        await it.upstream.arrivals(1)
        state = it.states.world_models()["a"]
        assert (state.inflight, state.load, it.states.in_flight) == (1, 10_000, 1)


async def test_a_client_that_leaves_takes_its_call_with_it() -> None:
    async with chains(a="hang", b=Script()) as it:
        task = asyncio.ensure_future(it.ask("a", "b", options=Options()))
        await it.upstream.arrivals(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(0.1):
            await it.upstream.seen[0].ended.wait()
        assert it.upstream.seen[0].gone
        assert it.called() == ["a"]
        assert it.states.world_models()["a"].errors == 0


async def test_a_model_that_no_upstream_serves_is_told_so() -> None:
    async with chains(a=Script()) as it:
        it.policy = replace(it.policy, models={"x": replace(it.policy.models["a"], upstream=None)})
        assert told(await it.ask("x", "unheard-of")) == ["x:unknown", "unheard-of:unknown"]


async def test_a_large_body_goes_up_whole() -> None:
    async with chains(a=Script()) as it:
        text = "x" * (3 << 20)
        reply = await it.ask("a", options=Options(), messages=[{"role": "user", "content": text}])
        assert reply.status == 200
        assert it.upstream.seen[0].body["messages"][0]["content"] == text


def bytes_of(reply: Reply) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body + repr(reply).encode()


@pytest.mark.parametrize("fault", ["hang", "401", "400", "500", "reset", "cut", "html", "200-error"])
async def test_no_secret_and_no_address_is_told(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    async with chains(a=fault) as it:
        with caplog.at_level(logging.DEBUG):
            reply = await it.ask("a", "gone", options=replace(QUICK, retry=0))
        for hidden in (KEY, *address(it)):
            assert hidden not in caplog.text
            assert hidden.encode() not in bytes_of(reply)


def address(it: Chains) -> list[str]:
    return [upstream.url.removeprefix("http://").removesuffix("/v1") for upstream in it.policy.upstreams.values()]


async def test_retries_are_of_the_models_budget_and_hops_to_a_fallback_are_not() -> None:
    async with chains(a=Script(fault="429:0"), b=Script()) as it:
        replies = [await it.ask("a", "b") for _ in range(6)]
        assert [told(reply).count("a:status_429") for reply in replies] == [2, 2, 2, 1, 2, 1]  # three, and a fifth
        assert [reply.served_by for reply in replies] == ["b"] * 6
        assert (it.called().count("a"), it.called().count("b")) == (10, 6)
