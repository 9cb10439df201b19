"""What stands around a body: headers, the key, the clock, the draw, the state of models; as values and as JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from routedsl.analysis.bodies import asked, keyed
from routedsl.analysis.conversation import Demands
from routedsl.analysis.samples import value_in
from routedsl.base.types import Type, Value
from routedsl.base.units import WHOLE, Quantity, render_quantity, to_json
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.language.policy import Fact

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NOON = 12 * 60
_BY_RULE = frozenset({"typical_outputs", "success_by_rule"})
"""What a world tells of a model for each rule apart; the facts themselves are told beside it."""
STATE = frozenset(ModelState.__struct_fields__) - _BY_RULE
"""The facts of a model that a world tells."""
SPENT = (
    "spent_today",
    "spent_month",
    "total_spent_today",
    "total_spent_month",
    "requests_per_minute",
    "tokens_per_minute",
)
"""The facts that a world tells by their own names: what was spent, and the rates."""


class Surroundings(Struct, frozen=True):
    """What came with the body, and the world; `told` is how an envelope tells them."""

    headers: Mapping[str, str]
    key: str | None
    world: World
    told: Mapping[str, object]


def surroundings(demands: Demands, timezone: str) -> Surroundings:
    """What is demanded of anything but the body; what is as it is by default is not told."""
    headers, key = keyed("header", demands), asked("key", demands)
    now, draw = _now(demands, timezone), _draw(demands)
    states, spent = _states(demands), _spent(demands)
    told = {**_told(now, draw, states), **{name: to_json(demands[name].fact.type, n) for name, n in spent.items()}}
    around = {"headers": headers or None, "key": key, "world": told or None}
    return Surroundings(
        headers=headers,
        key=key if isinstance(key, str) else None,
        world=replace(
            World(
                now=now or MONDAY + timedelta(minutes=NOON),
                draw=draw,
                models={model: _state(facts) for model, facts in states.items()},
            ),
            **spent,
        ),
        told={name: value for name, value in around.items() if value is not None},
    )


def _now(demands: Demands, timezone: str) -> datetime | None:
    """A minute of a week without changes of the clock; None where any will do."""
    if "time" not in demands and "weekday" not in demands:
        return None
    minute, day = asked("time", demands, default=NOON), asked("weekday", demands, default=DAYS[0])
    if not isinstance(minute, int) or day not in DAYS:
        return None
    local = MONDAY + timedelta(days=DAYS.index(str(day)), minutes=minute)
    return local.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def _draw(demands: Demands) -> int | None:
    draw = asked("draw", demands)
    return draw if isinstance(draw, int) and draw < WHOLE else None


def _spent(demands: Demands) -> dict[str, int]:
    """What was spent, and the rates, where they must be something else than nothing."""
    values = {name: value_in(demands[name], 0) for name in SPENT if name in demands}
    return {name: value for name, value in values.items() if isinstance(value, int) and value}


def _states(demands: Demands) -> dict[str, dict[Fact, Value]]:
    """What is measured of each model, where it must be something else than at the start."""
    states: dict[str, dict[Fact, Value]] = {}
    for wanted in demands.values():
        fact = wanted.fact
        if fact.model is None or fact.signal not in STATE:
            continue
        start = getattr(UNMEASURED, fact.signal)
        value = value_in(wanted, start)
        if value != start:
            states.setdefault(fact.model, {})[fact] = value
    return states


def _state(facts: Mapping[Fact, Value]) -> ModelState:
    return ModelState(**{fact.signal: value for fact, value in facts.items()})  # type: ignore[arg-type]  # each is of its type


def _told(now: datetime | None, draw: int | None, states: Mapping[str, Mapping[Fact, Value]]) -> dict[str, object]:
    world: dict[str, object] = {}
    if now is not None:
        world["time"] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    if draw is not None:
        world["draw"] = to_json(Type.SHARE, draw)
    if states:
        world["models"] = {
            model: {fact.signal: _shown(fact.type, value) for fact, value in facts.items()}
            for model, facts in states.items()
        }
    return world


def _shown(type_: Type, value: Value) -> object:
    """A value as an envelope has it: a duration with its unit, which reads better than its seconds."""
    if type_ is Type.DURATION and isinstance(value, int):
        return render_quantity(Quantity(type_, value))
    return to_json(type_, value)
