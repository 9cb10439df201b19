"""Every ranking: a permutation in the order of what is known, ties as written; and `split` by its shares."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.base.types import Value
from routedsl.base.units import WHOLE
from routedsl.discover import builtin
from routedsl.engine.strategy import Ballot, Strategy
from routedsl.strategies import best, cheapest, fastest, first, least_busy, split

FACT = {"fastest": "latency", "cheapest": "cost", "best": "quality", "least_busy": "load"}
RANKING = [strategy for strategy in builtin().strategies.values() if not strategy.shared]
KNOWN = st.none() | st.integers(0, 4)
Facts = Mapping[str, Mapping[str, Value]]
WORLDS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), KNOWN, min_size=1, max_size=8)


def ballot(known: Mapping[str, Value], fact: str) -> Ballot:
    """Candidates in the order of the mapping, of whom one fact is told, and nothing of slots and calls."""

    def ask(model: str, asked: str) -> Value:
        assert asked in (fact, "slots", "inflight", "queue")
        return known[model] if asked == fact else None

    return Ballot(models=tuple(known), ask=ask)


@pytest.mark.parametrize(
    ("strategy", "ranking"),
    [
        (first.STRATEGY, ("a", "b", "c", "d", "e")),
        (fastest.STRATEGY, ("c", "e", "b", "d", "a")),
        (cheapest.STRATEGY, ("b", "d", "a", "c", "e")),
        (best.STRATEGY, ("a", "b", "d", "c", "e")),
        (least_busy.STRATEGY, ("b", "d", "a", "c", "e")),
    ],
    ids=lambda value: value.name if isinstance(value, Strategy) else "",
)
def test_an_example(strategy: Strategy, ranking: tuple[str, ...]) -> None:
    known = {"a": 2, "b": 1, "c": None, "d": 1, "e": None}
    assert strategy.rank(ballot(known, FACT.get(strategy.name, ""))) == ranking


def test_fastest_takes_a_latency_once_for_each_call_that_is_out_or_waits() -> None:
    known: Facts = {
        "quick": {"latency": 100, "inflight": 3, "queue": 1},
        "slow": {"latency": 300, "inflight": 0, "queue": 0},
        "middle": {"latency": 200, "inflight": 1, "queue": 0},
    }
    assert fastest.rank(told(known)) == ("slow", "middle", "quick")


@given(WORLDS)
def test_best_goes_by_what_it_is_told_to(known: dict[str, int | None]) -> None:
    by_success = replace(ballot(known, "success"), order="success")
    assert best.rank(by_success) == best.rank(ballot(known, "quality"))


@pytest.mark.parametrize("strategy", RANKING, ids=lambda strategy: strategy.name)
@given(WORLDS)
def test_a_ranking_is_a_permutation_and_always_the_same(strategy: Strategy, known: dict[str, int | None]) -> None:
    asked = ballot(known, FACT.get(strategy.name, ""))
    ranking = strategy.rank(asked)
    assert sorted(ranking) == sorted(known)
    assert strategy.rank(asked) == ranking


@pytest.mark.parametrize("strategy", [s for s in RANKING if s.name in FACT], ids=lambda strategy: strategy.name)
@given(WORLDS)
def test_ties_keep_the_order_of_the_text(strategy: Strategy, known: dict[str, int | None]) -> None:
    ranking = strategy.rank(ballot(known, FACT[strategy.name]))
    written = list(known)
    for earlier, later in pairwise(ranking):
        assert known[earlier] != known[later] or written.index(earlier) < written.index(later)


@given(WORLDS)
def test_the_unknown_go_last_but_first_for_fastest(known: dict[str, int | None]) -> None:
    unknown = [model for model, value in known.items() if value is None]
    assert list(fastest.rank(ballot(known, "latency"))[: len(unknown)]) == unknown
    for module, fact in ((cheapest, "cost"), (best, "quality"), (least_busy, "load")):
        assert list(module.rank(ballot(known, fact))[len(known) - len(unknown) :]) == unknown


def told(worlds: Facts) -> Ballot:
    """Candidates of whom all that is asked is told."""
    return Ballot(models=tuple(worlds), ask=lambda model, fact: worlds[model][fact])


@given(st.lists(st.integers(1, 8), min_size=1, max_size=5), st.integers(1, 200))
def test_a_burst_goes_to_servers_by_their_slots(slots: list[int], requests: int) -> None:
    """Requests that stay, one after the other: none is ever more than one request ahead of its share."""
    servers = {f"m{number}": taken for number, taken in enumerate(slots)}
    calls = dict.fromkeys(servers, 0)
    for _ in range(requests):
        worlds: Facts = {
            name: {"slots": servers[name], "load": calls[name] * WHOLE // servers[name]} for name in servers
        }
        calls[least_busy.rank(told(worlds))[0]] += 1
    for name, taken in servers.items():
        assert abs(calls[name] - requests * taken / sum(slots)) <= len(slots)


def test_a_burst_measures_each_stranger_once_and_waits_for_what_is_known() -> None:
    latency: dict[str, int | None] = {"a": None, "b": 40, "c": None}
    calls = dict.fromkeys(latency, 0)
    for _ in range(10):
        worlds: Facts = {name: {"latency": latency[name], "inflight": calls[name], "queue": 0} for name in latency}
        calls[fastest.rank(told(worlds))[0]] += 1
    assert calls == {"a": 1, "b": 8, "c": 1}


def drawn(shares: Mapping[str, int], draw: int) -> tuple[str, ...]:
    def ask(model: str, fact: str) -> Value:
        raise AssertionError("a draw asks nothing")

    return split.rank(Ballot(models=tuple(shares), ask=ask, shares=tuple(shares.values()), draw=draw))


@pytest.mark.parametrize(
    ("draw", "model"), [(0, "b"), (899_999, "b"), (900_000, "c"), (999_999, "c"), (1_000_000, "c")]
)
def test_split_at_its_bounds(draw: int, model: str) -> None:
    assert drawn({"a": 0, "b": 900_000, "c": 100_000, "d": 0}, draw) == (model,)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=5))
def test_split_gives_each_its_share(weights: list[int]) -> None:
    whole = sum(weights)
    shares = {f"m{number}": weight for number, weight in enumerate(weights)}
    counts = dict.fromkeys(shares, 0)
    for draw in range(whole):
        (model,) = drawn(shares, draw)
        counts[model] += 1
    assert counts == shares


@given(st.integers(0, WHOLE - 1), st.integers(0, WHOLE), st.integers(0, WHOLE))
def test_a_roll_out_that_grows_keeps_whom_it_has(draw: int, before: int, after: int) -> None:
    small, large = sorted((before, after))
    if drawn({"new": small, "old": WHOLE - small}, draw) == ("new",):
        assert drawn({"new": large, "old": WHOLE - large}, draw) == ("new",)
