"""Records on their way to the file: handed over without waiting, written by one thread, several at a time.

Serving never waits for a disk. What the queue has no room for, and what cannot be written, is lost, counted, and
told in one line of the log when it begins and in one when it is over.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock, Thread
from typing import NamedTuple, Protocol, TypeVar

from routedsl.records.outcomes import Rated
from routedsl.records.record import Record
from routedsl.records.steady import Keep, Losses, SteadyFile
from routedsl.records.store import Row, row_of
from routedsl.records.tables import StoreError

BATCH = 0.05
"""Seconds from one batch to the next, at least: what ends in between is written together."""
SLICE = 0.02
"""Seconds for which records are made before those that are there are written: a crowd would hold up its first."""
ROOM = 20_000
"""Records that wait at most."""
BODIES = 64 * 2**20
"""Bytes of bodies that wait at most to be read for facts; beyond them, records go without what nobody has asked."""
LARGE = 256 * 1024
"""Bytes of a body that is read beside the writer, so that no other record waits for it."""
MOST_RATINGS = 1_000
"""Scores that wait at most."""
IDLE = 60.0
"""Seconds between two looks at what is too old, where nothing is written."""


Made = TypeVar("Made")


class Sketch(Protocol):
    """What a record is made of, off the event loop."""

    @property
    def weight(self) -> int:
        """Bytes of the body."""
        ...

    def record(self, *, whole: bool = True) -> Record:
        """The record; without `whole` the body is not read."""
        ...


class Recorder:
    """A queue of records and the thread that writes them. `note` is called from one thread alone."""

    def __init__(self, path: Path, keep: Keep, prepare: Callable[[], None] = lambda: None) -> None:
        """Start the thread, which opens the file.

        `prepare` is called once in each thread that makes records: what a thread does for the first time
        may be slow, and no record should wait for it.
        """
        self._prepare = prepare
        self._queue: deque[Sketch] = deque()
        self._ratings: deque[_Rating] = deque()
        self._losses = Losses()
        self._weight = _Weight()
        self._file = SteadyFile(path, keep, self._losses)
        self._filled, self._hurry, self._closing = Event(), Event(), Event()
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
        """Take a record over: at once, whatever the disk does."""
        if self._closing.is_set():
            self._losses.add(1, "a request ended after the last record was written")
        elif len(self._queue) >= ROOM:
            self._losses.add(1, "more requests end than can be written")
        else:
            self._take(sketch, self._weight.add(sketch.weight))

    def rate(self, identity: str, key: str | None, score: float) -> Future[Rated | None]:
        """Score the answer to a request, once the records that were noted before are written.

        The result is None where there is no such answer. Raises `StoreError`, or the result does, where the
        score cannot be kept.
        """
        if self._closing.is_set() or len(self._ratings) >= MOST_RATINGS:
            raise StoreError("more scores come than can be written")
        rating = _Rating(identity, key, score, Future())
        self._ratings.append(rating)
        self._filled.set()
        return rating.result

    def close(self, seconds: float) -> None:
        """Write what there is, for so many seconds at most."""
        self._hurry.set()
        self._reader.shutdown()
        self._closing.set()
        self._filled.set()
        self._writer.join(seconds)
        if self._writer.is_alive():
            self._losses.add(len(self._queue), "the disk does not keep up")

    def _take(self, sketch: Sketch, waiting: int) -> None:
        if waiting > BODIES:
            self._read(sketch, whole=False)
        elif sketch.weight > LARGE:
            self._reader.submit(self._read, sketch)
        else:
            self._put(sketch)

    def _put(self, sketch: Sketch) -> None:
        self._queue.append(sketch)
        self._filled.set()

    # ── in threads ──────────────────────────────────────────────────────────────────────────────

    def _read(self, sketch: Sketch, *, whole: bool = True) -> None:
        made = self._made(sketch, _Made, whole=whole and not self._hurry.is_set())
        if made is not None:
            self._put(made)

    def _run(self) -> None:
        self._prepare()
        self._file.open()
        begun, last = 0.0, False
        while not last:
            self._filled.wait(IDLE)
            self._closing.wait(max(0.0, begun + BATCH - time.monotonic()))
            begun, last = time.monotonic(), self._closing.is_set()
            self._filled.clear()
            while self._queue:
                self._file.write(self._some())
            while self._ratings:
                self._rate(self._ratings.popleft())
            self._file.prune(until=self._filled)
        self._file.close()

    def _some(self) -> list[Row]:
        """The rows of the records that have waited longest, as many as a slice of time makes."""
        until = time.monotonic() + SLICE
        rows = [self._made(self._queue.popleft(), row_of)]
        while self._queue and time.monotonic() < until:
            rows.append(self._made(self._queue.popleft(), row_of))
        return [row for row in rows if row is not None]

    def _rate(self, rating: "_Rating") -> None:
        if not rating.result.set_running_or_notify_cancel():
            return  # nobody waits for it any more
        try:
            rating.result.set_result(self._file.rate(rating.identity, rating.key, rating.score))
        except StoreError as error:
            rating.result.set_exception(error)

    def _made(self, sketch: Sketch, finish: Callable[[Record], Made], *, whole: bool = True) -> Made | None:
        try:
            return finish(sketch.record(whole=whole))
        except Exception as error:  # noqa: BLE001 - whatever an extension does to one record, the others are written
            self._losses.add(1, f"one could not be made: {error!r}")
            return None
        finally:
            self._weight.add(-sketch.weight)


class _Rating(NamedTuple):
    """A score that waits to be written."""

    identity: str
    key: str | None
    score: float
    result: Future[Rated | None]


class _Made:
    """A record that is there already."""

    weight = 0

    def __init__(self, record: Record) -> None:
        self._record = record

    def record(self, *, whole: bool = True) -> Record:  # noqa: ARG002 - as sketches take it
        return self._record


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
