"""Good and bad outcomes by the hour, and what feedback makes of them: the history that a restart goes on from.

Each hour, model and rule has one row, so that reading it all back takes no time, however many records there were.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from routedsl.base.units import DURATIONS
from routedsl.engine.history import GOOD, lasting_name, score_of
from routedsl.records.record import Record

HOUR = DURATIONS["h"]
WHOLE = 1.0

_ADD = """
INSERT INTO outcomes VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count, good = good + excluded.good
"""
_LONELY = f"""
DELETE FROM feedback WHERE record < (SELECT coalesce(min(number), {2**63 - 1}) FROM records)
OR record > (SELECT max(number) FROM records)
"""  # noqa: S608 - nothing of it comes from elsewhere
_RATED = """
SELECT records.number, feedback.score FROM records LEFT JOIN feedback ON feedback.record = records.number
WHERE id = ? AND key IS ? ORDER BY number DESC LIMIT 1
"""


class Outcome(NamedTuple):
    """How good one attempt was, from 0 to 1: of a model, under a rule by its lasting name, in an hour since 1970."""

    hour: int
    model: str
    rule: str | None
    score: float


class Outcomes(NamedTuple):
    """How many outcomes a model had under a rule from a time on (microseconds since 1970), and how good they were."""

    at: int
    model: str
    rule: str | None
    samples: float
    good: float


class Rated(NamedTuple):
    """An answer that has a score now: whose it was, when its request came, and what it counted for before."""

    model: str
    rule: str | None
    received: int
    before: float
    score: float


def outcomes_of(record: Record, received: int) -> tuple[Outcome, ...]:
    """What the attempts of a record tell of their models."""
    rule = None if record.rule is None else lasting_name(record.rule, record.policy)
    scores = ((attempt.model, score_of(attempt.outcome)) for attempt in record.attempts)
    return tuple(Outcome(received // HOUR, model, rule, score) for model, score in scores if score is not None)


def answered_by(record: Record) -> str | None:
    """The model whose whole answer a client got, and can rate."""
    return next((each.model for each in record.attempts if each.outcome == GOOD), None)


# ── in the file ─────────────────────────────────────────────────────────────────────────────────


def add(connection: sqlite3.Connection, outcomes: Iterable[Outcome]) -> None:
    """Count these in."""
    sums: defaultdict[tuple[int, str, str], list[float]] = defaultdict(lambda: [0, 0])
    for outcome in outcomes:
        held = sums[outcome.hour, outcome.model, outcome.rule or ""]
        held[0] += 1
        held[1] += outcome.score
    if sums:
        connection.executemany(_ADD, [(*place, *held) for place, held in sums.items()])


def find(connection: sqlite3.Connection, identity: str, key: str | None) -> tuple[int, float | None] | None:
    """The number of the latest record of a request with this id and key, and its score; None where there is none."""
    found = connection.execute(_RATED, (identity, key)).fetchone()
    return None if found is None else (int(found[0]), found[1])


def rate(connection: sqlite3.Connection, number: int, rated: Rated, now: int) -> None:
    """Keep the score of an answer, in the place of what it had."""
    connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?)", (number, rated.score, now))
    place = (rated.received // HOUR, rated.model, rated.rule or "")
    connection.execute(
        "UPDATE outcomes SET good = good + ? WHERE hour = ? AND model = ? AND rule = ?",
        (rated.score - rated.before, *place),
    )


def forget(connection: sqlite3.Connection, oldest: int) -> None:
    """Leave out what is from before `oldest`, and the scores of records that are gone: others may get their numbers."""
    connection.execute("DELETE FROM outcomes WHERE hour < ?", (oldest // HOUR,))
    connection.execute(_LONELY)


def outcomes(connection: sqlite3.Connection) -> Iterator[Outcomes]:
    """All that is counted; nothing in a file that no version wrote to which counts."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outcomes'").fetchone() is None:
        return
    for hour, model, rule, count, good in connection.execute("SELECT * FROM outcomes ORDER BY hour"):
        yield Outcomes(hour * HOUR, model, rule or None, count, good)
