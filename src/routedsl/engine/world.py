"""What is true at the moment of a decision and not of the request: clock, draw, health, load."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class ModelState(Struct, frozen=True, kw_only=True):
    """A model's recent behaviour, and what its server tells.

    Durations are microseconds, shares parts per million; None is not measured, or not told. `load` passes
    the whole where requests wait. `typical_output` is the median of the tokens of answers, `typical_outputs` that
    of the answers to requests which a rule decided, by the rule's name; `success_by_rule` likewise.
    """

    up: bool = True
    latency: int | None = None
    first_token: int | None = None
    errors: int = 0
    inflight: int = 0
    queue: int = 0
    load: int = 0
    slots: int | None = None
    loaded: bool | None = None
    memory_free: int | None = None
    success: int | None = None
    success_by_rule: Mapping[str, int] = {}
    speed: float | None = None
    typical_output: int | None = None
    typical_outputs: Mapping[str, int] = {}


UNMEASURED = ModelState()


class World(Struct, frozen=True, kw_only=True):
    """The world as given to one decision: the engine never asks for the time or for chance.

    `now` is aware of its zone. `draw`, in parts per million, replaces the draw that the request
    would give. `sticky` is the last model of the request's conversation, `sticky_age` the time since
    then in microseconds; `sticky_before` has others that answered it, each with its own. Models that
    are not named are up and unmeasured.

    What was spent, in pico-dollars, and the two rates are those of the request's key, without keys those of
    all requests; `total_…` are of all in any case.
    """

    now: datetime
    draw: int | None = None
    models: Mapping[str, ModelState] = {}
    sticky: str | None = None
    sticky_age: int = 0
    sticky_before: Mapping[str, int] = {}
    spent_today: int = 0
    spent_month: int = 0
    total_spent_today: int = 0
    total_spent_month: int = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0

    def model(self, name: str) -> ModelState:
        """What is known of a model."""
        return self.models.get(name, UNMEASURED)
