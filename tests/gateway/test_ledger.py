"""What was spent and asked for: by key and by all, day by day in the policy's time zone, and after a restart."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st

from routedsl.base.units import DOLLAR
from routedsl.gateway.clock import SECOND
from routedsl.gateway.ledger import Entry, Ledger, Rate
from routedsl.gateway.recall import recall
from routedsl.gateway.state import States
from routedsl.records.record import decode
from routedsl.records.replay import replayer_of
from routedsl.records.search import Wanted, lines, reading
from routedsl.records.store import Rows, Store
from routedsl.testing import Script
from tests.gateway.harness import CATALOG, Served, got, serving
from tests.gateway.test_keys import keys_for
from tests.gateway.test_recording import settled
from tests.gateway.test_state import HandClock
from tests.records.samples import START, a_record

COMPLETIONS = "/v1/chat/completions"
HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
NEW_YEAR = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)


def spend(ledger: Ledger, key: str | None, at: datetime, dollars: int, timezone: str = "UTC") -> None:
    ledger.ended(Entry(key, at, dollars * DOLLAR), 0, timezone)


def test_a_key_knows_its_own_and_everybodys_spending() -> None:
    ledger = Ledger(HandClock())
    spend(ledger, "a", NEW_YEAR, 1)
    spend(ledger, "b", NEW_YEAR, 2)
    spend(ledger, None, NEW_YEAR, 4)
    seen = {key: ledger.spent(key, NEW_YEAR, "UTC") for key in ("a", "b", "c", None)}
    assert [each["spent_today"] // DOLLAR for each in seen.values()] == [1, 2, 0, 7]
    assert {each["total_spent_today"] // DOLLAR for each in seen.values()} == {7}


@pytest.mark.parametrize(
    ("later", "timezone", "today", "month"),
    [
        (timedelta(hours=23), "UTC", 3, 3),
        (timedelta(hours=24), "UTC", 0, 3),
        (timedelta(days=30, hours=23), "UTC", 0, 3),
        (timedelta(days=31), "UTC", 0, 0),
        (timedelta(days=365), "UTC", 0, 0),
        (timedelta(hours=4), "America/New_York", 3, 3),  # 23:30 of the old year there
        (timedelta(hours=5), "America/New_York", 0, 0),
        (timedelta(hours=23), "Asia/Tokyo", 0, 3),
    ],
)
def test_days_and_months_are_those_of_the_time_zone(later: timedelta, timezone: str, today: int, month: int) -> None:
    ledger = Ledger(HandClock())
    spend(ledger, "a", NEW_YEAR, 3, timezone)
    seen = ledger.spent("a", NEW_YEAR + later, timezone)
    assert (seen["spent_today"] // DOLLAR, seen["spent_month"] // DOLLAR) == (today, month)
    assert (seen["total_spent_today"], seen["total_spent_month"]) == (seen["spent_today"], seen["spent_month"])


def test_a_new_time_zone_forgets_nothing_of_the_month() -> None:
    ledger, noon = Ledger(HandClock()), datetime(2026, 1, 15, 12, tzinfo=UTC)
    spend(ledger, "a", noon, 3)
    spend(ledger, "a", noon + timedelta(hours=6), 4, "Pacific/Kiritimati")  # the next day there
    assert ledger.spent("a", noon, "UTC")["spent_month"] == 7 * DOLLAR


def test_rates_are_of_the_last_minute() -> None:
    clock = HandClock()
    ledger = Ledger(clock)

    def rates() -> tuple[int, int]:
        seen = ledger.spent("a", NEW_YEAR, "UTC")
        return seen["requests_per_minute"], seen["tokens_per_minute"]

    assert rates() == (0, 0)
    ledger.began("a")
    ledger.began("b")
    clock.at += 30 * SECOND
    ledger.began("a")
    ledger.ended(Entry("a", NEW_YEAR, 0), 500, "UTC")
    assert rates() == (2, 500)
    assert ledger.spent(None, NEW_YEAR, "UTC")["requests_per_minute"] == 3
    clock.at += 30 * SECOND
    assert rates() == (1, 500)
    clock.at += 30 * SECOND
    assert rates() == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=40))
def test_a_rate_is_the_sum_of_its_minute(steps: list[tuple[int, int]]) -> None:
    rate, now, added = Rate(), 0, []
    for later, amount in steps:
        now += later
        rate.add(amount, now)
        added.append((now, amount))
        assert rate.at(now) == sum(each for at, each in added if at > now - 60)


# ── after a restart ─────────────────────────────────────────────────────────────────────────────


def test_records_tell_what_was_spent_before_the_start(tmp_path: Path) -> None:
    clock = HandClock()
    clock.at = round((START + timedelta(minutes=2)).timestamp()) * SECOND
    store = Store(tmp_path / "records.db")
    yesterday, before = -24 * 3600, -31 * 24 * 3600
    rows = [
        a_record(0, cost=1.0),
        a_record(90, cost=2.0, took=10.0),
        a_record(100, key="b", cost=4.0, took=1.0),
        a_record(110, cost=None, served_by=None, status=403, code="rejected_by_policy"),
        a_record(yesterday, cost=8.0),
        a_record(before, cost=16.0),
    ]
    store.write([*map(Rows().of, rows)])
    store.close()
    ledger = Ledger(clock)
    states = States(clock)
    recall(ledger, states, tmp_path / "records.db", clock, "Europe/Berlin")
    seen = ledger.spent("team-a", clock.now(), "Europe/Berlin")
    assert (seen["spent_today"] / DOLLAR, seen["spent_month"] / DOLLAR) == (3, 11)
    assert (seen["total_spent_today"] / DOLLAR, seen["total_spent_month"] / DOLLAR) == (7, 15)
    assert (seen["requests_per_minute"], seen["tokens_per_minute"]) == (1, 46)
    assert ledger.spent(None, clock.now(), "Europe/Berlin")["requests_per_minute"] == 2
    assert states.world_models()["large"].typical_outputs == {"quick": 34}


@pytest.mark.parametrize("content", [None, b"", b"nothing of ours" * 1000])
def test_without_records_that_can_be_read_it_starts_at_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "records.db").write_bytes(content)
    clock = HandClock()
    ledger = Ledger(clock)
    recall(ledger, States(clock), tmp_path / "records.db", clock, "UTC")
    assert not any(ledger.spent(None, clock.now(), "UTC").values())


# ── a whole gateway ─────────────────────────────────────────────────────────────────────────────

BUDGETS = """
model gold { upstream mock  input_price $100000  output_price $100000 }
when requests_per_minute >= 4 -> reject 429 "slow down"
when spent_today >= $1 -> tiny as spent
else gold as rich
"""


async def rules(served: Served, key: str | None, count: int) -> list[str]:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    async with ClientSession(served.url, headers=headers) as http:
        return [(await got(http.post(COMPLETIONS, json=HI))).headers["x-route-rule"] for _ in range(count)]


async def test_a_budget_is_a_keys_own_and_survives_a_restart(tmp_path: Path) -> None:
    keys = keys_for(tmp_path, one=None, two=None)
    file, state, script = tmp_path / "keys.toml", tmp_path / "state", Script(tokens=10)
    async with serving(tmp_path, BUDGETS, scripts=script, keys=file, state=state) as served:
        assert await rules(served, keys["one"], 6) == ["rich", "spent", "spent", "spent", "auto:1", "auto:1"]
        assert await rules(served, keys["two"], 1) == ["rich"]
        await settled(served, 7)
        policy = served.running.gateway.host.generation.program.policy
    async with serving(tmp_path, BUDGETS, scripts=script, keys=file, state=state) as served:
        assert await rules(served, keys["two"], 1) == ["spent"]
        assert await rules(served, keys["one"], 1) == ["auto:1"]
        await settled(served, 2)
    with reading(state) as connection:
        found = [decode(line) for line in lines(connection, Wanted())]
    assert found[0].cost is not None
    assert (found[1].world.spent_today, found[1].world.total_spent_month) == (found[0].cost, found[0].cost)
    assert found[5].world.requests_per_minute == 4
    replayer = replayer_of(policy, CATALOG)
    assert [replayer.decide(record).decision.rule for record in found] == [record.rule for record in found]


async def test_without_keys_a_budget_is_everybodys(tmp_path: Path) -> None:
    async with serving(tmp_path, BUDGETS, scripts=Script(tokens=10)) as served:
        assert await rules(served, None, 2) == ["rich", "spent"]


async def test_a_dry_run_counts_for_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, BUDGETS) as served:
        async with ClientSession(served.url, headers={"x-route-dry-run": "1"}) as http:
            await asyncio.gather(*(got(http.post(COMPLETIONS, json=HI)) for _ in range(8)))
        assert await rules(served, None, 1) == ["rich"]
