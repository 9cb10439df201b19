"""The walk over names that lead to names."""

from hypothesis import given
from hypothesis import strategies as st

from routedsl.language.graph import shown, walk

NAMES = st.sampled_from("abcdef")
graphs = st.dictionaries(NAMES, st.lists(NAMES, max_size=4))


@given(graphs)
def test_every_name_comes_once_and_cycles_are_real(graph: dict[str, list[str]]) -> None:
    walked = walk(graph)
    assert sorted(walked.order) == sorted(graph)
    for cycle in walked.cycles:
        assert all(following in graph[name] for name, following in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        assert len(set(cycle)) == len(cycle)


@given(graphs)
def test_without_a_cycle_what_a_name_leads_to_comes_before_it(graph: dict[str, list[str]]) -> None:
    walked = walk(graph)
    places = {name: place for place, name in enumerate(walked.order)}
    backwards = [
        (name, following)
        for name in graph
        for following in graph[name]
        if following in graph and places[following] >= places[name]
    ]
    assert bool(backwards) == bool(walked.cycles)


def test_a_long_chain_does_not_go_deep() -> None:
    graph = {str(n): [str(n + 1)] for n in range(5_000)}
    assert walk(graph).order[0] == "4999"
    assert walk(graph | {"4999": ["0"]}).cycles == (tuple(graph),)


def test_a_cycle_is_shown_until_it_closes() -> None:
    assert shown(("a", "b")) == "`a` → `b` → `a`"
    assert shown(("a",)) == "`a` → `a`"
