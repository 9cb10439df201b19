"""Names that lead to names: an order in which each comes after those it leads to, and cycles."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct


class Walk(Struct, frozen=True):
    """`order` has every name, those it leads to before it; `cycles` are paths back to their first name."""

    order: tuple[str, ...]
    cycles: tuple[tuple[str, ...], ...]


def walk(graph: Mapping[str, Iterable[str]]) -> Walk:
    """Visit every name once; what a name leads to and the graph does not have is passed over."""
    order: list[str] = []
    cycles: list[tuple[str, ...]] = []
    begun: set[str] = set()
    for start in graph:
        if start not in begun:
            _visit(start, graph, begun, order, cycles)
    return Walk(tuple(order), tuple(cycles))


def _visit(
    start: str,
    graph: Mapping[str, Iterable[str]],
    begun: set[str],
    order: list[str],
    cycles: list[tuple[str, ...]],
) -> None:
    begun.add(start)
    path: dict[str, Iterator[str]] = {start: iter(graph[start])}  # not recursive: chains may be long
    while path:
        name, following = next(reversed(path.items()))
        inner = next(following, None)
        if inner is None:
            order.append(name)
            del path[name]
        elif inner in path:
            steps = list(path)
            cycles.append(tuple(steps[steps.index(inner) :]))
        elif inner in graph and inner not in begun:
            begun.add(inner)
            path[inner] = iter(graph[inner])


def shown(cycle: tuple[str, ...]) -> str:
    """A cycle in words: `a` → `b` → `a`."""
    return " → ".join(f"`{name}`" for name in (*cycle, cycle[0]))
