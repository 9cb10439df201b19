"""Witnesses: a request that lies in a box and does what is claimed of the box, tested before it is shown."""

from collections.abc import Callable, Mapping
from itertools import islice

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.bodies import ENDPOINT, bodies, endpoint_in
from routedsl.analysis.conversation import Demands
from routedsl.analysis.regions import Box
from routedsl.analysis.samples import value_in
from routedsl.analysis.space import Space
from routedsl.analysis.surroundings import SPENT, STATE, Surroundings, surroundings
from routedsl.analysis.wanted import Wanted, wanted_in
from routedsl.base.diagnostic import Witness
from routedsl.base.types import Value
from routedsl.base.units import to_json
from routedsl.engine.address import Destination
from routedsl.engine.facts import NOTHING_PINNED, Facts, readings
from routedsl.engine.program import Program
from routedsl.engine.protocol import Arrival
from routedsl.engine.request import Request, RequestError
from routedsl.engine.world import World

MOST_TRIES = 60
"""Requests that are tried before a finding is only possible."""
BUILT = frozenset(
    {
        *("messages", "turns", "chars", "words", "tokens", "total_tokens", "text", "last", "system", "last_chars"),
        *("system_chars", "tools", "tool_calls", "images", "audio", "files", "json", "stream", "model", "max_tokens"),
        *("temperature", "effort", "user", "session", "header", "metadata", "key", "endpoint", "time", "weekday"),
        *("draw", "cost", *SPENT, *STATE),
    }
)
"""The signals that a request or a world is made for; any other, which an extension derives, is pinned."""


class Trial(Struct, frozen=True):
    """A request that lies in the box: what `Program.decide` and `explain` take, and its facts."""

    request: Request
    world: World
    pinned: Mapping[str, Value]
    facts: Facts


def witness(box: Box, space: Space, program: Program, to: Destination, check: Callable[[Trial], bool]) -> Witness:
    """A request of a box, addressed to a route or to a declared model, that passes a check.

    `check` is asked about requests that lie in the box: whether the policy, by the reference evaluator,
    does with them what is claimed. Of the box's facts only what is not so by default is in the envelope.
    """
    demands = wanted_in(box, space)
    around = surroundings(demands, program.policy.timezone)
    for body in islice(bodies(demands, program, to), MOST_TRIES):
        trial = _trial(body, around, demands, program)
        if trial is not None and check(trial):
            return Witness(True, _envelope(body, around, trial, demands), _facts_of(trial.facts, demands))
    return Witness(False, facts=_possible(demands))


def _trial(body: object, around: Surroundings, demands: Demands, program: Program) -> Trial | None:
    """The request as the gateway reads it; None where it does not lie in the box after all."""
    parse = program.catalog.protocols[endpoint_in(demands, program)].parse
    try:
        request = parse(msgspec.json.encode(body), Arrival(headers=around.headers, key=around.key))
    except (RequestError, UnicodeEncodeError):
        return None
    facts = _facts(request, around.world, demands, program, NOTHING_PINNED)
    pinned = {name: value_in(wanted) for name, wanted in demands.items() if not wanted.allows(facts.ask(name))}
    if not all(_may_pin(demands[name], value) for name, value in pinned.items()):
        return None
    fresh = _facts(request, around.world, demands, program, pinned)
    return Trial(request, around.world, pinned, fresh)


def _may_pin(wanted: Wanted, value: Value) -> bool:
    return wanted.fact.signal not in BUILT and wanted.allows(value)


def _facts(request: Request, world: World, demands: Demands, program: Program, pinned: Mapping[str, Value]) -> Facts:
    """The facts of a request, those included that the box names and the rules do not."""
    policy, known = program.policy, program.readings
    more = readings(program.catalog, policy.models, policy.timezone, {n: wanted.fact for n, wanted in demands.items()})
    return Facts(replace(known, named={**known.named, **more.named}), request, world, pinned)


def _envelope(body: object, around: Surroundings, trial: Trial, demands: Demands) -> Mapping[str, object]:
    facts = {name: to_json(demands[name].fact.type, value) for name, value in trial.pinned.items()}
    endpoint = trial.request.endpoint
    told = {"endpoint": endpoint if endpoint != ENDPOINT else None, **around.told, "facts": facts or None}
    return {**{name: value for name, value in told.items() if value is not None}, "body": body}


def _facts_of(facts: Facts, demands: Demands) -> dict[str, object]:
    return {name: to_json(wanted.fact.type, facts.ask(name)) for name, wanted in demands.items()}


def _possible(demands: Demands) -> dict[str, object]:
    values = {name: value_in(wanted) for name, wanted in demands.items()}
    return {
        name: to_json(demands[name].fact.type, value) for name, value in values.items() if demands[name].allows(value)
    }
