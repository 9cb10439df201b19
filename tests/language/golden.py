"""Golden cases: a text beside each `.route` file of a folder; UPDATE_CASES=1 writes it anew."""

import os
from collections.abc import Callable
from pathlib import Path

from routedsl.base.source import Source

CASES = Path(__file__).parents[1] / "cases"


def cases(folder: str) -> list[str]:
    """The names of the cases in a folder."""
    return sorted(path.stem for path in (CASES / folder).glob("*.route"))


def check(folder: str, name: str, suffix: str, answer: Callable[[Source], str]) -> None:
    """Compare what a function says of a case with what stands beside it."""
    path = CASES / folder / f"{name}.route"
    actual = answer(Source(path.name, path.read_bytes().decode()))
    expected = path.with_suffix(suffix)
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(actual, "utf-8")
    assert actual == expected.read_text("utf-8")
