"""What is done with records piece by piece, wherever that is: a job is data, and so is what comes of it."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pickle import dumps, loads
from typing import Generic, Protocol, Self, TypeVar

from routedsl.records.pieces import Piece, RecordError, lines_of, place_of, privacy_of
from routedsl.records.recipe import Privacy
from routedsl.records.record import Past, decode_past

Records = Iterable[Past]


class Found(Protocol):
    """What came of some records; it merges with what came of others, in any order."""

    def merged(self, other: Self) -> Self:
        """What came of all of them."""
        ...


Result = TypeVar("Result", bound=Found)
Result_co = TypeVar("Result_co", bound=Found, covariant=True)
Fold = Callable[[Records, Privacy | None], Result]
"""From records, and the key of their hashes where it is known, to what came of them."""


class Job(Protocol[Result_co]):
    """What to do, as data that any process can be sent."""

    def prepared(self) -> "Fold[Result_co]":
        """The same, ready to be done: made once in each process."""
        ...


class Sent(Generic[Result]):
    """A job as it is sent: packed once, unpacked once in each process."""

    def __init__(self, job: Job[Result]) -> None:
        """Pack it."""
        self._packed = dumps(job)

    def __call__(self, piece: Piece) -> Result:
        """Do it on a piece; raises `StoreError`, and `RecordError` for what is no record."""
        records = _Reading(piece)
        try:
            return _prepared(self._packed)(records, privacy_of(piece))  # type: ignore[return-value]  # as it was packed
        except (ValueError, TypeError) as error:  # what stands there is not in its form, or a fact not of its type
            raise RecordError(f"{place_of(piece, records.index)}: this is no record: {error}") from error


@lru_cache(maxsize=2)
def _prepared(packed: bytes) -> Fold[Found]:
    job: Job[Found] = loads(packed)  # noqa: S301 - packed by the process that gave the order
    return job.prepared()


class _Reading:
    """The records of a piece, and which of its lines is at hand."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self.index = 0

    def __iter__(self) -> Iterator[Past]:
        for index, line in enumerate(lines_of(self._piece)):
            self.index = index
            if line and not line.isspace():
                yield decode_past(line)
