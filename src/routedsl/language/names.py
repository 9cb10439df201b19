"""Who is called what: the declarations of all files by name, told when a name is taken twice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from routedsl.base.source import Span
from routedsl.language.findings import Findings
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
)

MAIN_ROUTE = "auto"
MAIN_ALIAS = "dynamic"
"""The route that takes requests which name no model, and its other name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """All declarations of a policy by name, in the order of the text; `used` grows as passes look names up."""

    upstreams: Mapping[str, Declaration]
    models: Mapping[str, Declaration]
    classifiers: Mapping[str, Declaration]
    lets: Mapping[str, Let]
    pools: Mapping[str, Pool]
    routes: Mapping[str, Route]
    defaults: tuple[Setting, ...]
    defaults_span: Span | None
    asserts: tuple[Assert, ...]
    used: set[str] = field(default_factory=set)

    @property
    def open(self) -> bool:
        """Whether no model is declared, so that targets' names stand for themselves."""
        return not self.models


def collect(files: Sequence[File], findings: Findings) -> Names:
    """Sort the statements of all files by what they declare; report names declared twice."""
    statements = [statement for file in files for statement in file.statements]
    declarations = [s for s in statements if isinstance(s, Declaration)]
    models = [d for d in declarations if d.keyword == "model"]
    pools = [s for s in statements if isinstance(s, Pool)]
    lets = [s for s in statements if isinstance(s, Let)]
    classifiers = [d for d in declarations if d.keyword == "classifier"]
    routes = _routes(files, statements, findings)
    _unique([*(d.name for d in models), *(p.name for p in pools), *(n for r in routes for n in r.names)], findings)
    _unique([*(let.name for let in lets), *(d.name for d in classifiers)], findings)
    upstreams = [d for d in declarations if d.keyword == "upstream"]
    _unique([d.name for d in upstreams], findings)
    defaults = [s for s in statements if isinstance(s, Defaults)]
    for again in defaults[1:]:
        findings.twice("R0203", again.span, "`defaults` stands twice", defaults[0].span)
    return Names(
        upstreams={d.name.text: d for d in upstreams},
        models={d.name.text: d for d in models},
        classifiers={d.name.text: d for d in classifiers},
        lets={d.name.text: d for d in lets},
        pools={d.name.text: d for d in pools},
        routes={r.names[0].text: r for r in routes},
        defaults=tuple(setting for d in defaults[:1] for setting in d.settings),
        defaults_span=defaults[0].span if defaults else None,
        asserts=tuple(s for s in statements if isinstance(s, Assert)),
    )


def _unique(names: Iterable[Name], findings: Findings) -> None:
    first: dict[str, Name] = {}
    for name in names:
        if name.text in first:
            findings.twice("R0203", name.span, f"`{name.text}` is declared twice", first[name.text].span)
        else:
            first[name.text] = name


def _routes(files: Sequence[File], statements: Iterable[Statement], findings: Findings) -> list[Route]:
    routes = [s for s in statements if isinstance(s, Route)]
    bare = [route for file in files for route in _bare_route(file)]
    for again in bare[1:]:
        message = "rules outside any `route` stand in two files"
        findings.twice("R0506", _head(again), message, _head(bare[0]))
    for route in routes:
        if bare and any(name.text == MAIN_ROUTE for name in route.names):
            message = f"the route `{MAIN_ROUTE}` is declared, and rules outside any route make it up too"
            findings.twice("R0506", route.names[0].span, message, _head(bare[0]))
            return routes
    return bare[:1] + routes


def _bare_route(file: File) -> Iterator[Route]:
    body = tuple(s for s in file.statements if isinstance(s, Rule | Block | Setting))
    if body:
        span = body[0].span.to(body[-1].span)
        yield Route((Name(MAIN_ROUTE, span=span),), body, span=span)


def _head(route: Route) -> Span:
    first = route.body[0]
    return first.name.span if isinstance(first, Setting) else first.keyword


def is_empty(files: Iterable[File]) -> bool:
    """Whether nothing is said in any of the files, imports apart."""
    return all(isinstance(statement, Import) for file in files for statement in file.statements)
