"""A file of records on a disk that comes and goes: what cannot be written is counted, and told once."""

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

from routedsl.base.units import DURATIONS
from routedsl.records.outcomes import Rated
from routedsl.records.store import Row, Store
from routedsl.records.tables import StoreError

AGAIN = 1.0
"""Seconds until a file that failed is tried again."""

_LOG = logging.getLogger(__name__)


class Keep(NamedTuple):
    """How much is kept: `age` in seconds, `size` in bytes."""

    age: float
    size: int


class Losses:
    """What was lost, and the two lines that tell of it."""

    def __init__(self) -> None:
        """Nothing is lost yet."""
        self.count = 0
        self._lock = Lock()
        self._told: str | None = None
        self._before = 0

    def add(self, count: int, why: str | None = None) -> None:
        """Records are lost, and why."""
        with self._lock:
            self.count += count
        if why is not None:
            self.tell(why)

    def tell(self, why: str) -> None:
        """Say why, unless that was said already."""
        if self._told != why:
            self._told = why
            _LOG.error("records are lost: %s; requests are served all the same", why)

    def none_since(self) -> None:
        """Records are written; where none was lost since this was said last, that is over."""
        lost, self._before = self.count - self._before, self.count
        if self._told is not None and lost == 0:
            self._told = None
            _LOG.warning("records are written again; %d were lost so far", self.count)


class SteadyFile:
    """The store as long as it works, and a new one every now and then when it does not."""

    def __init__(self, path: Path, keep: Keep, losses: Losses) -> None:
        """Open nothing yet."""
        self.written = 0
        self._path = path
        self._keep = keep
        self._losses = losses
        self._store: Store | None = None
        self._again = 0.0

    def open(self) -> Store | None:
        """The store, if there is a way to have it."""
        if self._store is not None and not self._store.in_place:
            self.close()
        if self._store is None and time.monotonic() >= self._again:
            try:
                self._store = Store(self._path)
            except Exception as error:  # noqa: BLE001 - a writer that ended here would lose all that comes
                self._failed(error)
        return self._store

    def write(self, rows: Sequence[Row]) -> None:
        """Write all of them, or lose them."""
        store = self.open()
        try:
            if store is not None:
                store.write(rows)
                self.written += len(rows)
                self._losses.none_since()
                return
        except Exception as error:  # noqa: BLE001 - a writer that ended here would lose all that comes
            self._failed(error)
        self._losses.add(len(rows))

    def rate(self, identity: str, key: str | None, score: float) -> Rated | None:
        """Score an answer; raises `StoreError` where that cannot be kept."""
        store = self.open()
        if store is None:
            raise StoreError("nothing can be written for now")
        try:
            return store.rate(identity, key, score, round(time.time() * DURATIONS["s"]))
        except Exception as error:
            self._failed(error)
            raise StoreError(str(error)) from error

    def prune(self, until: Event) -> None:
        """Make the file as small as it should be, step by step until there is something better to do."""
        try:
            while self._store is not None and self._store.prune(self._oldest(), self._keep.size) and not until.is_set():
                pass
        except Exception as error:  # noqa: BLE001 - a writer that ended here would lose all that comes
            self._failed(error)

    def close(self) -> None:
        """Let go of the file."""
        store, self._store = self._store, None
        if store is not None:
            with suppress(sqlite3.Error):
                store.close()

    def _oldest(self) -> int:
        return int((time.time() - self._keep.age) * DURATIONS["s"])

    def _failed(self, error: Exception) -> None:
        self._losses.tell(str(error) if isinstance(error, StoreError) else f"`{self._path}`: {error}")
        self._again = time.monotonic() + AGAIN
        self.close()
