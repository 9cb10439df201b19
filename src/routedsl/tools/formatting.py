"""What `fmt` does with one file: its canonical form, written, compared or shown as a difference."""

import difflib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from routedsl.base.diagnostic import PolicyError
from routedsl.base.render import render_text
from routedsl.base.source import Source
from routedsl.language.format import FormatError, format_source
from routedsl.loading.files import SUFFIX
from routedsl.tools.color import color_on
from routedsl.tools.files import replace_file


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The paths, with a folder's policy files in its place, those of folders inside included."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob(f"*{SUFFIX}") if p.is_file() and not p.name.startswith("."))
        else:
            yield path


def put_in_form(path: Path, *, write: bool, diff: bool) -> bool | None:
    """Format one file; whether it changes, None where it cannot be formatted, which is told."""
    try:
        text = _read(path)
        formatted = format_source(Source(os.fspath(path), text))
    except PolicyError as error:
        sys.stderr.write(render_text(error.diagnostics, color=color_on(sys.stderr)))
        return None
    except (OSError, UnicodeDecodeError) as error:
        cause = str(error.strerror) if isinstance(error, OSError) else "it is no UTF-8"
        sys.stderr.write(f"{path}: cannot be read: {cause}\n")
        return None
    except FormatError as error:
        sys.stderr.write(f"{error}\n")
        return None
    if diff:
        sys.stdout.writelines(_diff(path, text, formatted))
    elif not write and text != formatted:
        sys.stdout.write(f"{path}: is not in canonical form\n")
    if write:
        return _write(path, text, formatted)
    return text != formatted


def _read(path: Path) -> str:
    data = sys.stdin.buffer.read() if os.fspath(path) == "-" else path.read_bytes()
    return data.decode("utf-8")


def _diff(path: Path, text: str, formatted: str) -> Iterator[str]:
    for line in difflib.unified_diff(
        text.splitlines(keepends=True), formatted.splitlines(keepends=True), f"{path}", f"{path} (canonical)"
    ):
        yield line if line.endswith("\n") else f"{line}\n"


def _write(path: Path, text: str, formatted: str) -> bool | None:
    if os.fspath(path) == "-":
        sys.stdout.write(formatted)
    elif text != formatted:
        try:
            replace_file(path, formatted)
        except OSError as error:
            sys.stderr.write(f"{path}: cannot be written: {error.strerror}; it is left as it was\n")
            return None
        sys.stdout.write(f"{path}: formatted\n")
    return text != formatted
