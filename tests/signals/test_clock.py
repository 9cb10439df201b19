"""The clock's signals around midnight and where clocks are changed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from routedsl.engine.example import at
from routedsl.signals import time, weekday


@pytest.mark.parametrize(
    ("now", "zone", "minute", "day"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), "Europe/Berlin", 1 * 60 + 59, "sun"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Europe/Berlin", 3 * 60, "sun"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin", 2 * 60 + 30, "sun"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Berlin", 2 * 60 + 30, "sun"),
        (datetime(2026, 1, 4, 23, 59, 59, tzinfo=UTC), "UTC", 23 * 60 + 59, "sun"),
        (datetime(2026, 1, 5, 0, 0, tzinfo=UTC), "UTC", 0, "mon"),
        (datetime(2026, 1, 5, 0, 0, tzinfo=UTC), "Asia/Kathmandu", 5 * 60 + 45, "mon"),
        (datetime(2026, 1, 5, 0, 0, tzinfo=UTC), "America/New_York", 19 * 60, "sun"),
        (datetime(2026, 1, 5, 1, 0, tzinfo=timezone(timedelta(hours=2))), "UTC", 23 * 60, "sun"),
    ],
)
def test_the_policys_zone_counts(now: datetime, zone: str, minute: int, day: str) -> None:
    moment = at(now, timezone=zone)
    assert time.read(moment) == minute
    assert weekday.read(moment) == day
