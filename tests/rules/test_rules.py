"""The policy in `rules/`, decision by decision."""

from collections.abc import Callable


def test_rules(route_snapshot: Callable[[str, str], None]) -> None:
    route_snapshot("rules/", "tests/rules/requests.jsonl")
