"""Writes files so that nobody ever reads half of one."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Put a text in a file's place at once, so that nobody ever reads half of it; its mode stays.

    A link keeps pointing where it points: the file behind it is replaced. Raises OSError, and leaves the file
    as it was. A file that was not there gets the usual mode. A device or a pipe is written to, and stays what it is.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="")
        return
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=".", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(name).chmod(_mode_of(target))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        os.umask(mask := os.umask(0))
        return 0o666 & ~mask
