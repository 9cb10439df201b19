"""`routedsl mock` as a process, and what its options mean."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from click.testing import CliRunner

from routedsl.testing import FAULTS, Script, ScriptedUpstream, Trouble
from routedsl.tools.commands.mock import command, scripts_of

HEADERS = {"x-request-id": "r1"}
BODY = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}


@asynccontextmanager
async def mock(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    code = "from routedsl.tools.commands.mock import command; command()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 10)).decode().rstrip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_serves_prints_each_request_and_ends_when_it_is_told(number: signal.Signals) -> None:
    async with mock("--port", "0", "--model", "tiny", "--model", "large") as process, aiohttp.ClientSession() as client:
        said = re.fullmatch(
            r"mock of tiny, large on (http://127\.0\.0\.1:\d+/v1) \(Ctrl-C ends it\)", await line(process)
        )
        assert said is not None
        async with client.post(
            f"{said[1]}/chat/completions", json=BODY | {"stream": True}, headers=HEADERS
        ) as response:
            assert (await response.text()).endswith("data: [DONE]\n\n")
        assert await line(process) == "tiny stream for r1: answered"
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_a_taken_port() -> None:
    async with ScriptedUpstream() as upstream:
        result = await asyncio.to_thread(CliRunner().invoke, command, ["--port", str(upstream.port)])
    assert result.exit_code == 2
    assert f"port {upstream.port} cannot be used: " in result.output


async def test_trouble_of_every_connection() -> None:
    async with mock("--port", "0", "--trouble", "accept-close") as process, aiohttp.ClientSession() as client:
        url = (await line(process)).split()[5]
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(f"{url}/models")


def test_help_tells_every_fault_and_trouble() -> None:
    told = CliRunner().invoke(command, ["--help"]).output
    assert [
        name for name in (*FAULTS, *Trouble) if not re.search(rf"^ +{re.escape(name)} +\S", told, re.MULTILINE)
    ] == []


def test_scripts() -> None:
    script = Script(latency=0.2)
    hangs, cut = Script(latency=0.2, fault="hang"), Script(latency=0.2, fault="cut:4")
    assert scripts_of(script, [], []) == script
    assert scripts_of(script, ["tiny"], []) == {"tiny": script}
    assert scripts_of(script, ["tiny"], ["tiny=hang", "ns/m=x=cut:4"]) == {"tiny": hangs, "ns/m=x": cut}
    assert scripts_of(script, [], ["hang"]) == hangs
    assert scripts_of(script, ["tiny"], ["hang", "large=cut:4"]) == {"tiny": hangs, "large": cut}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fault", "tiny=hnag"], "there is no fault `hnag`: did you mean `hang`?"),
        (["--latency", "10sec"], "`10sec` has an unknown unit, `sec`; did you mean `10s`?"),
        (["--latency", "10"], "`10` is not a duration, such as `200ms`"),
        (["--certificate", __file__], f"`{__file__}` has no certificate with its key: "),
        (["--speed", "0"], "0.0 is not in the range x>0"),
    ],
)
def test_mistakes(arguments: list[str], complaint: str) -> None:
    result = CliRunner().invoke(command, arguments)
    assert (result.exit_code, complaint in result.output) == (2, True), result.output
