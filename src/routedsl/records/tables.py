"""The tables of a file of records, and how one is told from any other file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = 1
"""The version of the tables; a file with another one is left alone."""
APPLICATION = 0x524F5554
"""Marks a file as ours."""

TABLES = """
CREATE TABLE samples (number INTEGER PRIMARY KEY, line BLOB NOT NULL);
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,  -- microseconds since 1970
    id TEXT NOT NULL,
    key TEXT,
    asked TEXT,
    route TEXT,
    rule TEXT,
    model TEXT,                 -- the declared one that answered
    status INTEGER,
    failed INTEGER NOT NULL,
    tokens_in INTEGER,
    tokens_out INTEGER,
    cost INTEGER,               -- pico-dollars
    took INTEGER,               -- microseconds
    sample INTEGER NOT NULL,
    line BLOB NOT NULL          -- JSON as raw deflate, the sample's line its dictionary
);
CREATE INDEX records_received ON records (received);
"""


ADDED = """
CREATE TABLE IF NOT EXISTS outcomes (
    hour INTEGER NOT NULL,      -- since 1970
    model TEXT NOT NULL,
    rule TEXT NOT NULL,         -- by its lasting name, empty where there was none
    count REAL NOT NULL,
    good REAL NOT NULL,
    PRIMARY KEY (hour, model, rule)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feedback (
    record INTEGER PRIMARY KEY,
    score REAL NOT NULL,        -- from 0 to 1
    at INTEGER NOT NULL         -- microseconds since 1970
);
CREATE INDEX IF NOT EXISTS records_id ON records (id);
"""
"""What an older file of this version lacks, and gets as it is opened to be written to."""


class StoreError(Exception):
    """Why a file cannot be used for records, in one sentence for its operator."""


class NoRecordsError(StoreError):
    """There is no file, or nothing has been put into it yet."""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables where the file is new; raises `StoreError` where it is not ours, and leaves it as it is."""
    new = _is_new(connection)
    if new:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # it must be said before the first table
    else:
        check(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 16777216")
    if new:
        _create(connection)
    for statement in filter(str.strip, ADDED.split(";")):
        connection.execute(statement)


def _create(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises `StoreError` where the file is not ours, or of another version, or has not been begun."""
    if _is_new(connection):
        raise NoRecordsError(f"there are no records at `{path}`")
    if _number(connection, "application_id") != APPLICATION:
        raise StoreError(f"`{path}` is a database, but not one of records")
    version = _number(connection, "user_version")
    if version != VERSION:
        raise StoreError(f"`{path}` has records in version {version} of their form; this program knows {VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's changes, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (found,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(found)


def _is_new(connection: sqlite3.Connection) -> bool:
    empty = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    return empty and _number(connection, "user_version") == 0
