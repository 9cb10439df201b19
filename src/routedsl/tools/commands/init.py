"""`routedsl init`: a first policy, requests that try it, and a test."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=".")
def command(folder: Path) -> None:
    """Write a first policy, requests and a test into DIR (here, where none is named).

    The policy is fitted to what is there: a server of models on this machine, keys in the environment.
    Nothing that exists is overwritten.
    """
    from routedsl.tools.starter import starter_files, told
    from routedsl.tools.surroundings import look_around

    found = look_around(os.environ)
    files = starter_files(found)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise click.UsageError(f"{', '.join(there)} exists already; nothing was written")
    try:
        _write(folder, files)
    except OSError as error:
        raise click.UsageError(f"cannot write to {folder}: {error.strerror}") from error
    sys.stdout.write(_report(folder, files, told(found)))


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)


def _report(folder: Path, files: Iterable[str], found: Iterable[str]) -> str:
    lines = [f"found  {each}" for each in found]
    lines += [f"wrote  {folder / name}" for name in files]
    rules = folder / "rules"
    lines += [
        "",
        "next:",
        f"  routedsl check {rules}",
        f"  routedsl test {rules}",
        f"  routedsl decide {rules} {folder / 'requests.jsonl'}",
        f"  routedsl demo {rules}      # over mock models; `serve` calls the real ones",
        f"  cd {folder} && pytest --snapshot-update      # then `pytest` shows what changes",
    ]
    return "".join(f"{line}\n" for line in lines)
