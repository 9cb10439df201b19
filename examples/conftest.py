"""What the examples' tests share: a gateway as its user starts it, in a process of its own."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from openai import AsyncOpenAI

Start = Callable[..., AbstractAsyncContextManager[str]]
Serve = Callable[[Path], AbstractAsyncContextManager[AsyncOpenAI]]
PATIENCE = 20
"""Seconds that a program has to say where it serves."""


@asynccontextmanager
async def started(*command: str | Path) -> AsyncIterator[str]:
    """A program while it runs, and the first address that it prints."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        yield await asyncio.wait_for(address_in(process.stdout), PATIENCE)
    finally:
        process.terminate()
        await process.communicate()


async def address_in(output: asyncio.StreamReader) -> str:
    said = b""
    async for line in output:
        said += line
        if found := re.search(rb"http://127\.0\.0\.1:\d+", line):
            return found[0].decode()
    raise AssertionError(f"it ended without serving:\n{said.decode()}")


@pytest.fixture(scope="session")
def start() -> Start:
    """Starts a program, given its command, and gives the address at which it serves."""
    return started


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serves a policy, and gives a client of it that never retries by itself."""

    @asynccontextmanager
    async def serving(policy: Path) -> AsyncIterator[AsyncOpenAI]:
        command = (sys.executable, "-m", "routedsl", "serve", policy, "--port", "0", "--admin-port", "0")
        async with (
            started(*command) as address,
            AsyncOpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as client,
        ):
            yield client

    return serving
