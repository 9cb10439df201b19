"""The policy's decisions as a table, for whoever reviews a change of it."""

from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def test_decisions(route_snapshot: Callable[[Path, Path], None]) -> None:
    route_snapshot(HERE.parent / "rules", HERE / "requests.jsonl")
