"""Other worlds for a request: models quick and slow, idle and down, each draw, other hours; as values and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.base.units import WHOLE, to_json
from routedsl.engine.world import World
from routedsl.language.policy import Ranked, Rule

Told = Mapping[str, object]
_SLOW, _QUICK = 2_000_000, 1_000
"""Microseconds."""


class Variant(Struct, frozen=True):
    """A world that differs from another as told, in the form of an envelope's `world`."""

    world: World
    told: Told


def variants(world: World, rules: Sequence[Rule], *, hours: bool) -> Iterator[Variant]:
    """Worlds in which targets of rules may choose otherwise, the plainest first; where clocks matter, all hours."""
    targets = [rule.target for rule in rules if isinstance(rule.target, Ranked)]
    models = tuple(dict.fromkeys(candidate.model for target in targets for candidate in target.candidates))
    shared = any(target.shares for target in targets)
    # Where the request's id would draw, a witness that tells none would be another request each time.
    plain = _drawn(world, 0) if shared and world.draw is None else Variant(world, {})
    yield plain
    yield from (_drawn(world, draw) for draw in _draws(targets))
    others = [
        *(_favoured(plain.world, model, models) for model in models if len(models) > 1),
        *(_without(plain.world, model) for model in models if len(models) > 1),
        *(_sticky(plain.world, model) for model in models if any(rule.options.sticky for rule in rules)),
        *(_later(plain.world, hour) for hour in range(24 * 7 if hours else 0)),
    ]
    yield from (Variant(other.world, {**plain.told, **other.told}) for other in others)


def _draws(targets: Sequence[Ranked]) -> Iterator[int]:
    """A draw at each end of each share."""
    for target in targets:
        end = 0
        for share in target.shares:
            end += share
            yield from (draw for draw in (end - 1, end) if 0 <= draw < WHOLE)


def _drawn(world: World, draw: int) -> Variant:
    return Variant(replace(world, draw=draw), {"draw": to_json(Type.SHARE, draw)})


def _favoured(world: World, best: str, models: Sequence[str]) -> Variant:
    """One model is quick and idle, and the others are not."""
    states = {model: (_QUICK, 0) if model == best else (_SLOW, WHOLE // 2) for model in models}
    changed = {
        model: replace(world.model(model), latency=latency, load=load) for model, (latency, load) in states.items()
    }
    told = {
        model: {"latency": to_json(Type.DURATION, latency), "load": to_json(Type.SHARE, load)}
        for model, (latency, load) in states.items()
    }
    return Variant(replace(world, models={**world.models, **changed}), {"models": told})


def _without(world: World, model: str) -> Variant:
    changed = replace(world.model(model), up=False)
    return Variant(replace(world, models={**world.models, model: changed}), {"models": {model: {"up": False}}})


def _sticky(world: World, model: str) -> Variant:
    return Variant(replace(world, sticky=model), {"sticky": model})


def _later(world: World, hours: int) -> Variant:
    now = world.now + timedelta(hours=hours)
    return Variant(replace(world, now=now), {"time": f"{now:%Y-%m-%dT%H:%M:%SZ}"})


def told_with(envelope: Told, variant: Variant) -> Told:
    """An envelope with a variant's world in it."""
    if not variant.told:
        return envelope
    world = _merged(envelope.get("world", {}), variant.told)
    around = {name: value for name, value in envelope.items() if name != "body"}
    return {**around, "world": world, "body": envelope["body"]}


def _merged(one: object, other: object) -> object:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other
    return {**one, **{name: _merged(one.get(name), value) for name, value in other.items()}}
