"""Named conditions: checked in the order in which they name each other, kept within bounds."""

from collections.abc import Iterator, Mapping

from routedsl.language import syntax
from routedsl.language.conditions import check_condition
from routedsl.language.findings import quoted
from routedsl.language.graph import shown, walk
from routedsl.language.scope import Scope

DEEPEST = 100
"""How deep `let`s may stand in each other."""
LARGEST = 10_000
"""How many predicates one `let` may stand for: each use of it is written out."""


def check_lets(scope: Scope) -> None:
    """Check each `let`, those it names before it; report cycles, hidden signals and what grows too large."""
    lets, vocabulary = scope.names.lets, scope.vocabulary
    walked = walk({name: _bare_names(let.condition) for name, let in lets.items()})
    for cycle in walked.cycles:
        message = f"{quoted(cycle[0])} is defined by itself: {shown(cycle)}"
        help_ = "let one of them stand on signals alone"
        scope.findings.error("R0206", lets[cycle[0]].name.span, message, help_)
    cyclic = {name for cycle in walked.cycles for name in cycle}
    extents: dict[str, Extent] = {}
    for name in walked.order:
        extents[name] = extent(lets[name].condition, extents)
        if not _is_moderate(lets[name], extents[name], scope):
            return  # those that name it are larger still
        if name not in cyclic:
            scope.inlined[name] = check_condition(lets[name].condition, scope)
    for name, let in lets.items():
        if name in vocabulary.signals or name in vocabulary.model_facts:
            scope.findings.warning(
                "R0207", let.name.span, f"`{name}` hides the signal of its name", "give it another name"
            )


def _bare_names(node: syntax.Condition) -> Iterator[str]:
    match node:
        case syntax.And(items=items) | syntax.Or(items=items):
            for item in items:
                yield from _bare_names(item)
        case syntax.Not(item=item):
            yield from _bare_names(item)
        case syntax.Holds(signal=signal):
            yield signal.name
        case _:
            return


Extent = tuple[int, int]
"""How many predicates a condition has, and how deep it is."""


def extent(condition: syntax.Condition, of_lets: Mapping[str, Extent]) -> Extent:
    """The extent of a condition with the `let`s that it names written out."""
    match condition:
        case syntax.And(items=items) | syntax.Or(items=items):
            inner = [extent(item, of_lets) for item in items]
        case syntax.Not(item=item):
            inner = [extent(item, of_lets)]
        case syntax.Holds(signal=signal):
            return of_lets.get(signal.name, (1, 1))
        case _:
            return 1, 1
    return sum(predicates for predicates, _ in inner), 1 + max(depth for _, depth in inner)


def _is_moderate(let: syntax.Let, size: Extent, scope: Scope) -> bool:
    predicates, depth = size
    if predicates <= LARGEST and depth <= DEEPEST:
        return True
    message = f"{quoted(let.name.text)} stands for too much: {predicates} predicates, {depth} deep"
    hint = f"the most is {LARGEST} predicates, {DEEPEST} deep, with the `let`s that it names written out"
    scope.findings.error("R0108", let.name.span, message, hint)
    return False
