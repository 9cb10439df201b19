"""A gateway from start to end: what keeps it from starting, edits while it serves, and how it stops."""

import asyncio
import os
import re
import resource
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientConnectorError, ClientPayloadError, ClientResponse, ClientSession
from click.testing import CliRunner, Result

from routedsl.gateway.host import Verdict
from routedsl.gateway.serve import StartError
from routedsl.gateway.settings import Settings, SettingsError, is_loopback, read_settings
from routedsl.gateway.shutdown import drain
from routedsl.testing import Script, ScriptedUpstream
from routedsl.tools.commands.serve import command
from routedsl.tools.serving import allow_files
from tests.gateway.harness import BY_SIZE, PATIENCE, Served, exchange, got, serving, write_policy

HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
COMPLETIONS = "/v1/chat/completions"
CLOUD = 'upstream cloud { url "http://127.0.0.1:1/v1" key $CLOUD_KEY }\nmodel m { upstream cloud }\nelse m\n'


async def pieces(stream: ClientResponse) -> bytes:
    """All that comes, to a good end or a bad one."""
    said = b""
    with suppress(ClientPayloadError):
        async for piece in stream.content.iter_any():
            said += piece
    stream.close()
    return said


# ── what keeps it from starting ─────────────────────────────────────────────────────────────────


def start(*arguments: object, **environment: str) -> Result:
    given = ["--port", "0", "--admin-port", "0", *map(str, arguments)]
    return CliRunner().invoke(command, given, env=environment)


def a_policy(folder: Path, text: str = 'upstream u { url "http://127.0.0.1:1/v1" }\nmodel m {}\nelse m\n') -> Path:
    path = folder / "policy.route"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CLOUD, "policy.route:1:"),
        (CLOUD, "`CLOUD_KEY`"),
        ("", "policy.route:1:1"),
        ("else m timeout 10\n", "policy.route:1:"),
        ("when chars < 9 -> a else b\n", "declares no model"),
    ],
)
def test_a_policy_that_cannot_serve_is_told_and_exits_2(tmp_path: Path, text: str, told: str) -> None:
    result = start(a_policy(tmp_path, text))
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.rstrip().endswith("does not load")
    assert "Traceback" not in result.stderr


def test_no_file_no_policies_and_noise_exit_2(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.route").write_bytes(os.urandom(2_000_000))
    for path in ("absent.route", "empty", "noise.route"):
        result = start(tmp_path / path)
        assert (path, result.exit_code) == (path, 2)
        assert str(tmp_path / path) in result.stderr
        assert len(result.stderr) < 20_000


def test_a_host_that_others_reach_must_be_opened(tmp_path: Path) -> None:
    result = start(a_policy(tmp_path), "--host", "0.0.0.0")
    assert result.exit_code == 2
    assert "`--open`" in result.stderr


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("port = 'x'", "`port`"),
        ("prt = 1", "`prt`"),
        ("port = ", "is no TOML"),
        ("port = 70000", "`port`"),
        (None, "cannot be read"),
    ],
)
def test_settings_that_mean_nothing_exit_2(tmp_path: Path, toml: str | None, told: str) -> None:
    file = tmp_path / "settings.toml"
    if toml is not None:
        file.write_text(toml, encoding="utf-8")
    result = CliRunner().invoke(command, [str(a_policy(tmp_path)), "--settings", str(file)])
    assert result.exit_code == 2
    assert told in result.stderr


def test_flags_go_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 1234\nhosts = ["a.example"]\nwatch = false\n', encoding="utf-8")
    settings = read_settings(file, {"port": 99, "watch": None})
    assert settings == Settings(port=99, hosts=("a.example",), watch=False)
    with pytest.raises(SettingsError, match="`hosts`"):
        read_settings(None, {"hosts": 7})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async with ScriptedUpstream() as holder:
        with pytest.raises(StartError, match=f"port {holder.port} cannot be listened on: address already in use$"):
            async with serving(tmp_path, port=holder.port):
                pass


async def test_an_opened_server_takes_any_name_unless_it_is_given_some(tmp_path: Path) -> None:
    ask = b"GET /v1/models HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"
    async with serving(tmp_path, open=True) as served:
        assert (await exchange(served, ask)).startswith(b"HTTP/1.1 200 ")
    async with serving(tmp_path, open=True, hosts=["other.example"]) as served:
        assert (await exchange(served, ask)).startswith(b"HTTP/1.1 403 ")


def test_more_files_may_be_open_than_most_systems_start_with() -> None:
    had = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, had[1]))
        allow_files(1024)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1024
        allow_files(600)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1024, "never fewer than there were"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, had)


# ── edits while it serves ───────────────────────────────────────────────────────────────────────


async def test_edits_change_the_next_decision_and_fail_no_request(tmp_path: Path) -> None:
    rules: list[str] = []
    statuses: set[int] = set()
    stop = asyncio.Event()

    async def keep_asking(http: ClientSession) -> None:
        while not stop.is_set():
            answer = await got(http.post(COMPLETIONS, json=HI))
            statuses.add(answer.status)
            rules.append(answer.headers["x-route-rule"])

    async with serving(tmp_path, watch=True) as served, ClientSession(served.url) as http:
        askers = [asyncio.create_task(keep_asking(http)) for _ in range(4)]
        for number in range(5):
            served.write(f"else medium as edit{number}\n")
            await served.verdict(Verdict.SWAPPED)
            while f"edit{number}" not in rules:
                await served.upstream.arrivals(len(served.upstream.seen) + 1)
            served.write("else nobody\n")
            await served.verdict(Verdict.REFUSED)
            answer = await got(http.post(COMPLETIONS, json=HI))
            assert answer.headers["x-route-rule"] == f"edit{number}"
        stop.set()
        await asyncio.gather(*askers)
    assert statuses == {200}
    in_order = list(dict.fromkeys(rules))
    assert in_order == ["small", *(f"edit{number}" for number in range(5))][-len(in_order) :]


async def test_a_stream_ends_under_the_policy_it_began_with(tmp_path: Path) -> None:
    slow = Script(tokens=30, speed=60)
    async with serving(tmp_path, watch=True, scripts=slow) as served, ClientSession(served.url) as http:
        stream = await http.post(COMPLETIONS, json={**HI, "stream": True})
        await stream.content.readany()
        served.write('else reject 400 "closed"\n')
        await served.verdict(Verdict.SWAPPED)
        answer = await got(http.post(COMPLETIONS, json=HI))
        rest = await pieces(stream)
    assert answer.status == 400
    assert rest.rstrip().endswith(b"data: [DONE]")


# ── how it stops ────────────────────────────────────────────────────────────────────────────────


async def refused(http: ClientSession) -> None:
    """Ask until nobody listens any more; what is asked in that very moment may be dropped."""
    while True:
        try:
            await got(http.get("/healthz"))
        except ClientConnectorError:
            return
        except ClientConnectionError:
            continue


async def stop_serving(served: Served, seconds: float) -> int:
    running = served.running
    return await drain(running.gateway, running.listener, running.server, seconds, asyncio.Event())


async def test_a_drain_lets_requests_finish_and_takes_no_more(tmp_path: Path) -> None:
    slow = Script(tokens=20, speed=60)
    async with serving(tmp_path, scripts=slow) as served, ClientSession(served.url) as http:
        idle_reader, idle = await asyncio.open_connection("127.0.0.1", served.port)
        whole = asyncio.create_task(got(http.post(COMPLETIONS, json=HI)))
        stream = await http.post(COMPLETIONS, json={**HI, "stream": True})
        await served.upstream.arrivals(2)
        draining = asyncio.create_task(stop_serving(served, PATIENCE))
        assert await idle_reader.read() == b"", "idle connections close at once"
        assert served.running.gateway.traffic.count == 2
        await refused(http)
        said = await pieces(stream)
        answer = await whole
        assert await draining == 0
        idle.close()
    assert said.rstrip().endswith(b"data: [DONE]")
    assert answer.status == 200
    assert answer.headers["connection"] == "close"


async def test_what_a_drain_cuts_off_is_told_so(tmp_path: Path) -> None:
    slow = Script(tokens=1000, speed=50)
    async with serving(tmp_path, scripts=slow) as served, ClientSession(served.url) as http:
        whole = asyncio.create_task(got(http.post(COMPLETIONS, json=HI)))
        stream = await http.post(COMPLETIONS, json={**HI, "stream": True})
        await served.upstream.arrivals(2)
        reading = asyncio.create_task(pieces(stream))
        assert await stop_serving(served, 0.05) == 2
        said = await reading
        answer = await whole
        assert (answer.status, answer.code) == (503, "overloaded")
        async with asyncio.timeout(PATIENCE):
            for seen in served.upstream.seen:
                await seen.ended.wait()
    assert b'"stream_interrupted"' in said
    assert b"[DONE]" not in said


# ── the command itself ──────────────────────────────────────────────────────────────────────────


class Command:
    """`routedsl serve` in a process of its own."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url

    async def told(self, *texts: str) -> str:
        """Read standard error until all texts have been told."""
        assert self.process.stderr is not None
        told = ""
        async with asyncio.timeout(PATIENCE):
            while not all(text in told for text in texts):
                told += (await self.process.stderr.readline()).decode()
        return told


@asynccontextmanager
async def serve(path: Path) -> AsyncIterator[Command]:
    arguments = [sys.executable, "-m", "routedsl", "serve", path.name, "--port", "0", "--admin-port", "0"]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=PIPE, stderr=PIPE, cwd=path.parent)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            first = (await process.stdout.readline()).decode()
            admin = (await process.stdout.readline()).decode()
        assert "token" not in admin, "a token is for terminals, not for logs"
        yield Command(process, re.findall(r"http://127\.0\.0\.1:\d+", first)[0])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_an_edit_with_a_mistake_is_told_by_its_place_and_repaired(tmp_path: Path) -> None:
    async with ScriptedUpstream() as upstream:
        path = tmp_path / "policy.route"
        write_policy(path, BY_SIZE, upstream)
        async with serve(path) as command, ClientSession(command.url) as http:

            async def rule() -> str:
                return (await got(http.post(COMPLETIONS, json=HI))).headers["x-route-rule"]

            assert await rule() == "small"
            write_policy(path, "else tinny\n", upstream)
            told = await command.told("serves on")
            assert "policy.route:6:6: error[R0202]" in told
            assert "6 | else tinny\n" in told
            assert "    |      ^^^^^" in told
            assert "help: did you mean `tiny`?" in told
            assert "Traceback" not in told
            assert "detected" not in told
            assert await rule() == "small"
            write_policy(path, "else tiny as repaired\n", upstream)
            await command.told("generation 2")
            assert await rule() == "repaired"


@pytest.mark.parametrize("signals", [1, 2])
async def test_sigterm_drains_and_a_second_one_does_not_wait(tmp_path: Path, signals: int) -> None:
    async with ScriptedUpstream(Script(tokens=20, speed=40)) as upstream:
        path = tmp_path / "policy.route"
        write_policy(path, BY_SIZE, upstream)
        async with serve(path) as command, ClientSession(command.url) as http:
            stream = await http.post(COMPLETIONS, json={**HI, "stream": True})
            reading = asyncio.create_task(pieces(stream))
            command.process.send_signal(signal.SIGTERM)
            await refused(http)
            if signals == 2:
                command.process.send_signal(signal.SIGTERM)
            said = await reading
            async with asyncio.timeout(PATIENCE):
                assert await command.process.wait() == 0
    assert (b"[DONE]" in said) is (signals == 1)
    assert (b"stream_interrupted" in said) is (signals == 2)
