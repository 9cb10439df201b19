"""Golden files: what a test makes is held against a file; with `UPDATE_CASES=1` set the files are written anew."""

import os
from pathlib import Path

UPDATING = bool(os.environ.get("UPDATE_CASES"))


def hold(path: Path, made: str) -> None:
    """Fail where a text is not what the file says."""
    if UPDATING:
        path.write_text(made, encoding="utf-8", newline="\n")
    assert path.is_file(), f"there is no {path.name}; UPDATE_CASES=1 writes it"
    assert made == path.read_text("utf-8")
