"""How the rules of the grammar call the builder: the method of their name, with flat children."""

from operator import itemgetter
from typing import Any

from routedsl.language.build import Builder
from routedsl.language.machine import Reduction
from routedsl.language.tables import Rule, Tables


def reductions(tables: Tables, builder: Builder) -> list[Reduction]:
    """The reduction of each rule, in the tables' order."""
    return [_reduction(rule, builder) for rule in tables.rules]


def _reduction(rule: Rule, builder: Builder) -> Reduction:
    if not rule.by:
        return tuple  # without a name: its children become those of the rule around it
    if rule.alone:
        return itemgetter(0)
    build: Reduction = getattr(builder, rule.by)
    return (lambda children: build(_flat(children))) if rule.spread else build


def _flat(children: list[Any]) -> list[Any]:
    """The children, with those of nameless rules in their places; a loop, since repetitions nest deeply."""
    flat: list[Any] = []
    rest = children[::-1]
    while rest:
        child = rest.pop()
        if type(child) is tuple:
            rest += child[::-1]
        else:
            flat.append(child)
    return flat
