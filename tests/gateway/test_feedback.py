"""Feedback on answers, by the id of the request: who may give it, what is kept, and what becomes of `success`."""

import json
from pathlib import Path

import pytest
from aiohttp import ClientSession

from routedsl.engine.history import LEAST
from routedsl.records.outcomes import outcomes
from routedsl.records.record import decode
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import Script
from tests.gateway.harness import Served, got, serving
from tests.gateway.test_keys import keys_for
from tests.gateway.test_recording import COMPLETIONS, HI, records, settled

FEEDBACK = "/v1/feedback"
POLICY = """
when stream -> best of [tiny, medium] by success as streamed
else best of [tiny, medium] by success
fallback [large]
"""


async def asked(http: ClientSession, **more: object) -> str:
    """Ask, and return the id of the request."""
    return (await got(http.post(COMPLETIONS, json={**HI, **more}))).headers["x-request-id"]


async def said(http: ClientSession, request: str, score: object) -> int:
    return (await got(http.post(FEEDBACK, json={"request_id": request, "score": score}))).status


async def chosen(http: ClientSession, *, stream: bool = False) -> str:
    """The model that a request would go to now."""
    dry = {"x-route-dry-run": "1"}
    answer = await got(http.post(COMPLETIONS, json={**HI, "stream": stream}, headers=dry))
    return str(answer.json["model"])


def success(served: Served, model: str) -> int | None:
    gateway = served.running.gateway
    return gateway.states.world_models(gateway.host.generation.policy.digest)[model].success


async def test_feedback_changes_who_is_best_and_outlives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with serving(tmp_path, POLICY, state=state) as served, ClientSession(served.url) as http:
        ids = [await asked(http, stream=True) for _ in range(LEAST)]
        assert success(served, "tiny") == 1_000_000
        ids += [await asked(http, model="medium") for _ in range(LEAST)]
        assert [await said(http, each, 0.25) for each in ids[: LEAST // 2]] == [200] * (LEAST // 2)
        assert success(served, "tiny") == 625_000
        assert await said(http, ids[0], "up") == 200
        assert success(served, "tiny") == 662_500
        assert (await chosen(http), await chosen(http, stream=True)) == ("medium", "medium")
    found = {record.id: record.score for record in records(state)}
    assert [found[each] for each in ids[:2]] == [1.0, 0.25]
    assert decode(json.dumps(json.loads(_line(state))).encode()).score == 1.0
    async with serving(tmp_path, POLICY, state=state) as served, ClientSession(served.url) as http:
        assert success(served, "tiny") == pytest.approx(662_500, abs=1_000)
        assert await chosen(http) == "medium"
        assert await said(http, ids[1], 1) == 200
        assert success(served, "tiny") == pytest.approx(700_000, abs=1_000)  # they count from their hour on


def _line(state: Path) -> bytes:
    with reading(state) as connection:
        return next(lines(connection, Wanted()))


async def test_failures_count_without_feedback_and_clients_errors_do_not(tmp_path: Path) -> None:
    state = tmp_path / "state"
    scripts = {"tiny": Script(fault="503"), "medium": Script(fault="400"), "large": Script()}
    policy = "when stream -> tiny else medium\nfallback [large]\nretry 0\n"
    async with serving(tmp_path, policy, scripts=scripts, state=state) as served, ClientSession(served.url) as http:
        failed = await asked(http, stream=True)
        refused = await asked(http)
        await settled(served, 2)
        assert await said(http, refused, 1) == 404
        assert await said(http, failed, 1) == 200
    with reading(state) as connection:
        kept = {each.model: (each.samples, each.good) for each in outcomes(connection)}
    assert kept == {"tiny": (1, 0), "large": (1, 1)}


async def test_feedback_is_for_the_key_that_asked(tmp_path: Path) -> None:
    bearers = keys_for(tmp_path, a=None, b=None)
    keys = tmp_path / "keys.toml"
    async with serving(tmp_path, state=tmp_path / "state", keys=keys) as served, ClientSession(served.url) as http:
        theirs = {name: {"authorization": f"Bearer {bearer}"} for name, bearer in bearers.items()}
        mine = await got(http.post(COMPLETIONS, json=HI, headers=theirs["a"]))
        about = {"request_id": mine.headers["x-request-id"], "score": 0}
        assert (await got(http.post(FEEDBACK, json=about))).status == 401
        other = await got(http.post(FEEDBACK, json=about, headers=theirs["b"]))
        assert (other.status, other.json["error"]["code"]) == (404, "not_found")
        answer = await got(http.post(FEEDBACK, json=about, headers=theirs["a"]))
    assert (answer.status, answer.json) == (200, {**about, "model": "tiny", "score": 0.0})


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ("", 400, "JSON"),
        ("[]", 400, "an object"),
        ('{"request_id": "x"}', 400, "score"),
        ('{"request_id": "x", "score": 2}', 400, "from 0 to 1"),
        ('{"request_id": "x", "score": true}', 400, "from 0 to 1"),
        ('{"request_id": "x", "score": "meh"}', 400, "from 0 to 1"),
        ('{"request_id": "x", "score": 1, "comment": "nice"}', 400, "`comment` must be left out"),
        ('{"request_id": "x", "score": 1, "score": 0}', 400, "score"),
        ('{"request_id": "x", "score": 1}', 404, "no answer to a request `x`"),
        ('{"request_id": "' + "x" * 5000 + '", "score": 1}', 413, "4096 bytes"),
    ],
)
async def test_what_is_no_feedback_is_told(tmp_path: Path, body: str, status: int, told: str) -> None:
    async with serving(tmp_path, state=tmp_path / "state") as served, ClientSession(served.url) as http:
        answer = await got(http.post(FEEDBACK, data=body, headers={"content-type": "application/json"}))
    assert answer.status == status
    assert told in answer.json["error"]["message"]


async def test_without_records_there_is_nothing_to_give_feedback_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, ClientSession(served.url) as http:
        answer = await got(http.post(FEEDBACK, json={"request_id": "x", "score": 1}))
    assert answer.status == 404
    assert "--state" in answer.json["error"]["message"]
