"""The requests of a policy's tests, those in files included."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.suggest import did_you_mean
from routedsl.engine.case import Case
from routedsl.engine.catalog import Catalog
from routedsl.engine.request import RequestError
from routedsl.engine.staging import NOON, staged
from routedsl.language.policy import Test
from routedsl.language.syntax import Text
from routedsl.loading.envelope import read_case, split_cases

LARGEST = 20 * 1024 * 1024
"""Bytes of one request's file."""


class _ReadingError(Exception):
    """What is wrong with the file that a test names, and what helps."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


def cases_of(
    tests: Iterable[Test], policy: Path, catalog: Catalog
) -> tuple[Mapping[str, Case], tuple[Diagnostic, ...]]:
    """The requests by the names of their tests, and what is wrong with files; `policy` is its path as given."""
    root = policy if policy.is_dir() else policy.parent
    cases: dict[str, Case] = {}
    found: list[Diagnostic] = []
    for test in tests:
        try:
            cases[test.name] = staged(test, None if test.request is None else _read(test.request, root, catalog))
        except _ReadingError as error:
            place = test.span if test.request is None else test.request.span
            found.append(Diagnostic(code="R1105", message=str(error), span=place, help=error.help))
    return cases, tuple(found)


def _read(name: Text, root: Path, catalog: Catalog) -> Case:
    path = Path(name.span.source.name).parent / name.value
    if Path(name.value).is_absolute() or not _lies_below(path, root):
        raise _ReadingError(f"`{name.value}` lies outside", "a request lies beside the file that names it, or below")
    lines = list(split_cases(_bytes(path)))
    if len(lines) != 1:
        raise _ReadingError(f"`{path}` holds {len(lines)} requests", "a test has one: put each into a file of its own")
    try:
        return read_case(lines[0], catalog, NOON)
    except RequestError as error:
        raise _ReadingError(f"`{path}` is no request: {error.message}") from error


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise FileNotFoundError(None, "no such file" if not path.exists() else "it is no file")
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        cause = (error.strerror or type(error).__name__).lower()
        raise _ReadingError(f"`{path}` cannot be read: {cause}", _similar(path)) from error
    if len(data) > LARGEST:
        raise _ReadingError(f"`{path}` is larger than {LARGEST // 1024 // 1024} MiB")
    return data


def _similar(path: Path) -> str | None:
    try:
        return did_you_mean(path.name, [other.name for other in path.parent.iterdir()])
    except OSError:
        return None


def _lies_below(path: Path, root: Path) -> bool:
    resolved = Path(os.path.realpath(path))
    beside = Path(os.path.realpath(path.parent))
    return resolved.is_relative_to(os.path.realpath(root)) and beside.is_relative_to(os.path.realpath(root))
