"""What came of replaying records, as counts that merge: parts of a file are replayed apart, and added up in any order.

Money is whole pico-dollars, so that no order of adding matters.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from routedsl.base.units import DOLLAR
from routedsl.engine.price import bill
from routedsl.language.policy import Model
from routedsl.records.record import Past
from routedsl.records.spread import Spread, step_of
from routedsl.records.upshots import Move, Upshot

_ANSWERED, _WHOLE = "ok", "whole"

Counted = TypeVar("Counted", bound=Hashable)


class Bill(Struct, frozen=True):
    """What requests cost, `old`, and would have cost, `new`, in pico-dollars.

    `known` says how many it is about: those of which both are known.
    """

    known: int = 0
    old: int = 0
    new: int = 0

    def plus(self, other: "Bill") -> "Bill":
        """Both bills together."""
        return Bill(self.known + other.known, self.old + other.old, self.new + other.new)


class Moved(Struct, frozen=True):
    """The requests that made one move; `took` is how long those took, in seconds, that had a whole answer."""

    requests: int = 0
    bill: Bill = Bill()
    took: Spread = {}

    def plus(self, other: "Moved") -> "Moved":
        """Those of both."""
        return Moved(self.requests + other.requests, self.bill.plus(other.bill), added(self.took, other.took))


class Tally(Struct, frozen=True, kw_only=True):
    """What came of replaying some records.

    `kept` counts those that went where they had gone, by the first model of their chains, None for refusals.
    `unreplayed` are the others that did not move; `unrecorded` counts what they lack. `answers` are the times that
    models took to answer, in seconds, and `models` all that any record names.
    """

    kept: Mapping[str | None, int] = {}
    moves: Mapping[Move, Moved] = {}
    unreplayed: int = 0
    unrecorded: Mapping[str, int] = {}
    answers: Mapping[str, Spread] = {}
    models: frozenset[str] = frozenset()

    @property
    def moved(self) -> int:
        """How many have another upshot."""
        return sum(moved.requests for moved in self.moves.values())

    @property
    def replayed(self) -> int:
        """How many could be decided again."""
        return sum(self.kept.values()) + self.moved

    @property
    def records(self) -> int:
        """How many there were."""
        return self.replayed + self.unreplayed

    def merged(self, other: "Tally") -> "Tally":
        """Both tallies in one."""
        return Tally(
            kept=added(self.kept, other.kept),
            moves={
                move: self.moves.get(move, Moved()).plus(other.moves.get(move, Moved()))
                for move in {**self.moves, **other.moves}
            },
            unreplayed=self.unreplayed + other.unreplayed,
            unrecorded=added(self.unrecorded, other.unrecorded),
            answers={
                model: added(self.answers.get(model, {}), other.answers.get(model, {}))
                for model in {**self.answers, **other.answers}
            },
            models=self.models | other.models,
        )


def added(one: Mapping[Counted, int], other: Mapping[Counted, int]) -> dict[Counted, int]:
    """Two counts of the same things in one."""
    return {each: one.get(each, 0) + other.get(each, 0) for each in {**one, **other}}


# ── counting ────────────────────────────────────────────────────────────────────────────────────


class _Moving:
    """One move that is being counted."""

    def __init__(self) -> None:
        self.requests = 0
        self.bill = Bill()
        self.took: Counter[int] = Counter()


class Count:
    """A tally that is being counted."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        """Count nothing yet; `models` are those of the policy that decides now."""
        self._prices = models
        self._kept: Counter[str | None] = Counter()
        self._moves: dict[Move, _Moving] = {}
        self._unreplayed = 0
        self._unrecorded: Counter[str] = Counter()
        self._answers: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._models: set[str] = set()

    def seen(self, past: Past) -> None:
        """A record, whatever becomes of it."""
        if not past.world.models.keys() <= self._models or not self._models.issuperset(past.chain):
            self._models.update(past.chain, past.world.models)
        for attempt in past.attempts:
            if attempt.outcome == _ANSWERED:
                self._answers[attempt.model][step_of(attempt.took)] += 1

    def unreplayed(self, unrecorded: Iterable[str]) -> None:
        """One that lacks something."""
        self._unreplayed += 1
        self._unrecorded.update(unrecorded)

    def kept(self, upshot: Upshot) -> None:
        """One that goes where it went."""
        self._kept[upshot.model] += 1

    def moved(self, move: Move, past: Past) -> None:
        """One that goes elsewhere."""
        count = self._moves.get(move)
        if count is None:
            count = self._moves[move] = _Moving()
        count.requests += 1
        new = price_of(move.new, past, self._prices)
        if past.cost is not None and new is not None:
            count.bill = count.bill.plus(Bill(1, round(past.cost * DOLLAR), new))
        if past.served_by is not None and past.end == _WHOLE:
            count.took[step_of(past.took)] += 1

    def tally(self) -> Tally:
        """What was counted."""
        return Tally(
            kept=dict(self._kept),
            moves={move: Moved(each.requests, each.bill, dict(each.took)) for move, each in self._moves.items()},
            unreplayed=self._unreplayed,
            unrecorded=dict(self._unrecorded),
            answers={model: dict(spread) for model, spread in self._answers.items()},
            models=frozenset(self._models),
        )


def price_of(upshot: Upshot, past: Past, models: Mapping[str, Model]) -> int | None:
    """What a recorded request would cost where the first of a chain answers as long as was answered, in pico-dollars.

    None where nobody told its tokens. Nobody's answer is free, and so is a model without a price.
    """
    model = None if upshot.model is None else models.get(upshot.model)
    if model is None or not (model.input_price or model.output_price):
        return 0
    if past.tokens_in is None or past.tokens_out is None:
        return None
    return bill(model, (past.tokens_in, past.tokens_out))
