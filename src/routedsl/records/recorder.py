"""Records on their way to the file: made without waiting, written by one thread, several at a time.

Serving never waits for a disk. What the queue has no room for, and what cannot be written, is lost, counted, and
told in one line of the log when it begins and in one when it is over.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock, Thread, Timer
from typing import NamedTuple, Protocol, TypeVar

from routedsl.records.outcomes import Rated
from routedsl.records.record import Record
from routedsl.records.steady import Keep, Losses, SteadyFile
from routedsl.records.store import Row, Rows
from routedsl.records.tables import StoreError

BATCH = 0.05
"""Seconds from one batch to the next, at least: what ends in between is written together."""
ROOM = 20_000
"""Records that wait at most."""
BODIES = 64 * 2**20
"""Bytes of bodies that wait at most to be read for facts; beyond them, records go without what nobody has asked."""
LARGE = 64 * 1024
"""Bytes of a body that is read in a thread of its own; smaller ones are decided on the event loop too."""
HELD = 4 * 1024
"""Bytes that a request which waits takes beside its body, roughly."""
SLOW, SLOW_ONES, REST = 0.005, 3, 1.0
"""Where so many records in a row take more than so many seconds, none is made on the event loop for the last."""
MOST_RATINGS = 1_000
"""Scores that wait at most."""
IDLE = 60.0
"""Seconds between two looks at what is too old, where nothing is written."""

_Waiting = TypeVar("_Waiting")


class Sketch(Protocol):
    """What a record is made of."""

    @property
    def weight(self) -> int:
        """Bytes of the body."""
        ...

    @property
    def ready(self) -> bool:
        """Whether all is there that the record is made with; else making it takes long."""
        ...

    def record(self, *, whole: bool = True) -> Record:
        """The record; without `whole` the body is not read."""
        ...


class Recorder:
    """A queue of rows and the thread that writes them. `note` is called from one thread alone."""

    def __init__(self, path: Path, keep: Keep, prepare: Callable[[], None] = lambda: None) -> None:
        """Start the threads, of which one opens the file.

        `prepare` is called once in the one that makes records: what a thread does for the first time
        may be slow, and no record should wait for it.
        """
        self._rows = Rows()
        self._queue: deque[Row] = deque()
        self._ratings: deque[_Rating] = deque()
        self._losses = Losses()
        self._weight = _Weight()
        self._slow, self._resting = 0, 0.0
        self._file = SteadyFile(path, keep, self._losses)
        self._filled, self._ending, self._hurry, self._closing = Event(), Event(), Event(), Event()
        self._reader = ThreadPoolExecutor(1, "records-facts", prepare)
        self._writer = Thread(target=self._run, name="records", daemon=True)
        self._writer.start()

    @property
    def written(self) -> int:
        """Records that are in the file, or were."""
        return self._file.written

    @property
    def lost(self) -> int:
        """Records that are not."""
        return self._losses.count

    def note(self, sketch: Sketch) -> None:
        """Make the record of what has ended, or have it made where that takes long, and see that it is written.

        Nothing here waits for the disk. Small ones are not left to a thread: one that needs the interpreter gets it
        back from a busy event loop late each time, and would make them later and later. What is slow all the same,
        such as a signal of an extension that no rule asks, would hold up all that are served, and goes there.
        """
        if self._closing.is_set():
            self._losses.add(1, "a request ended after the last record was written")
        elif len(self._queue) >= ROOM:
            self._losses.add(1, "more requests end than can be written")
        elif sketch.weight <= LARGE and sketch.ready and time.monotonic() >= self._resting:
            self._make_here(sketch)
        else:
            self._make_beside(sketch)

    def rate(self, identity: str, key: str | None, score: float) -> Future[Rated | None]:
        """Score the answer to a request, once the records that were noted before are written.

        The result is None where there is no such answer. Raises `StoreError`, or the result does, where the
        score cannot be kept.
        """
        if self._ending.is_set() or len(self._ratings) >= MOST_RATINGS:
            raise StoreError("more scores come than can be written")
        rating = _Rating(identity, key, score, Future())
        self._reader.submit(self._put, rating)  # behind the bodies that are read
        return rating.result

    def close(self, seconds: float) -> None:
        """Write what there is, for so many seconds at most; bodies are read for the first half of them."""
        self._ending.set()
        hurry = Timer(seconds / 2, self._hurry.set)
        hurry.start()
        self._reader.shutdown()
        hurry.cancel()
        self._closing.set()
        self._filled.set()
        self._writer.join(seconds)
        if self._writer.is_alive():
            self._losses.add(len(self._queue), "the disk does not keep up")

    def _make(self, sketch: Sketch, *, whole: bool = True) -> None:
        try:
            row = self._rows.of(sketch.record(whole=whole))
        except Exception as error:  # noqa: BLE001 - whatever an extension does to one record, the others are written
            self._losses.add(1, f"one could not be made: {error!r}")
        else:
            self._queue.append(row)
            self._filled.set()

    def _make_here(self, sketch: Sketch) -> None:
        begun = time.monotonic()
        self._make(sketch)
        ended = time.monotonic()
        self._slow = self._slow + 1 if ended - begun > SLOW else 0
        if self._slow >= SLOW_ONES:
            self._resting = ended + REST

    def _make_beside(self, sketch: Sketch) -> None:
        ending = self._ending.is_set()
        if self._weight.add(sketch.weight + HELD) <= BODIES and not ending:
            self._reader.submit(self._read, sketch)
        else:
            self._weight.add(-sketch.weight - HELD)
            self._make(sketch, whole=ending and sketch.weight <= LARGE)

    # ── in threads ──────────────────────────────────────────────────────────────────────────────

    def _read(self, sketch: Sketch) -> None:
        self._make(sketch, whole=sketch.weight <= LARGE or not self._hurry.is_set())
        self._weight.add(-sketch.weight - HELD)

    def _put(self, rating: "_Rating") -> None:
        self._ratings.append(rating)
        self._filled.set()

    def _run(self) -> None:
        self._file.open()
        begun, last = 0.0, False
        while not last:
            self._filled.wait(IDLE)
            self._closing.wait(max(0.0, begun + BATCH - time.monotonic()))
            begun, last = time.monotonic(), self._closing.is_set()
            self._filled.clear()
            ratings = _taken(self._ratings)  # before the rows, among which are those of their records
            if self._queue:
                self._file.write(_taken(self._queue))
            for rating in ratings:
                self._rate(rating)
            if not last:
                self._file.prune(until=self._filled)
        self._file.close()

    def _rate(self, rating: "_Rating") -> None:
        if not rating.result.set_running_or_notify_cancel():
            return  # nobody waits for it any more
        try:
            rating.result.set_result(self._file.rate(rating.identity, rating.key, rating.score))
        except StoreError as error:
            rating.result.set_exception(error)


class _Rating(NamedTuple):
    """A score that waits to be written."""

    identity: str
    key: str | None
    score: float
    result: Future[Rated | None]


def _taken(waiting: deque[_Waiting]) -> list[_Waiting]:
    return [waiting.popleft() for _ in range(len(waiting))]


class _Weight:
    """The bytes of bodies that wait, counted by several threads."""

    def __init__(self) -> None:
        self._total = 0
        self._lock = Lock()

    def add(self, weight: int) -> int:
        """Returns the total."""
        with self._lock:
            self._total += weight
            return self._total
