"""The file that records are written to: SQLite in WAL mode, plain columns to search by, each record's line packed.

A record looks much like the one before it. So its line is packed against a sample, the first record of its policy
in the process that wrote it, and takes a quarter of its room.

Each call of SQLite and of zlib lets other threads run Python, and a thread that gets no turn back from a busy one
for some milliseconds each time falls behind. So rows are packed where they are made, and a batch is a few statements,
however many rows it has.
"""

import os
import sqlite3
import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from routedsl.base.units import DOLLAR, DURATIONS
from routedsl.engine.history import lasting_name
from routedsl.records.outcomes import HOUR, Outcome, Rated, add, answered_by, find, forget, outcomes_of, rate
from routedsl.records.record import Record, decode, encode
from routedsl.records.tables import prepare, transaction

STEP = 500
"""Rows that are taken out, and pages that are given back, in one go, so that nobody waits for more."""
LARGEST = 2**63
PATIENCE = 2.0
"""Seconds to wait for somebody else who writes to the file."""

_LEVEL, _WINDOW, _MEMORY = 3, -13, 6
"""Of the compression: measured for lines of one to two kB, of which the window must hold two."""
_ROW = f"(NULL{', ?' * 15})"
_TOGETHER = 32
"""Rows in a statement, at most; older builds of SQLite take 999 values in one."""

_LINES = """
SELECT records.line, samples.line FROM records JOIN samples ON samples.number = sample WHERE records.number = ?
"""


_DUE = """
SELECT page_size * page_count, page_size * freelist_count,
    EXISTS (SELECT 1 FROM records WHERE received < ?), EXISTS (SELECT 1 FROM outcomes WHERE hour < ?)
FROM pragma_page_size, pragma_page_count, pragma_freelist_count
"""


class Row(NamedTuple):
    """A record as the file takes it: what it is found by, its packed line, the sample for that, what it tells."""

    columns: tuple[object, ...]
    packed: bytes
    sample: bytes
    outcomes: tuple[Outcome, ...] = ()


class Rows:
    """Makes the rows of records; asked by threads."""

    def __init__(self) -> None:
        """No policy has a sample yet."""
        self._sample: tuple[str, bytes] | None = None

    def of(self, record: Record) -> Row:
        """The row of a record; raises ValueError where it has no form in JSON."""
        line, received = encode(record), received_of(record)
        sample = self._sample_for(record.policy, line)
        return Row(_columns(record, received), pack(line, sample), sample, outcomes_of(record, received))

    def _sample_for(self, policy: str, line: bytes) -> bytes:
        held = self._sample
        if held is None or held[0] != policy:
            self._sample = held = policy, line
        return held[1]


def _columns(record: Record, received: int) -> tuple[object, ...]:
    return (
        received,
        record.id,
        record.key,
        record.asked,
        record.route,
        record.rule,
        record.served_by,
        record.status,
        record.failed,
        _held(record.tokens_in),
        _held(record.tokens_out),
        None if record.cost is None else _held(round(record.cost * DOLLAR)),
        _held(round(record.took * DURATIONS["s"])),
    )


def received_of(record: Record) -> int:
    """When its request came, in microseconds since 1970."""
    return round(datetime.fromisoformat(record.received).timestamp() * DURATIONS["s"])


def _held(number: int | None) -> int | None:
    """A number that a column can hold; upstreams tell any."""
    return number if number is not None and abs(number) < LARGEST else None


class Store:
    """An open file; written to by one thread of one process."""

    def __init__(self, path: Path) -> None:
        """Open the file or make it; raises `StoreError`, `sqlite3.Error` or OSError where there is no way."""
        path.touch(mode=0o600)
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        self._sample: tuple[bytes, int] | None = None
        try:
            prepare(self._connection, path)
            self._identity = _identity(path)
        except BaseException:
            self._connection.close()
            raise

    @property
    def in_place(self) -> bool:
        """Whether the path still leads to this file: one that was removed would take records into nowhere."""
        try:
            return _identity(self._path) == self._identity
        except OSError:
            return False

    def write(self, rows: Sequence[Row]) -> None:
        """Add all of the rows; none where it raises `sqlite3.Error`."""
        sample = self._sample
        try:
            with transaction(self._connection):
                placed = [(*row.columns, self._sample_number(row.sample), row.packed) for row in rows]
                for start in range(0, len(placed), _TOGETHER):
                    some = placed[start : start + _TOGETHER]
                    self._connection.execute(_insert(len(some)), [*chain.from_iterable(some)])
                add(self._connection, (outcome for row in rows for outcome in row.outcomes))
        except BaseException:
            self._sample = sample
            raise

    def rate(self, identity: str, key: str | None, score: float, now: int) -> Rated | None:
        """Score the answer to the latest request of this id and key; None where there is none with an answer."""
        with transaction(self._connection):
            found = find(self._connection, identity, key)
            record, model = None, None
            if found is not None:
                record = self._record(found[0])
                model = answered_by(record)
            if found is None or record is None or model is None:
                return None
            rule = None if record.rule is None else lasting_name(record.rule, record.policy)
            before = 1.0 if found[1] is None else found[1]
            rated = Rated(model, rule, received_of(record), before, score)
            rate(self._connection, found[0], rated, now)
            return rated

    def _record(self, number: int) -> Record:
        packed, sample = self._connection.execute(_LINES, (number,)).fetchone()
        return decode(unpack(packed, sample))

    def prune(self, oldest: int, largest: int) -> bool:
        """Go a step towards no record from before `oldest` (microseconds since 1970), and `largest` bytes at most.

        Returns whether there may be a further step to go.
        """
        size, free, *old = self._connection.execute(_DUE, (oldest, oldest // HOUR)).fetchone()
        too_large = size - free > largest
        if (any(old) or too_large) and self._drop(oldest, too_large=too_large):
            return True
        if free:
            self._connection.execute(f"PRAGMA incremental_vacuum({STEP})").fetchall()
        return bool(free)

    def _drop(self, oldest: int, *, too_large: bool) -> bool:
        before = self._connection.total_changes
        with transaction(self._connection):
            self._delete("SELECT number FROM records WHERE received < ? LIMIT ?", oldest, STEP)
            if too_large:
                self._delete("SELECT number FROM records ORDER BY number LIMIT ?", STEP)
            first = "SELECT sample FROM records ORDER BY number LIMIT 1"
            self._connection.execute(f"DELETE FROM samples WHERE number < ({first})")  # noqa: S608 - it is ours
            forget(self._connection, oldest)
        return self._connection.total_changes > before

    def close(self) -> None:
        """Let go of the file, all of it in its place."""
        self._connection.close()

    def _sample_number(self, sample: bytes) -> int:
        """Where the sample is; one that comes again after another is put in again, so that no later row has an
        earlier sample, and those before the first row's can go.
        """
        if self._sample is None or self._sample[0] != sample:
            number = self._connection.execute("INSERT INTO samples VALUES (NULL, ?)", (sample,)).lastrowid or 0
            self._sample = sample, number
        return self._sample[1]

    def _delete(self, which: str, *values: int) -> None:
        self._connection.execute(f"DELETE FROM records WHERE number IN ({which})", values)  # noqa: S608 - as above


@cache
def _insert(rows: int) -> str:
    return f"INSERT INTO records VALUES {', '.join([_ROW] * rows)}"  # noqa: S608 - nothing but question marks


def pack(line: bytes, sample: bytes) -> bytes:
    """A line in the little room that it takes beside the sample."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, sample)
    return packer.compress(line) + packer.flush()


def unpack(packed: bytes, sample: bytes) -> bytes:
    """The line that was packed; raises `zlib.error` where it was not."""
    return zlib.decompressobj(_WINDOW, sample).decompress(packed)


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - one call
    return found.st_dev, found.st_ino
