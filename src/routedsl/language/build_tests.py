"""Reductions of the grammar for what a test states and expects."""

from typing import Any

from routedsl.language import syntax as s
from routedsl.language.build_conditions import Conditions


class Tests(Conditions):
    """Builds the tests of one source."""

    def test(self, children: list[Any]) -> s.Test:
        """`test "…" { … }`."""
        return s.Test(children[1], _only(s.Stated, children), _only(s.Expected, children), span=self.span(children))

    said = Conditions.word

    def stated(self, children: list[Any]) -> s.Stated:
        """`chars 20`."""
        return s.Stated(children[0], children[1], span=self.span(children))

    def expect_model(self, children: list[Any]) -> s.Expected:
        """`expect tiny`."""
        return s.Expected(None, _name(children[1]), span=self.span(children))

    def expect_value(self, children: list[Any]) -> s.Expected:
        """`expect rule quick`, `expect chain [a, b]`, `expect timeout 10s`."""
        return s.Expected(children[1], children[2], span=self.span(children))

    def expect_reject(self, children: list[Any]) -> s.Expected:
        """`expect reject 403 "why"`."""
        return s.Expected(*children[1:], span=self.span(children))

    def expect_route(self, children: list[Any]) -> s.Expected:
        """`expect route support`."""
        word = s.Name("route", span=self.span(children[1:2]))
        return s.Expected(word, _name(children[2]), span=self.span(children))


def _name(node: s.Name | s.Text) -> s.Name:
    return node if isinstance(node, s.Name) else s.Name(node.value, span=node.span)


def _only(kind: type, children: list[Any]) -> tuple[Any, ...]:
    return tuple(c for c in children if isinstance(c, kind))
