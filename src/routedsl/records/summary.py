"""A tally as a person or a program wants to be told of it: the largest moves first, with what they cost and took."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from routedsl.records.spread import Spread, median_of
from routedsl.records.tally import Bill, Moved, Tally
from routedsl.records.upshots import Move


class Times(Struct, frozen=True):
    """Seconds that a request took, and would have taken; None where nobody knows."""

    old: float | None
    new: float | None


class Line(Struct, frozen=True):
    """One move: how many requests made it, and their `share` of all that were replayed."""

    move: Move
    requests: int
    share: float
    bill: Bill
    times: Times


class Use(Struct, frozen=True):
    """How many requests a model is the first to be asked for, before and now; None stands for nobody.

    `answers` are those that records have of it, `seconds` what half of them took at most.
    """

    model: str | None
    old: int
    new: int
    answers: int
    seconds: float | None


class Summary(Struct, frozen=True, kw_only=True):
    """What a replay found. `unseen` are models of the policy that no record names."""

    records: int
    replayed: int
    moved: int
    lines: tuple[Line, ...]
    bill: Bill
    times: Times
    uses: tuple[Use, ...]
    unreplayed: int
    unrecorded: Mapping[str, int]
    unseen: tuple[str, ...]

    @property
    def kept(self) -> int:
        """How many go where they went."""
        return self.replayed - self.moved

    @property
    def same(self) -> bool:
        """Whether every record was decided as it had been."""
        return self.kept == self.records


def summary_of(tally: Tally, models: Iterable[str]) -> Summary:
    """The summary of a tally; `models` are those of the policy that decides now."""
    lines = [_line(move, moved, tally) for move, moved in tally.moves.items()]
    lines.sort(key=lambda line: (-line.requests, str(line.move)))
    return Summary(
        records=tally.records,
        replayed=tally.replayed,
        moved=tally.moved,
        lines=tuple(lines),
        bill=_together(lines),
        times=_typical(lines),
        uses=tuple(_uses(tally)),
        unreplayed=tally.unreplayed,
        unrecorded=dict(sorted(tally.unrecorded.items(), key=lambda each: (-each[1], each[0]))),
        unseen=tuple(model for model in models if model not in tally.models) if tally.records else (),
    )


def _line(move: Move, moved: Moved, tally: Tally) -> Line:
    new = 0.0 if move.new.model is None else median_of(tally.answers.get(move.new.model, {}))
    old = 0.0 if move.old.model is None else median_of(moved.took)
    return Line(move, moved.requests, moved.requests / tally.replayed, moved.bill, Times(old, new))


def _together(lines: Iterable[Line]) -> Bill:
    bill = Bill()
    for line in lines:
        bill = bill.plus(line.bill)
    return bill


def _typical(lines: Sequence[Line]) -> Times:
    """The mean of what moves take, by their requests, of those of which both times are known."""
    known = [(line.requests, line.times.old, line.times.new) for line in lines]
    both = [(requests, old, new) for requests, old, new in known if old is not None and new is not None]
    requests = sum(each[0] for each in both)
    if not requests:
        return Times(None, None)
    return Times(
        sum(count * old for count, old, _ in both) / requests, sum(count * new for count, _, new in both) / requests
    )


def _uses(tally: Tally) -> list[Use]:
    """The models by how many requests each is asked for now, nobody last."""
    old, new = Counter(tally.kept), Counter(tally.kept)
    for move, moved in tally.moves.items():
        old[move.old.model] += moved.requests
        new[move.new.model] += moved.requests
    names = sorted({*old, *new}, key=lambda name: (name is None, -new[name], -old[name], name or ""))
    return [_use(name, old[name], new[name], tally.answers.get(name or "", {})) for name in names]


def _use(name: str | None, old: int, new: int, answers: Spread) -> Use:
    return Use(name, old, new, sum(answers.values()), median_of(answers))
