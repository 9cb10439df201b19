"""Records found in a file, while somebody writes to it or not."""

import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from routedsl.records.record import scored
from routedsl.records.store import unpack
from routedsl.records.tables import NoRecordsError, StoreError, check

FILE = "records.db"
"""The file's name in a state folder."""
PATIENCE = 2.0


class Wanted(NamedTuple):
    """Which records; None is any. `since` is in microseconds since 1970, `most` the number of the latest ones."""

    rule: str | None = None
    model: str | None = None
    route: str | None = None
    key: str | None = None
    status: int | None = None
    since: int | None = None
    failed: bool = False
    most: int | None = None


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The records in a file, or in a state folder; raises `StoreError` where there are none to be read."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise NoRecordsError(f"there are no records at `{path}`")
    address = f"file:{quote(str(file))}?{_mode(file)}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=PATIENCE)
    try:
        check(connection, file)
        yield connection
    except (sqlite3.Error, zlib.error) as error:
        raise StoreError(f"`{file}` cannot be read: {error}") from error
    finally:
        connection.close()


def _mode(file: Path) -> str:
    """How to open the file: on a disk that takes no writes there is no room for what readers share."""
    settled = not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()
    return "mode=ro&immutable=1" if settled else "mode=ro"


def lines(connection: sqlite3.Connection, wanted: Wanted, by: str = "number") -> Iterator[bytes]:
    """The lines of the records that are wanted, the earliest first: by when they ended, or `received`."""
    conditions, values = _conditions(wanted)
    found = f"{_select(connection)} WHERE {' AND '.join(conditions)}"
    if wanted.most is not None:
        found = f"SELECT * FROM ({found} ORDER BY number DESC LIMIT ?)"  # noqa: S608 - as above
        values.append(wanted.most)
    yield from _unpacked(connection, f"{found} ORDER BY {by}, number", values)


def numbers(connection: sqlite3.Connection) -> range:
    """The numbers of all records, from the earliest to the latest; some in between may be gone."""
    first, last = connection.execute("SELECT min(number), max(number) FROM records").fetchone()
    return range(0) if first is None else range(first, last + 1)


def lines_within(connection: sqlite3.Connection, numbers: range) -> Iterator[bytes]:
    """The lines of the records with these numbers, the earliest first."""
    found = f"{_select(connection)} WHERE number >= ? AND number < ? ORDER BY number"
    return _unpacked(connection, found, [numbers.start, numbers.stop])


def _unpacked(connection: sqlite3.Connection, query: str, values: Sequence[object]) -> Iterator[bytes]:
    samples: dict[int, bytes] = {}
    for _, sample, line, score in connection.execute(query, values):
        if sample not in samples:
            samples[sample] = _sample(connection, sample)
        whole = unpack(line, samples[sample])
        yield whole if score is None else scored(whole, score)


def _select(connection: sqlite3.Connection) -> str:
    """What is read of records; scores only where the file was opened by a version that takes feedback."""
    has = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feedback'").fetchone()
    score = "(SELECT score FROM feedback WHERE record = number)" if has else "NULL"
    return f"SELECT number, sample, line, {score} FROM records"  # noqa: S608 - ours alone


def _conditions(wanted: Wanted) -> tuple[list[str], list[object]]:
    equal = {name: getattr(wanted, name) for name in ("rule", "model", "route", "key", "status")}
    asked = {f"{name} = ?": value for name, value in equal.items() if value is not None}
    if wanted.since is not None:
        asked["received >= ?"] = wanted.since
    return ["failed" if wanted.failed else "true", *asked], list(asked.values())


def _sample(connection: sqlite3.Connection, number: int) -> bytes:
    found = connection.execute("SELECT line FROM samples WHERE number = ?", (number,)).fetchone()
    if found is None:
        raise sqlite3.DatabaseError(f"sample {number} is gone")
    return bytes(found[0])
