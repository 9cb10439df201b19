"""The example's decisions, without a model: `test_decisions.txt` in `__snapshots__` has them."""

from collections.abc import Callable


def test_decisions(route_snapshot: Callable[[str, str], None]) -> None:
    route_snapshot("examples/01-by-size", "examples/01-by-size/requests.jsonl")
