"""How the rules of the grammar call the builder: the method of their name, with flat children.

Lark's own tree builder changes lists in place, which a parser that goes back after a mistake must not.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from lark.grammar import Rule

from routedsl.language.build import Builder
from routedsl.language.tables import parser

Reduction = Callable[[list[Any]], Any]
"""From the children of a rule to what stands for it."""


def reductions(builder: Builder) -> dict[Any, Reduction]:
    """The reduction of each rule, for Lark's parser to call."""
    return {rule: _reduction(rule, builder) for rule in parser().rules}


def _reduction(rule: Rule, builder: Builder) -> Reduction:
    name = rule.alias or str(rule.origin.name)
    if name.startswith("_"):
        return tuple  # without a name: its children become those of the rule around it
    if rule.options.expand1 and not rule.alias and len(rule.expansion) == 1:
        return itemgetter(0)
    build: Reduction = getattr(builder, name)
    if any(symbol.name.startswith("_") for symbol in rule.expansion):
        return lambda children: build(_flat(children))
    return build


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
