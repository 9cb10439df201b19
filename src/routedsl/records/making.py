"""A record from what happened: the request, its decision in its world, the attempts, and how it ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from routedsl.base.units import DOLLAR, DURATIONS, WHOLE
from routedsl.engine.decision import Decision
from routedsl.engine.price import bill
from routedsl.engine.program import Program
from routedsl.engine.report import options_to_json
from routedsl.engine.request import Request
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.language.policy import Model
from routedsl.records.recipe import LONGEST_TEXT, Recipe, Recipes, Seen, is_text
from routedsl.records.record import Attempt, Record, StateRecord, WorldRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One decided request that has ended. Durations are microseconds, as everywhere but in records."""

    request: Request
    world: World
    decision: Decision
    program: Program
    generation: int
    recipes: Recipes
    attempts: Sequence[Attempt]
    status: int | None
    end: str
    served_by: str | None
    took: int
    first_token: int | None

    @property
    def weight(self) -> int:
        """Bytes of the body."""
        return len(self.request.body)

    @property
    def ready(self) -> bool:
        """Whether what its policy asks of texts is compiled."""
        return self.recipes.has(self.program)

    def record(self, *, whole: bool = True) -> Record:
        """The record; without `whole` the body is not read for facts that nobody has asked yet."""
        known, recipe = self.decision.facts, self.recipes.of(self.program)
        seen = (recipe.read if whole else recipe.glance)(self.request, self.world, known)
        return _record(self, recipe, seen)


def _record(happened: Happened, recipe: Recipe, seen: Seen) -> Record:
    request, decision = happened.request, happened.decision
    tokens = _tokens(happened.attempts, happened.served_by)
    return Record(
        id=request.id,
        received=instant_to_json(happened.world.now),
        endpoint=request.endpoint,
        key=request.key,
        asked=_short(request.model),
        stream=request.stream,
        route=decision.route,
        rule=decision.rule,
        at=decision.at,
        action=decision.action.value,
        code=decision.code,
        chain=decision.chain,
        options=options_to_json(decision.options),
        policy=decision.policy,
        generation=happened.generation,
        attempts=tuple(happened.attempts),
        status=happened.status,
        end=happened.end,
        served_by=happened.served_by,
        tokens_in=tokens and tokens[0],
        tokens_out=tokens and tokens[1],
        cost=cost_of(happened.attempts, happened.program.policy.models),
        took=seconds(happened.took),
        first_token=maybe_seconds(happened.first_token),
        facts=seen.facts,
        hashed=seen.hashed,
        predicates=seen.predicates,
        features=seen.features,
        world=world_to_json(happened.world, happened.program.policy.models, seen.draw, decision.rule),
        hash_key=recipe.mark,
        classifiers=recipe.classifiers,
        ahead=decision.ahead,
    )


def instant_to_json(instant: datetime) -> str:
    """A time in UTC, to the microsecond."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def seconds(microseconds: int) -> float:
    """A duration as records have it."""
    return microseconds / DURATIONS["s"]


def maybe_seconds(microseconds: int | None) -> float | None:
    """The same; None where it was not reached."""
    return None if microseconds is None else seconds(microseconds)


def _short(text: str | None) -> str | None:
    """What fits of a text that a client wrote."""
    if text is None:
        return None
    return text[:LONGEST_TEXT] if is_text(text) else text[:LONGEST_TEXT].encode("utf-8", "replace").decode()


def _tokens(attempts: Sequence[Attempt], served_by: str | None) -> tuple[int, int] | None:
    """What the answering attempt was told to have used."""
    told = (each.tokens for each in reversed(attempts) if each.model == served_by and each.tokens is not None)
    return next(told, None)


def cost_of(attempts: Sequence[Attempt], models: Mapping[str, Model]) -> float | None:
    """Dollars for what the attempts are known to have used, by declared prices; None where one answered untold."""
    total = 0
    for attempt in attempts:
        model = models.get(attempt.model)
        if model is None or not (model.input_price or model.output_price):
            continue
        if attempt.tokens is not None:
            total += bill(model, attempt.tokens)
        elif attempt.outcome == "ok":
            return None
    return total / DOLLAR


def world_to_json(world: World, models: Iterable[str], draw: int | None, rule: str | None) -> WorldRecord:
    """The world of declared models as an envelope has it, with the draw that the request had in it.

    Of what is measured for each rule it has what the deciding one ranked by.
    """
    measured = ((name, world.model(name)) for name in models)
    return WorldRecord(
        time=instant_to_json(world.now),
        draw=None if draw is None else draw / WHOLE,
        models={name: _state(state, rule) for name, state in measured if state != UNMEASURED},
        sticky=world.sticky,
        sticky_age=seconds(world.sticky_age),
        sticky_before={name: seconds(age) for name, age in world.sticky_before.items()},
        spent_today=world.spent_today / DOLLAR,
        spent_month=world.spent_month / DOLLAR,
        total_spent_today=world.total_spent_today / DOLLAR,
        total_spent_month=world.total_spent_month / DOLLAR,
        requests_per_minute=world.requests_per_minute,
        tokens_per_minute=world.tokens_per_minute,
    )


def _state(state: ModelState, rule: str | None) -> StateRecord:
    return StateRecord(
        up=state.up,
        latency=maybe_seconds(state.latency),
        first_token=maybe_seconds(state.first_token),
        errors=state.errors / WHOLE,
        inflight=state.inflight,
        queue=state.queue,
        load=state.load / WHOLE,
        slots=state.slots,
        loaded=state.loaded,
        memory_free=None if state.memory_free is None else state.memory_free / WHOLE,
        success=None if state.success is None else state.success / WHOLE,
        success_by_rule={name: share / WHOLE for name, share in state.success_by_rule.items() if name == rule},
        speed=state.speed,
        typical_output=state.typical_output,
        typical_outputs={name: number for name, number in state.typical_outputs.items() if name == rule},
    )
