"""What was spent and how much was asked for, by each key and by all together. It outlives every reload."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypedDict
from zoneinfo import ZoneInfo

from routedsl.gateway.clock import SECOND, Clock

WINDOW = 60
"""Seconds that a rate looks back."""


class Spent(TypedDict):
    """What a decision may know of this; the fields of `World` of these names."""

    spent_today: int
    spent_month: int
    total_spent_today: int
    total_spent_month: int
    requests_per_minute: int
    tokens_per_minute: int


class Entry(NamedTuple):
    """Money that was spent by a key, None for nobody's, at a time: pico-dollars."""

    key: str | None
    at: datetime
    cost: int


class Rate:
    """How much there was in the last minute, to the second."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._seconds: deque[tuple[int, int]] = deque()
        self._total = 0

    def add(self, amount: int, second: int) -> None:
        """So much more, in this second."""
        self.at(second)
        self._total += amount
        if self._seconds and self._seconds[-1][0] == second:
            amount += self._seconds.pop()[1]
        self._seconds.append((second, amount))

    def at(self, second: int) -> int:
        """What there was in the minute before."""
        while self._seconds and self._seconds[0][0] <= second - WINDOW:
            self._total -= self._seconds.popleft()[1]
        return self._total


@dataclass(slots=True)
class _Account:
    """What one key did: money by the day, of one month at most."""

    days: dict[date, int] = field(default_factory=dict)
    requests: Rate = field(default_factory=Rate)
    tokens: Rate = field(default_factory=Rate)

    def spend(self, cost: int, day: date) -> None:
        if day not in self.days:
            self.days = {other: spent for other, spent in self.days.items() if _near(other, day)}
        self.days[day] = self.days.get(day, 0) + cost

    def month(self, day: date) -> int:
        return sum(spent for other, spent in self.days.items() if _month(other) == _month(day))


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _near(one: date, other: date) -> bool:
    """Whether two days may be of one month, wherever in the world."""
    return abs((one - other).days) <= 32


class Ledger:
    """The accounts of all keys. A request without a key has that of all together.

    Money counts for the day on which its request came, and only once the request has ended: requests that run
    beside each other do not know of one another.
    """

    def __init__(self, clock: Clock) -> None:
        """Nobody has spent anything."""
        self._clock = clock
        self._all = _Account()
        self._keys: dict[str, _Account] = {}

    def spent(self, key: str | None, now: datetime, timezone: str) -> Spent:
        """What a request with this key may know at this time."""
        account, second = self._of(key), self._second()
        today = _day(now, timezone)
        return Spent(
            spent_today=account.days.get(today, 0),
            spent_month=account.month(today),
            total_spent_today=self._all.days.get(today, 0),
            total_spent_month=self._all.month(today),
            requests_per_minute=account.requests.at(second),
            tokens_per_minute=account.tokens.at(second),
        )

    def began(self, key: str | None) -> None:
        """A request is sent on to models."""
        self.count(key, self._second(), requests=1)

    def ended(self, entry: Entry, tokens: int, timezone: str) -> None:
        """A request has ended that used so many tokens."""
        self.count(entry.key, self._second(), tokens=tokens)
        self.enter((entry,), timezone)

    def count(self, key: str | None, second: int, *, requests: int = 0, tokens: int = 0) -> None:
        """So many more of them in a second of the monotonic clock, which is none before the last one counted."""
        for account in self._both(key):
            if requests:
                account.requests.add(requests, second)
            if tokens:
                account.tokens.add(tokens, second)

    def enter(self, entries: Iterable[Entry], timezone: str) -> None:
        """Money that was spent at other times too."""
        for entry in entries:
            if entry.cost:
                for account in self._both(entry.key):
                    account.spend(entry.cost, _day(entry.at, timezone))

    def _of(self, key: str | None) -> _Account:
        return self._all if key is None else self._keys.get(key) or self._keys.setdefault(key, _Account())

    def _both(self, key: str | None) -> tuple[_Account, ...]:
        return (self._all,) if key is None else (self._all, self._of(key))

    def _second(self) -> int:
        return self._clock.monotonic() // SECOND


def _day(at: datetime, timezone: str) -> date:
    return at.astimezone(ZoneInfo(timezone)).date()
