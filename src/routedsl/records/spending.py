"""What records tell of money, rates and the lengths of answers: enough to go on counting after a restart."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

QUARTER = 15 * 60 * 1_000_000
"""Microseconds: days begin at one of these, wherever in the world."""
_SPENT = f"""
SELECT key, received / {QUARTER} * {QUARTER}, total(cost) FROM records
WHERE received >= ? AND cost > 0 GROUP BY 1, 2
"""  # noqa: S608 - a number of ours
_USED = """
SELECT key, received, received + coalesce(took, 0), coalesce(tokens_in, 0) + coalesce(tokens_out, 0) FROM records
WHERE received >= ? AND (failed OR model IS NOT NULL OR status IS NULL) ORDER BY received
"""
_ANSWERED = """
SELECT model, rule, tokens_out FROM
(SELECT * FROM records WHERE model IS NOT NULL AND tokens_out IS NOT NULL ORDER BY number DESC LIMIT ?)
ORDER BY number
"""


class Spent(NamedTuple):
    """What a key, None for nobody's, has spent in the quarter of an hour from `at` on: pico-dollars."""

    key: str | None
    at: int
    cost: int


class Used(NamedTuple):
    """A request that was sent on to models: when it came and ended, the tokens that it used."""

    key: str | None
    began: int
    ended: int
    tokens: int


class Length(NamedTuple):
    """So many tokens a model answered to a request that a rule decided."""

    model: str
    rule: str | None
    tokens: int


def spent(connection: sqlite3.Connection, since: int) -> Iterator[Spent]:
    """What was spent since a time; all times are microseconds since 1970."""
    for key, at, cost in connection.execute(_SPENT, (since,)):
        yield Spent(key, at, round(cost))


def used(connection: sqlite3.Connection, since: int) -> Iterator[Used]:
    """The requests since a time, in the order in which they came."""
    return map(Used._make, connection.execute(_USED, (since,)))


def answered(connection: sqlite3.Connection, most: int) -> Iterator[Length]:
    """The lengths of the latest answers, in order."""
    return map(Length._make, connection.execute(_ANSWERED, (most,)))
