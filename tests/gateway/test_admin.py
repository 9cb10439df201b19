"""The admin port: closed without its token, truthful about the policy, and bounded in what it counts."""

import re
from pathlib import Path

import pytest
from aiohttp import ClientSession
from msgspec.structs import replace

from routedsl.base.units import DURATIONS
from routedsl.engine.history import Standing, lasting_name
from routedsl.engine.outcome import Answered
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.gateway.host import Verdict
from routedsl.gateway.recording import Decided
from routedsl.gateway.reply import AttemptRecord
from routedsl.gateway.settings import Limits
from routedsl.testing import Script
from tests.gateway.harness import TOKEN, Served, got, serving
from tests.gateway.test_keys import keys_for

BEARER = {"authorization": f"Bearer {TOKEN}"}


REQUEST = Request(endpoint="chat", model="tiny", messages=())


def ask(text: str, model: str = "auto") -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": text}]}


async def metrics(served: Served) -> str:
    async with ClientSession(served.running.admin_url, headers=BEARER) as admin:
        return (await got(admin.get("/metrics"))).body.decode()


@pytest.mark.parametrize("path", ["/policy", "/models", "/explain", "/metrics", "/nothing"])
@pytest.mark.parametrize("given", [None, "Bearer", f"Bearer {TOKEN}x", TOKEN, "Bearer \udcff", f"bearer {TOKEN} "])
async def test_without_the_token_nothing_is_told(tmp_path: Path, path: str, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given}
    async with serving(tmp_path) as served, ClientSession(served.running.admin_url) as admin:
        answer = await got(admin.get(path, headers=headers))
        body = answer.body.decode()
    assert answer.status == 401
    assert answer.headers["x-request-id"]
    assert TOKEN not in body
    assert "tiny" not in body


async def test_another_host_name_is_turned_away(tmp_path: Path) -> None:
    async with serving(tmp_path, hosts=["gateway.home"]) as served, ClientSession(served.running.admin_url) as admin:
        answer = await got(admin.get("/policy", headers={**BEARER, "host": "gateway.home"}))
    assert answer.status == 403


async def test_the_policy_that_serves_and_the_last_error(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, watch=True) as served,
        ClientSession(served.running.admin_url, headers=BEARER) as admin,
    ):
        generation = served.running.gateway.host.generation
        before = (await got(admin.get("/policy"))).json
        served.write("else tinny\n")
        await served.verdict(Verdict.REFUSED)
        after = (await got(admin.get("/policy"))).json
        assert (await got(admin.get("/"))).status == 404
        assert (await got(admin.post("/policy"))).status == 405
    assert before["digest"] == generation.program.policy.digest
    assert before["generation"] == 1
    assert before["files"] == [str(served.path)]
    assert before["error"] is None
    assert [worker["generation"] for worker in before["workers"]] == [1]
    finding = after["error"]["diagnostics"][0]
    assert (finding["code"], finding["file"], finding["line"]) == ("R0202", str(served.path), 6)
    assert after["digest"] == before["digest"]


async def test_requests_are_counted_by_names_of_the_policy_alone(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        for model in ("auto", "large", *(f"made-up-{index}" for index in range(50))):
            await got(http.post("/v1/chat/completions", json=ask("hi", model)))
        shown = await metrics(served)
    assert 'routedsl_requests_total{model="tiny",route="auto",status="200"} 1.0' in shown
    assert 'routedsl_requests_total{model="large",route="other",status="200"} 1.0' in shown
    assert 'routedsl_requests_total{model="none",route="other",status="404"} 50.0' in shown
    assert 'routedsl_decisions_total{rule="small"} 1.0' in shown
    assert 'routedsl_attempts_total{model="tiny",outcome="ok"} 1.0' in shown
    assert 'routedsl_request_seconds_count{route="auto"} 1.0' in shown
    assert 'routedsl_model_up{model="tiny"} 1.0' in shown
    assert "made-up" not in shown


PRICED = """
model dear { upstream mock  input_price $100000  output_price $200000 }
model lost { upstream mock  input_price $100000 }
when stream -> lost
else dear
fallback [tiny]
"""


async def test_tokens_and_money_are_counted_by_the_model_that_used_them(tmp_path: Path) -> None:
    scripts = {"dear": Script(tokens=10), "lost": Script(fault="503"), "tiny": Script(tokens=3)}
    async with serving(tmp_path, PRICED, scripts=scripts) as served, ClientSession(served.url) as http:
        answers = [await got(http.post("/v1/chat/completions", json=ask("hi"))) for _ in range(2)]
        await got(http.post("/v1/chat/completions", json={**ask("hi"), "stream": True}))
        shown = await metrics(served)
    used = answers[0].json["usage"]
    assert f'routedsl_tokens_total{{model="dear",of="prompt"}} {2.0 * used["prompt_tokens"]}' in shown
    assert f'routedsl_tokens_total{{model="dear",of="answer"}} {2.0 * used["completion_tokens"]}' in shown
    cost = 2 * (used["prompt_tokens"] * 0.1 + used["completion_tokens"] * 0.2)
    assert f'routedsl_cost_dollars_total{{model="dear"}} {cost}' in shown
    assert 'routedsl_tokens_total{model="tiny",of="answer"} 3.0' in shown
    assert 'routedsl_cost_dollars_total{model="tiny"} 0.0' in shown
    assert 'model="lost",of=' not in shown


async def test_requests_that_are_not_decided_are_counted_by_what_they_are_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        for body in (b"{", b"[]", b'{"model": 1, "model": 2}'):
            await got(http.post("/v1/chat/completions", data=body, headers={"content-type": "application/json"}))
        await got(http.post("/v1/chat/completions", json=ask("hi")))
        shown = await metrics(served)
    assert 'routedsl_refused_total{code="invalid_json"} 1.0' in shown
    assert 'routedsl_refused_total{code="invalid_request"} 1.0' in shown
    assert 'routedsl_refused_total{code="duplicate_key"} 1.0' in shown
    assert "routedsl_records" not in shown


async def test_reloads_are_counted(tmp_path: Path) -> None:
    async with serving(tmp_path, watch=True) as served:
        served.write("else tinny\n")
        await served.verdict(Verdict.REFUSED)
        broken = await metrics(served)
        served.write("else tiny\n")
        await served.verdict(Verdict.SWAPPED)
        repaired = await metrics(served)
    assert "routedsl_policy_last_reload_successful 0.0" in broken
    assert "routedsl_policy_generation 1.0" in broken
    assert 'routedsl_reloads_total{verdict="refused"} 1.0' in broken
    assert "routedsl_policy_last_reload_successful 1.0" in repaired
    assert "routedsl_policy_generation 2.0" in repaired


async def test_the_number_of_series_is_bounded_whatever_the_policy_declares(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        gateway = served.running.gateway
        generation = gateway.host.generation
        decision = generation.program.explicit("tiny", "chat")
        world = World(now=gateway.clock.now())
        for number in range(400):
            name = f"m{number}"
            gateway.states.begin(name).end(Answered())
            named = replace(decision, route=name, rule=name)
            decided = Decided(request=REQUEST, world=world, decision=named, generation=generation)
            with gateway.telemetry.measuring(decided) as ending:
                ending.status, ending.model = 200, name
                ending.attempts = [AttemptRecord(model=name, outcome=outcome) for outcome in ("timeout", "ok")]
        shown = await metrics(served)
    assert 'model="other"' in shown
    assert 1500 < len(re.findall(r"^routedsl", shown, re.MULTILINE)) <= 2000


FAST = "else fastest of [tiny, medium] where up { sticky 10m }\nfallback [large]\n"


async def test_the_state_of_each_model_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, ClientSession(served.running.admin_url, headers=BEARER) as admin:
        ongoing = served.running.gateway.states.begin("tiny")
        models = (await got(admin.get("/models"))).json["models"]
        ongoing.end(Answered())
        after = (await got(admin.get("/models"))).json["models"]
    assert [model["model"] for model in models] == ["tiny", "medium", "large"]
    assert models[0]["upstream"] == "mock"
    assert (models[0]["up"], models[0]["latency"], models[0]["inflight"]) == (True, None, 1)
    assert (after[0]["inflight"], models[1]["latency"]) == (0, None)
    assert after[0]["latency"] >= 0


async def test_a_request_is_explained_in_the_world_of_now_and_calls_nobody(tmp_path: Path) -> None:
    session = {"headers": {"x-session-id": "s-1"}, "body": ask("hi")}
    async with (
        serving(tmp_path, FAST) as served,
        ClientSession(served.running.admin_url, headers=BEARER) as admin,
        ClientSession(served.url) as http,
    ):
        strange = (await got(admin.post("/explain", json=ask("hi")))).json
        await got(http.post("/v1/chat/completions", json=ask("hi"), headers={"x-session-id": "s-1"}))
        known = (await got(admin.post("/explain", json=session))).json
        told = (await got(admin.post("/explain", json=session, headers={"accept": "text/plain"}))).body.decode()
        pinned = {**session, "world": {"models": {"tiny": {"up": False}}}}
        down = (await got(admin.post("/explain", json=pinned))).json
        assert len(served.upstream.seen) == 1
    assert [one["numbers"]["latency"] for one in strange["candidates"]] == [None, None]
    assert (known["ahead"], known["ranking"]) == ("sticky", ["tiny", "medium"])
    assert known["candidates"][0]["numbers"]["latency"] > 0
    assert "ranking    tiny, medium  (sticky: tiny answered this conversation " in told
    assert down["ranking"] == ["medium"]
    assert down["candidates"][1]["left_out"] == "filtered out by `where`"


SAVING = """
model dear { upstream mock  input_price $100000 }
when key == "team-a" and spent_today >= $0.05 and requests_per_minute < 3 -> tiny as saving
else dear as spending
"""


async def test_an_explanation_knows_what_the_key_has_spent_unless_it_is_told(tmp_path: Path) -> None:
    keys = keys_for(tmp_path, **dict.fromkeys(("team-a", "team-b")))
    mine: dict[str, object] = {"key": "team-a", "body": ask("hi")}
    others = {**mine, "key": "team-b"}
    async with (
        serving(tmp_path, SAVING, keys=tmp_path / "keys.toml") as served,
        ClientSession(served.running.admin_url, headers=BEARER) as admin,
        ClientSession(served.url, headers={"authorization": f"Bearer {keys['team-a']}"}) as http,
    ):

        async def decided(case: dict[str, object]) -> str:
            return str((await got(admin.post("/explain", json=case))).json["rule"])

        before = await decided(mine)
        await got(http.post("/v1/chat/completions", json=ask("hi")))
        assert (before, await decided(mine), await decided(others)) == ("spending", "saving", "spending")
        assert await decided({**mine, "world": {"spent_today": 0}}) == "spending"
        assert await decided({**mine, "world": {"requests_per_minute": 2}}) == "saving"
        assert await decided({**mine, "world": {"requests_per_minute": 3}}) == "spending"
        assert (await got(http.post("/v1/chat/completions", json=ask("hi")))).headers["x-route-rule"] == "saving"


async def test_an_explanation_knows_the_history_of_a_rule_without_a_name(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, "else best of [tiny, medium] by success") as served,
        ClientSession(served.running.admin_url, headers=BEARER) as admin,
    ):
        gateway = served.running.gateway
        digest = gateway.host.generation.policy.digest
        now = round(gateway.clock.now().timestamp() * DURATIONS["s"])
        for model, good in (("tiny", 5), ("medium", 20)):
            gateway.states.history.add(model, lasting_name("auto:1", digest), Standing(25, good, now))
        models = (await got(admin.get("/models"))).json["models"]
        told = (await got(admin.post("/explain", json=ask("hi")))).json
    counted = {one["model"]: (one["success"], one["outcomes"]) for one in models}
    assert counted == {"tiny": (pytest.approx(0.2), 25.0), "medium": (pytest.approx(0.8), 25.0), "large": (None, 0.0)}
    assert [(one["model"], one["numbers"]) for one in told["candidates"]] == [
        ("medium", {"success": pytest.approx(0.8)}),
        ("tiny", {"success": pytest.approx(0.2)}),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_request"),
        (b'{"body": {}}', "invalid_request"),
        (b'{"body": {"messages": []}, "word": 1}', "invalid_request"),
        (b'{"messages": 1, "messages": 2}', "duplicate_key"),
    ],
    ids=["empty", "cut", "list", "nothing", "unknown", "doubled"],
)
async def test_what_cannot_be_explained_is_told(tmp_path: Path, body: bytes, code: str) -> None:
    async with serving(tmp_path) as served, ClientSession(served.running.admin_url, headers=BEARER) as admin:
        answer = await got(admin.post("/explain", data=body))
    assert (answer.status, answer.code) == (400, code)


async def test_what_is_too_large_to_explain_is_turned_away(tmp_path: Path) -> None:
    limits = Limits(size=1000)
    async with (
        serving(tmp_path, limits=limits) as served,
        ClientSession(served.running.admin_url, headers=BEARER) as admin,
    ):
        answer = await got(admin.post("/explain", data=b" " * 2000))
    assert (answer.status, answer.code) == (413, "body_too_large")
