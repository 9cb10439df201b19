"""Traffic that was recorded, and the machines that records tell of."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from statistics import median

from msgspec import Struct

from routedsl.base.units import DURATIONS
from routedsl.language.policy import Policy
from routedsl.records.record import Record
from routedsl.records.replay import Replayer
from routedsl.simulation.machines import TYPICAL, Machine
from routedsl.simulation.traffic import Asked

SECOND = DURATIONS["s"]
TYPICAL_ANSWER = 200
"""Tokens of the answer to a request, where no record tells how many any had."""


class History(Struct, frozen=True, kw_only=True):
    """What records say as a whole.

    Times are microseconds: `start` since 1970, `length` of all. `answer` is how many tokens the middle answer
    has. `measured` are the machines of models that answered. `unrecorded` says how many requests lack what.
    """

    requests: int
    start: int
    length: int
    answer: int
    measured: Mapping[str, Machine]
    unrecorded: Mapping[str, int]


def history_of(records: Iterable[Record], replayer: Replayer) -> History:
    """What records say, in the order in which their requests came."""
    start, last, count = None, 0, 0
    samples: defaultdict[str, _Samples] = defaultdict(_Samples)
    answers: list[int] = []
    unrecorded: Counter[str] = Counter()
    for record in records:
        count, last = count + 1, _received(record)
        start = last if start is None else start
        unrecorded.update(replayer.decide(record).unrecorded)
        if record.tokens_out is not None:
            answers.append(record.tokens_out)
        for attempt in record.attempts:
            if attempt.outcome == "ok" and attempt.tokens is not None:
                samples[attempt.model].add(attempt.took, attempt.first_token, attempt.tokens[1])
    return History(
        requests=count,
        start=start or 0,
        length=last - (start or 0),
        answer=round(median(answers)) if answers else TYPICAL_ANSWER,
        measured={model: found.machine() for model, found in samples.items()},
        unrecorded=unrecorded,
    )


class _Samples:
    """What attempts tell of one model."""

    def __init__(self) -> None:
        self._firsts: list[float] = []
        self._speeds: list[float] = []

    def add(self, took: float, first: float | None, tokens: int) -> None:
        """An attempt took so many seconds; one that did not stream has no first token."""
        if first is not None:
            self._firsts.append(first)
        writing = took - (first or 0)
        if tokens > 0 and writing > 0:
            self._speeds.append(tokens / writing)

    def machine(self) -> Machine:
        return Machine(
            speed=median(self._speeds) if self._speeds else TYPICAL.speed,
            first_token=round(median(self._firsts) * SECOND) if self._firsts else 0,
        )


def arrivals(records: Iterable[Record], replayer: Replayer, history: History) -> Iterator[Asked]:
    """The requests of records, in the order in which they came."""
    for record in records:
        recalled = replayer.recall(record)
        tokens = record.facts.get("tokens", record.tokens_in)
        yield Asked(
            at=_received(record) - history.start,
            request=recalled.request,
            world=recalled.world,
            pinned=recalled.pinned,
            prompt=tokens if isinstance(tokens, int) else 0,
            answer=history.answer if record.tokens_out is None else record.tokens_out,
            session=record.hashed.get("session"),
        )


def machines_of(policy: Policy, models: Iterable[str], measured: Mapping[str, Machine]) -> Mapping[str, Machine]:
    """The machines of models as measured, else typical ones, with as many slots as their upstreams declare."""
    return {name: _with_slots(measured.get(name, TYPICAL), policy, name) for name in models}


def _with_slots(machine: Machine, policy: Policy, model: str) -> Machine:
    declared = policy.models.get(model)
    slots = None if declared is None else declared.slots
    return Machine(speed=machine.speed, first_token=machine.first_token, slots=slots)


def _received(record: Record) -> int:
    return round(datetime.fromisoformat(record.received).timestamp() * SECOND)
