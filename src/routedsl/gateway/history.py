"""The history of each model, and of each under each rule. It outlives every reload, and with records a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from routedsl.base.units import DURATIONS
from routedsl.engine.history import NONE_YET, Standing, lasting_name, name_in, samples, score_of, share_of, with_more
from routedsl.engine.world import UNMEASURED, ModelState
from routedsl.gateway.clock import Clock
from routedsl.gateway.reply import AttemptRecord

MOST_RULES = 64
"""Rules whose history is kept of one model: those of late."""
STEADY = DURATIONS["m"]
"""How long a share stands that nothing was added to: what fades in that time is little."""


class Success(NamedTuple):
    """The share of good outcomes of a model, and that under rules; what has too few samples is left out."""

    share: int | None
    by_rule: Mapping[str, int]


@dataclass(slots=True)
class _Model:
    whole: Standing = NONE_YET
    rules: dict[str, Standing] = field(default_factory=dict)


class History:
    """Counts of good and bad outcomes. Times are microseconds since 1970."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._models: dict[str, _Model] = {}
        self._seen: dict[str, Success] = {}
        self._policy = ""
        self._since = 0

    def note(self, attempts: Iterable[AttemptRecord], rule: str | None, policy: str) -> None:
        """The attempts of a request have ended that a rule of a policy sent on."""
        now, name = self._now(), None if rule is None else lasting_name(rule, policy)
        for attempt in attempts:
            score = score_of(attempt.outcome)
            if score is not None:
                self.add(attempt.model, name, Standing(1, score, now))

    def add(self, model: str, rule: str | None, more: Standing) -> None:
        """More of a model, under a rule by its lasting name. A count of 0 changes how good others were."""
        known = self._models.setdefault(model, _Model())
        known.whole = with_more(known.whole, more.count, more.good, more.at)
        if rule is not None:
            before = known.rules.pop(rule, NONE_YET)
            known.rules[rule] = with_more(before, more.count, more.good, more.at)
            if len(known.rules) > MOST_RULES:
                del known.rules[next(iter(known.rules))]
        self._seen.pop(model, None)

    def samples(self, model: str) -> float:
        """How many outcomes of a model count now."""
        return samples(self._models.get(model, _Model()).whole, self._now())

    def merged(self, states: Mapping[str, ModelState], policy: str) -> Mapping[str, ModelState]:
        """What is known of models, with how well they did; rules by their names in this policy."""
        known = {name: self._success(name, policy) for name in self._models}
        told = {
            name: replace(states.get(name, UNMEASURED), success=success.share, success_by_rule=success.by_rule)
            for name, success in known.items()
            if success.share is not None
        }
        return {**states, **told} if told else states

    def _success(self, name: str, policy: str) -> Success:
        now = self._clock.monotonic()
        if policy != self._policy or now - self._since > STEADY:
            self._seen, self._policy, self._since = {}, policy, now
        found = self._seen.get(name)
        if found is None:
            found = self._seen[name] = _success(self._models[name], policy, self._now())
        return found

    def _now(self) -> int:
        return round(self._clock.now().timestamp() * DURATIONS["s"])


def _success(model: _Model, policy: str, now: int) -> Success:
    shares = ((name_in(rule, policy), share_of(standing, now)) for rule, standing in model.rules.items())
    known = {rule: share for rule, share in shares if rule is not None and share is not None}
    return Success(share_of(model.whole, now), known)
