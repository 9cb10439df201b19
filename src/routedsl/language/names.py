"""Who is called what: the declarations of all files by name, told when a name is taken twice."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from routedsl.base.source import Source, Span
from routedsl.language.findings import Findings, quoted
from routedsl.language.syntax import (
    Assert,
    Block,
    Declaration,
    Defaults,
    File,
    Import,
    Let,
    Name,
    Pool,
    Route,
    Rule,
    Setting,
    Statement,
    Test,
)

MAIN_ROUTE = "auto"
MAIN_ALIAS = "dynamic"
"""The route that takes requests which name no model, and its other name."""
_RENAME = "leave one out, or give it another name"
_IN_ROUTE = "put the rules of one place into a `route` of its own name"


class Names(Struct, frozen=True, kw_only=True):
    """All declarations of a policy by name, in the order of the text.

    `route_names` has every name of every route, and leads to its first. `used` grows as passes look
    up names, kept with their kind.
    """

    upstreams: Mapping[str, Declaration]
    models: Mapping[str, Declaration]
    classifiers: Mapping[str, Declaration]
    lets: Mapping[str, Let]
    pools: Mapping[str, Pool]
    routes: tuple[Route, ...]
    route_names: Mapping[str, str]
    defaults: Defaults | None
    asserts: tuple[Assert, ...]
    tests: tuple[Test, ...] = ()
    used: set[tuple[str, str]] = set()

    @property
    def open(self) -> bool:
        """Whether no model is declared, so that targets' names stand for themselves."""
        return not self.models


Kind = TypeVar("Kind", bound=Statement)


def collect(files: Sequence[File], findings: Findings) -> Names:
    """Sort the statements of all files by what they declare; report names declared twice."""
    statements = [statement for file in files for statement in file.statements]
    declarations = _of(Declaration, statements)
    bare = _bare_route(files, findings)
    routes = (*bare, *_of(Route, statements))
    sets = _sets_of_names(statements)
    for taken in sets.values():
        _unique(taken, findings)
    _check_main_name(sets["targets"], routes, bare, findings)
    return Names(
        upstreams={d.name.text: d for d in declarations if d.keyword == "upstream"},
        models={d.name.text: d for d in declarations if d.keyword == "model"},
        classifiers={d.name.text: d for d in declarations if d.keyword == "classifier"},
        lets={let.name.text: let for let in _of(Let, statements)},
        pools={pool.name.text: pool for pool in _of(Pool, statements)},
        routes=routes,
        route_names=_route_names(routes),
        defaults=_only_defaults(_of(Defaults, statements), findings),
        asserts=tuple(_of(Assert, statements)),
        tests=tuple(_of(Test, statements)),
    )


def _of(kind: type[Kind], statements: Iterable[Statement]) -> list[Kind]:
    return [statement for statement in statements if isinstance(statement, kind)]


def _sets_of_names(statements: Iterable[Statement]) -> dict[str, list[Name]]:
    """Models, pools and routes share one set of names, `let`s and classifiers another, upstreams a third."""
    sets: dict[str, list[Name]] = {"targets": [], "conditions": [], "upstreams": []}
    for statement in statements:
        match statement:
            case Declaration(keyword="upstream", name=name):
                sets["upstreams"].append(name)
            case Let(name=name) | Declaration(keyword="classifier", name=name):
                sets["conditions"].append(name)
            case Declaration(name=name) | Pool(name=name):
                sets["targets"].append(name)
            case Route(names=names):
                sets["targets"] += names
            case _:
                pass
    return sets


def _unique(names: Iterable[Name], findings: Findings) -> None:
    first: dict[str, Name] = {}
    for name in names:
        if name.text in first:
            findings.twice(
                "R0203", name.span, f"{quoted(name.text)} is declared twice", first[name.text].span, help=_RENAME
            )
        else:
            first[name.text] = name


def _only_defaults(found: Sequence[Defaults], findings: Findings) -> Defaults | None:
    for again in found[1:]:
        findings.twice("R0203", again.span, "`defaults` stands twice", found[0].span)
    return found[0] if found else None


# ── routes ──────────────────────────────────────────────────────────────────────────────────────


def _bare_route(files: Sequence[File], findings: Findings) -> tuple[Route, ...]:
    """The route that rules and options outside any `route` make up; they stand in one file."""
    bodies: dict[Source, list[Rule | Block | Setting]] = {}
    for file in files:
        bare = [s for s in file.statements if isinstance(s, Rule | Block | Setting)]
        if bare:
            bodies.setdefault(file.source, []).extend(bare)
    heads = [_head(body[0]) for body in bodies.values()]
    for again in heads[1:]:
        findings.twice("R0506", again, "rules outside any `route` stand in two files", heads[0], help=_IN_ROUTE)
    first = next(iter(bodies.values()), None)
    return () if first is None else (Route((Name(MAIN_ROUTE, span=heads[0]),), tuple(first), span=heads[0]),)


def _head(item: Rule | Block | Setting) -> Span:
    return item.name.span if isinstance(item, Setting) else item.span.word


def _check_main_name(names: Iterable[Name], routes: Iterable[Route], bare: Sequence[Route], findings: Findings) -> None:
    """Nothing else is called as the main route, be it by its other name."""
    main = next((route for route in routes if any(name.text == MAIN_ROUTE for name in route.names)), None)
    for name in names:
        if bare and name.text == MAIN_ROUTE:
            message = f"`{MAIN_ROUTE}` is declared, and rules outside any `route` make it up too"
            findings.twice("R0506", name.span, message, bare[0].span, help=_IN_ROUTE)
        elif main is not None and name.text == MAIN_ALIAS and name not in main.names:
            message = f"`{MAIN_ALIAS}` is the other name of the route `{MAIN_ROUTE}`"
            findings.twice("R0203", name.span, message, main.names[0].span, help=_RENAME)


def _route_names(routes: Iterable[Route]) -> dict[str, str]:
    known: dict[str, str] = {}
    for route in routes:
        for name in route.names:
            known.setdefault(name.text, route.names[0].text)
    if MAIN_ROUTE in known:
        known.setdefault(MAIN_ALIAS, known[MAIN_ROUTE])
    return known


def is_empty(files: Iterable[File]) -> bool:
    """Whether nothing is said in any of the files, imports apart."""
    return all(isinstance(statement, Import) for file in files for statement in file.statements)
