"""What was spent before the gateway was started, and how models did and how long answers were, from its records."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from routedsl.base.units import DURATIONS
from routedsl.engine.history import Standing
from routedsl.gateway.clock import Clock
from routedsl.gateway.history import History
from routedsl.gateway.ledger import WINDOW, Entry, Ledger
from routedsl.gateway.state import States
from routedsl.records.outcomes import outcomes
from routedsl.records.search import reading
from routedsl.records.spending import answered, spent, used
from routedsl.records.tables import NoRecordsError, StoreError

LONGEST = timedelta(minutes=10)
"""A request that takes longer and ended just before the restart does not count for the rates."""
ANSWERS = 2_000
"""Answers whose lengths are read back."""
_SECOND = DURATIONS["s"]
_LOG = logging.getLogger(__name__)


def recall(ledger: Ledger, states: States, records: Path, clock: Clock, timezone: str) -> None:
    """Enter what the records tell of this month, of the last minute, and of the latest answers.

    Where they cannot be read, that is told, and nothing is known.
    """
    now, local = clock.now(), clock.now().astimezone(ZoneInfo(timezone))
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        with reading(records) as connection:
            ledger.enter((Entry(key, _time(at), cost) for key, at, cost in spent(connection, _stamp(month))), timezone)
            for length in answered(connection, ANSWERS):
                states.remember(length.model, length.tokens, length.rule)
            _recall_rates(ledger, [*used(connection, _stamp(now - LONGEST))], _stamp(now), clock.monotonic())
    except NoRecordsError:
        return
    except StoreError as error:
        _LOG.warning("what was spent before the start is not known: %s", error)


def recall_history(history: History, records: Path) -> None:
    """Count what the records tell of how well models did; where they cannot be read, that is told."""
    try:
        with reading(records) as connection:
            for each in outcomes(connection):
                history.add(each.model, each.rule, Standing(each.samples, each.good, each.at))
    except NoRecordsError:
        return
    except StoreError as error:
        _LOG.warning("how well models did before the start is not known: %s", error)


def _recall_rates(ledger: Ledger, requests: list[tuple[str | None, int, int, int]], now: int, monotonic: int) -> None:
    def second(at: int) -> int:
        return (monotonic - max(0, now - at)) // _SECOND

    since = monotonic // _SECOND - WINDOW
    for key, began, _, _ in requests:
        if second(began) > since:
            ledger.count(key, second(began), requests=1)
    for key, _, ended, tokens in sorted(requests, key=lambda each: each[2]):
        if second(ended) > since:
            ledger.count(key, second(ended), tokens=tokens)


def _stamp(at: datetime) -> int:
    return round(at.timestamp() * _SECOND)


def _time(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp / _SECOND, UTC)
