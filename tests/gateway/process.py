"""`routedsl serve` in a process of its own: to be killed, limited, and to have a core to itself."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import ClientSession

from tests.gateway.harness import PATIENCE, TOKEN, got

STARTS = 60.0
"""Seconds that a process may take to serve, on a machine with other things to do."""


class Server:
    """`routedsl serve` in a process of its own, with its state in a folder."""

    def __init__(self, process: Process, url: str, admin: str) -> None:
        self.process = process
        self.url = url
        self.admin = admin

    async def metric(self, name: str) -> float:
        async with ClientSession(self.admin, headers={"authorization": f"Bearer {TOKEN}"}) as http:
            shown = (await got(http.get("/metrics"))).body.decode()
        return float(re.findall(rf"^{name} (\S+)$", shown, re.MULTILINE)[0])

    async def until(self, name: str, least: float) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.metric(name) < least:
                pass

    async def ended(self) -> int:
        """Tell it to end, and wait for its exit code."""
        self.process.terminate()
        async with asyncio.timeout(STARTS):
            return await self.process.wait()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Server]:
    command = [sys.executable, "-m", "routedsl", "serve", "policy.route", "--port", "0", "--admin-port", "0"]
    environment = os.environ | {"ROUTEDSL_ADMIN_TOKEN": TOKEN}
    process = await asyncio.create_subprocess_exec(
        *command, "--state", "state", stdout=PIPE, stderr=PIPE, cwd=folder, env=environment
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(STARTS):
            told = [(await process.stdout.readline()).decode() for _ in range(2)]
        yield Server(process, *(re.findall(r"http://127\.0\.0\.1:\d+", line)[0] for line in told))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
