"""`routedsl demo` as its reader meets it: what it prints is pasted, and the rule it names is edited."""

import asyncio
import re
import shlex
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from aiohttp import ClientSession

PATIENCE = 10.0
OPTIONS = {"-i": 0, "-N": 0, "-H": 1, "-d": 1}


def curls(text: str) -> list[list[str]]:
    """The commands in a text, each as its words."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.lstrip().startswith("curl ")]


async def paste(http: ClientSession, words: list[str]) -> tuple[int, str]:
    """What curl would do with these words; options that it does not have here are errors."""
    headers: dict[str, str] = {}
    data: str | None = None
    (url,) = [word for word in words if word.startswith("http://")]
    rest = iter([word for word in words[1:] if word != url])
    for option in rest:
        value = next(rest) if OPTIONS[option] else ""
        if option == "-H":
            name, _, content = value.partition(": ")
            headers[name] = content
        elif option == "-d":
            data = value
    async with http.request("GET" if data is None else "POST", url, headers=headers, data=data) as answer:
        return answer.status, await answer.text()


def edit(told: str, text: str) -> Path:
    """Write another policy into the file that the guide names."""
    (file,) = re.findall(r"change a rule in `(.+)` while", told)
    Path(file).write_text(text, encoding="utf-8")
    return Path(file)


async def test_all_that_it_says_to_try_works(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "routedsl", "demo", "--port", "0", "--admin-port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE), ClientSession() as http:
            told = (await process.stdout.readuntil(b"Ctrl-C ends it.")).decode()
            asked, streamed, decided, listed = [await paste(http, words) for words in curls(told)]
            edited = edit(told, "else large\n")
            while b"generation 2" not in await process.stderr.readline():
                pass
            again = await paste(http, curls(told)[0])
            process.terminate()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    assert (asked[0], streamed[0], decided[0], listed[0]) == (200, 200, 200, 200)
    assert "tiny (mock): you said" in asked[1]
    assert streamed[1].rstrip().endswith("data: [DONE]")
    assert '"chain": ["tiny", "large", "medium"]' in decided[1]
    assert '"id": "auto"' in listed[1]
    assert "large (mock): you said" in again[1]
    assert not edited.exists(), "the folder to play in is gone afterwards"
