"""What two programs declare differently: models, upstreams, defaults, and the names that clients may ask for."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from routedsl.base.types import Type, Value
from routedsl.base.units import Quantity, render_quantity
from routedsl.engine.address import Destination, ToModel, ToRoute
from routedsl.engine.program import Program
from routedsl.language.policy import Classifier, Model, Options, Policy, Upstream
from routedsl.language.written import named, quoted

_TYPES: Mapping[str, Type] = MappingProxyType(
    {
        **dict.fromkeys(("connect", "timeout", "first_token", "idle", "deadline", "sticky", "hedge"), Type.DURATION),
        **dict.fromkeys(("input_price", "output_price"), Type.MONEY),
        **dict.fromkeys(("context", "typical_output", "slots", "retry", "max_output"), Type.COUNT),
        "quality": Type.NUMBER,
        "explore": Type.SHARE,
    }
)
"""The settings that are numbers, by their names."""
_UNWRITTEN = frozenset({"name", "signal", "span"})
"""What is known of a declaration and stands in no setting."""
_OF_UPSTREAM = frozenset({"slots"})
"""What a model has from its upstream, which tells it."""
_NAMES = frozenset(
    {"upstream", "protocol", "kind", "fallback", "supports", "fallback_on", "buffer", "explicit", "timezone"}
)
"""The settings whose texts are words or names, which stand without quotes where they can."""


Declared = TypeVar("Declared", Model, Upstream, Classifier)


class Change(Struct, frozen=True):
    """One thing that is declared differently; `old` or `new` is None where it is not declared there."""

    kind: str
    name: str
    setting: str | None
    old: str | None
    new: str | None


def declared_changes(old: Program, new: Program) -> tuple[Change, ...]:
    """Everything that is declared differently, in the order of the old program's text, then of the new one's."""
    return tuple(_changes(old, new))


def _changes(old: Program, new: Program) -> Iterator[Change]:
    yield from _names(old, new)
    yield from _declared("upstream", old.policy.upstreams, new.policy.upstreams)
    yield from _declared("model", old.policy.models, new.policy.models)
    yield from _declared("classifier", old.policy.classifiers, new.policy.classifiers)
    yield from _settings("defaults", "", _defaults(old.policy), _defaults(new.policy))


def _declared(kind: str, old: Mapping[str, Declared], new: Mapping[str, Declared]) -> Iterator[Change]:
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        if before is not None and after is not None:
            yield from _settings(kind, name, _written(before), _written(after))
        else:
            there = (None if one is None else "declared" for one in (before, after))
            yield Change(kind, name, None, *there)


def _settings(kind: str, name: str, old: Mapping[str, str | None], new: Mapping[str, str | None]) -> Iterator[Change]:
    for setting in old:
        if old[setting] != new[setting]:
            yield Change(kind, name, setting, old[setting], new[setting])


def _written(declared: Declared | Options) -> dict[str, str | None]:
    left_out = _UNWRITTEN | _OF_UPSTREAM if isinstance(declared, Model) else _UNWRITTEN
    return {name: _text(name, value) for name, value in asdict(declared).items() if name not in left_out}


def _defaults(policy: Policy) -> dict[str, str | None]:
    return {
        **_written(policy.defaults),
        "explicit": None if policy.explicit is None else _text("explicit", policy.explicit),
        "timezone": quoted(policy.timezone),
    }


def _text(setting: str, value: Value) -> str | None:
    """A setting's value as a policy writes it; None where it is not written."""
    match value:
        case None:
            return None
        case tuple():
            return f"[{', '.join(named(item) if setting in _NAMES else quoted(item) for item in value)}]"
        case int() | float():
            return render_quantity(Quantity(_TYPES[setting], value))
        case str() if setting == "key":
            return f"${value}"
        case _:
            return named(value) if setting in _NAMES else quoted(value)


# ── names that clients ask for ──────────────────────────────────────────────────────────────────


def _names(old: Program, new: Program) -> Iterator[Change]:
    """Names that are answered in one program only, or by a route in one and a model in the other; and patterns."""
    for name in {**old.addresses.exact, **new.addresses.exact}:
        before, after = (_destination(program.addresses.find(name)) for program in (old, new))
        if before != after and not (_is_route(before) and _is_route(after)):
            yield Change("name", name, None, before, after)
    before_all, after_all = _patterns(old.policy), _patterns(new.policy)
    for pattern in {**before_all, **after_all}:
        if before_all.get(pattern) != after_all.get(pattern):
            yield Change("pattern", pattern, None, before_all.get(pattern), after_all.get(pattern))


def _patterns(policy: Policy) -> dict[str, str]:
    """The route that a pattern leads to; of two with the same pattern the first."""
    listed = [(pattern, f"route {named(route.name)}") for route in policy.routes.values() for pattern in route.patterns]
    return dict(reversed(listed))


def _destination(found: Destination) -> str | None:
    match found:
        case ToRoute(route=route):
            return f"route {named(route)}"
        case ToModel(model=model):
            return f"model {named(model)}"
        case _:
            return None


def _is_route(destination: str | None) -> bool:
    return destination is not None and destination.startswith("route ")
