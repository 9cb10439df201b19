"""Exactly one record of each decided request, however it ends, and what it says."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError, ClientSession
from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.engine.signal import Moment, Signal
from routedsl.gateway.host import Verdict
from routedsl.gateway.serve import StartError
from routedsl.records.record import Record, decode
from routedsl.records.replay import replayer_of
from routedsl.records.search import Wanted, lines, reading
from routedsl.testing import Script
from tests.gateway.harness import BY_SIZE, CATALOG, PATIENCE, TOKEN, Served, got, serving

COMPLETIONS = "/v1/chat/completions"
HI = {"model": "auto", "messages": [{"role": "user", "content": "the secret word"}]}
SLOW = Script(tokens=1000, speed=50)
POLICY = """
when text contains "secret" and header["x-tier"] == "gold" -> tiny as golden
when user == "mallory" -> reject 403 "no"
else tiny as rest
fallback [large]
timeout 2s
"""


def records(state: Path, **wanted: object) -> list[Record]:
    with reading(state) as connection:
        return [decode(line) for line in lines(connection, Wanted(**wanted))]  # type: ignore[arg-type]  # as given


async def settled(served: Served, count: int) -> None:
    """Wait until so many records are written."""
    written = f"routedsl_records_written_total {count}.0"
    async with (
        asyncio.timeout(PATIENCE),
        ClientSession(served.running.admin_url, headers={"authorization": f"Bearer {TOKEN}"}) as admin,
    ):
        while written.encode() not in (await got(admin.get("/metrics"))).body:
            pass


async def test_a_record_says_who_asked_who_decided_and_who_answered(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with serving(tmp_path, POLICY, state=state) as served, ClientSession(served.url) as http:
        headers = {"x-tier": "gold", "x-request-id": "r-1", "authorization": "Bearer hush"}
        answer = await got(http.post(COMPLETIONS, json={**HI, "user": "ann"}, headers=headers))
        await got(http.post(COMPLETIONS, json={**HI, "user": "mallory"}))
        stream = await got(http.post(COMPLETIONS, json={**HI, "user": "ann", "stream": True}))
        await settled(served, 3)
        replayer = replayer_of(served.running.gateway.host.generation.program.policy, CATALOG)
    first, second, third = records(state)
    assert (first.id, first.rule, first.at, first.served_by) == ("r-1", "golden", f"{served.path}:7:1", "tiny")
    assert (first.status, first.end, first.action, first.chain) == (200, "whole", "forward", ("tiny", "large"))
    assert [attempt.outcome for attempt in first.attempts] == ["ok"]
    assert first.facts["chars"] == len("the secret word")
    assert first.facts["tokens"] == 10
    assert first.predicates == {
        'text contains "secret"': True,
        'header["x-tier"] == "gold"': True,
        'user == "mallory"': False,
    }
    assert first.hashed["user"] == third.hashed["user"] != second.hashed["user"]
    assert first.world.draw is not None
    assert first.tokens_in == answer.json["usage"]["prompt_tokens"]
    assert (second.status, second.rule, second.code, second.attempts) == (403, "auto:2", "rejected_by_policy", ())
    assert third.first_token is not None
    assert 0 < third.first_token <= third.took
    assert stream.body.rstrip().endswith(b"[DONE]")
    for record in (first, second, third):
        replayed = replayer.decide(record)
        assert (replayed.decision.rule, replayed.unrecorded) == (record.rule, ())
    kept = (state / "records.db").read_bytes()
    for private in (b"secret word", b"ann", b"hush"):
        assert private not in kept


async def test_a_record_says_what_was_explored_and_what_was_held(tmp_path: Path) -> None:
    policy = """
        when stream -> first of [tiny, medium]
        else first of [tiny, medium] { explore 100%  sticky 10m }
    """
    async with serving(tmp_path, policy, state=tmp_path / "state") as served, ClientSession(served.url) as http:
        for _ in range(2):
            await got(http.post(COMPLETIONS, json=HI))
        await got(http.post(COMPLETIONS, json={**HI, "stream": True}))
        await settled(served, 3)
    told = [(record.ahead, record.served_by) for record in records(tmp_path / "state")]
    assert told == [("explore", "medium"), ("sticky", "medium"), (None, "tiny")]


async def test_every_end_leaves_one_record(tmp_path: Path) -> None:
    state = tmp_path / "state"
    scripts = {"tiny": Script(fault="cut:3"), "medium": SLOW, "large": Script(fault="503")}
    async with serving(tmp_path, BY_SIZE, scripts=scripts, state=state) as served, ClientSession(served.url) as http:

        def ask(model: str, **more: object) -> dict[str, object]:
            return {**HI, "model": model, **more}

        await got(http.post(COMPLETIONS, json=ask("nobody")))
        await got(http.post(COMPLETIONS, json=ask("large")))
        await got(http.post(COMPLETIONS, data=b"{", headers={"content-type": "application/json"}))
        broken = await http.post(COMPLETIONS, json=ask("tiny", stream=True))
        with suppress(ClientPayloadError):
            await broken.read()
        leaving = await http.post(COMPLETIONS, json=ask("medium", stream=True))
        leaving.close()
        waiting = asyncio.create_task(got(http.post(COMPLETIONS, json=ask("medium"))))
        await served.upstream.arrivals(len(served.upstream.seen) + 1)
        waiting.cancel()
        await settled(served, 5)
    found = records(state)
    ends = {(record.asked, record.stream): (record.status, record.end, record.failed) for record in found}
    tried = {(record.asked, record.stream): [each.outcome for each in record.attempts] for record in found}
    assert len(found) == 5
    assert tried == {
        ("nobody", False): [],
        ("large", False): ["status_503", "status_503"],
        ("tiny", True): ["cut"],
        ("medium", True): ["gone"],
        ("medium", False): ["gone"],
    }
    assert ends == {
        ("nobody", False): (404, "whole", False),
        ("large", False): (503, "whole", True),
        ("tiny", True): (200, "cut", True),
        ("medium", True): (200, "gone", False),
        ("medium", False): (None, "gone", False),
    }


async def test_events_that_were_left_out_are_counted(tmp_path: Path) -> None:
    state, scripts = tmp_path / "state", {"tiny": Script(fault="malformed-event:2")}
    async with serving(tmp_path, "else tiny\n", scripts=scripts, state=state) as served:
        async with ClientSession(served.url) as http:
            answer = await got(http.post(COMPLETIONS, json={**HI, "stream": True}))
        assert answer.body.endswith(b"data: [DONE]\n\n")
        shown = served.running.gateway.telemetry.exposition().decode()
    (record,) = records(state)
    assert [(each.outcome, each.malformed) for each in record.attempts] == [("ok", 1)]
    assert 'routedsl_malformed_events_total{model="tiny"} 1.0' in shown


async def test_each_attempt_is_recorded_with_its_clocks(tmp_path: Path) -> None:
    state = tmp_path / "state"
    scripts = {"tiny": Script(fault="503"), "medium": Script(fault="hang"), "large": Script(latency=0.05)}
    policy = "else tiny { fallback [medium, large] timeout 300ms retry 0 }\n"
    async with serving(tmp_path, policy, scripts=scripts, state=state) as served, ClientSession(served.url) as http:
        assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
    (record,) = records(state)
    told = [(each.model, each.outcome, each.status) for each in record.attempts]
    assert told == [("tiny", "status_503", 503), ("medium", "timeout", None), ("large", "ok", 200)]
    first, second, third = record.attempts
    assert first.started < second.started < third.started
    assert second.maybe_billed
    assert 0.29 < second.took < 1
    assert third.connected is not None
    assert third.headers is not None
    assert 0 <= third.connected <= third.headers <= third.took <= record.took
    assert third.headers >= 0.05
    assert third.tokens == (record.tokens_in, record.tokens_out)


async def test_what_a_drain_cuts_off_is_recorded_so(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with serving(tmp_path, scripts=SLOW, state=state) as served, ClientSession(served.url) as http:
        stream = await http.post(COMPLETIONS, json={**HI, "stream": True})
        whole = asyncio.create_task(got(http.post(COMPLETIONS, json=HI)))
        await served.upstream.arrivals(2)
        served.running.gateway.traffic.cut_off()
        await whole
        stream.close()
    ends = {(record.stream, record.status, record.end, record.failed) for record in records(state)}
    assert ends == {(False, 503, "cut", True), (True, 200, "cut", True)}


async def test_a_folder_serves_one_gateway_and_is_its_owners(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with serving(tmp_path, state=state):
        with pytest.raises(StartError, match="another gateway keeps its state"):
            async with serving(tmp_path, state=state):
                pass
        modes = {file.name: file.stat().st_mode & 0o777 for file in (state, *state.iterdir())}
    assert modes["state"] == 0o700
    assert (modes["hash-key"], modes["lock"]) == (0o600, 0o600)
    key = (state / "hash-key").read_text()
    async with serving(tmp_path, state=state):
        assert (state / "hash-key").read_text() == key


async def test_a_folder_that_cannot_be_is_told_and_serving_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file")
    async with serving(tmp_path, state=tmp_path / "state") as served, ClientSession(served.url) as http:
        assert (await got(http.post(COMPLETIONS, json=HI))).status == 200
        recording = served.running.gateway.telemetry.recording
        assert served.running.token_file is None
    assert recording is not None
    assert (recording.recorder.written, recording.recorder.lost) == (0, 1)
    assert "no state is kept in" in caplog.text
    assert "records are lost" in caplog.text


async def test_values_are_recorded_where_the_settings_allow_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    told = ["user", 'header["X-Team"]']
    async with serving(tmp_path, POLICY, state=state, record_values=told) as served, ClientSession(served.url) as http:
        await got(http.post(COMPLETIONS, json={**HI, "user": "ann"}, headers={"x-team": "search", "x-tier": "gold"}))
    (record,) = records(state)
    assert (record.facts["user"], record.facts['header["x-team"]']) == ("ann", "search")
    assert set(record.hashed) == {"session", 'header["x-tier"]'}


async def test_no_record_of_a_new_policy_has_to_wait_for_what_it_is_made_with(tmp_path: Path) -> None:
    threads: list[str] = []

    def read(_: Moment) -> int:
        threads.append(threading.current_thread().name)
        return 7

    odd = Signal(name="odd", type=Type.COUNT, read=read, doc="Odd.", since="1.0")
    catalog = replace(CATALOG, signals={**CATALOG.signals, "odd": odd})
    async with (
        serving(tmp_path, POLICY, state=tmp_path / "state", watch=True, catalog=catalog) as served,
        ClientSession(served.url) as http,
    ):
        for policy in (POLICY, POLICY.replace("gold", "silver")):
            if policy != POLICY:
                served.write(policy)
                await served.verdict(Verdict.SWAPPED)
            await got(http.post(COMPLETIONS, json=HI))
        await settled(served, 2)
    assert threads == ["MainThread"] * 2, "made at once, as small ones are that lack nothing"
