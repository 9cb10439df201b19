"""The commands and programs that the pages show do what the pages show."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import OURS, ROOT, Command, Fence, commands, fences, write_files

ADDRESS = "http://127.0.0.1:8080"
"""Where the pages say that a gateway serves; the tests start one elsewhere."""
PATIENCE = 20
"""Seconds that a gateway has to start, or to take in an edit."""
LENT = "rules"
"""The folder of the repository that the pages use."""


READER = {
    "PYTHONUNBUFFERED": "1",
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "LC_ALL": "C.UTF-8",
    # What the project is developed with, and a reader need not have.
    "PYTEST_ADDOPTS": "-p no:asyncio -p no:anyio -p no:hypothesispytest -p no:cov",
}


def environment() -> dict[str, str]:
    """The environment of a reader who has installed the project."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return os.environ | READER | {"PATH": path}


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A gateway over mock models that serves the folder's `rules/`, and its address."""
    command = [sys.executable, "-m", "routedsl", "demo", "rules/", "--port", "0", "--admin-port", "0"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stdout)
            said = next(filter(None, lines), None)
            assert said is not None, "the gateway ended without serving"
            yield said[0]
        finally:
            process.terminate()


def run(line: str, folder: Path) -> str:
    """What a command prints, errors included."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.replace("\r\n", "\n")


def run_python(fence: Fence, folder: Path, here: Callable[[str], str]) -> None:
    """Run a block's program; where a comment begins with `# →`, it says what the program prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", here(fence.text)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), fence.at
    shown = "".join(f"{line}\n" for line in re.findall(r"# → (.+)", fence.text))
    assert Command("", shown).shows(done.stdout), f"{fence.at}\n{done.stdout}"


def check_command(command: Command, folder: Path, here: Callable[[str], str]) -> None:
    """Run a command and compare its output; a gateway is asked again until it has taken in an edit."""
    until = time.monotonic() + PATIENCE
    while not command.shows(output := run(here(command.line), folder).replace(here(ADDRESS), ADDRESS)):
        assert ADDRESS in command.line, f"{command.line}\n{output}"
        assert time.monotonic() < until, f"{command.line}\n{output}"
        time.sleep(0.05)


def apply_edit(fence: Fence, folder: Path) -> None:
    """Edit the file that a block names, as a reader would."""
    path = folder / str(fence.title)
    before, (out, into) = path.read_text("utf-8"), fence.edit
    assert before.count(out) == 1, fence.at
    path.write_text(before.replace(out, into), "utf-8")


def walk(page: Path, folder: Path, here: Callable[[str], str]) -> None:
    """Do what the page says, in its order."""
    for fence in fences(page):
        match fence.language:
            case "diff":
                apply_edit(fence, folder)
            case "python":
                run_python(fence, folder, here)
            case "console":
                for command in commands(fence):
                    check_command(command, folder, here)
            case _:
                pass


@pytest.mark.parametrize("page", OURS, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_shows(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / LENT, tmp_path / LENT)
    write_files(page, tmp_path)
    if any(ADDRESS in fence.text for fence in fences(page) if fence.language in ("console", "python")):
        with demo(tmp_path) as address:
            walk(page, tmp_path, lambda text: text.replace(ADDRESS, address))
    else:
        walk(page, tmp_path, lambda text: text)
