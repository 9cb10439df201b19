"""The file: what is written is found, by one who writes and many who read; what is too old or too much goes."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from routedsl.records.record import Record, decode, encode
from routedsl.records.search import Wanted, lines, reading
from routedsl.records.store import Row, Rows, Store, pack, unpack
from routedsl.records.tables import StoreError
from tests.records.samples import FIRST, START, a_record

FOREVER = 10**18
ALL = Wanted()


def found(path: Path, wanted: Wanted = ALL) -> list[Record]:
    with reading(path) as connection:
        return [decode(line) for line in lines(connection, wanted)]


def ids(path: Path, wanted: Wanted) -> list[str]:
    return [record.id for record in found(path, wanted)]


def rows(*records: Record) -> list[Row]:
    return [*map(Rows().of, records)]


def size(path: Path) -> int:
    """Bytes that the file has, or will have once what waits beside it is in it."""
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute(
            "SELECT page_size * page_count FROM pragma_page_size, pragma_page_count"
        ).fetchone()
    return int(found)


def filled(path: Path, *records: Record) -> None:
    store = Store(path)
    store.write(rows(*records))
    store.close()


def test_what_is_written_is_found_whatever_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    records = [a_record(n, policy=f"{n // 3:064}") for n in range(10)]
    filled(path, *records[:4])
    filled(path, *records[4:])
    assert found(path) == records
    assert found(tmp_path) == records


def test_a_line_takes_a_quarter_of_its_room(tmp_path: Path) -> None:
    line, sample = encode(a_record(7)), encode(FIRST)
    packed = pack(line, sample)
    assert unpack(packed, sample) == line
    assert len(packed) < len(line) / 4


def test_filters_find_the_latest_in_their_order(tmp_path: Path) -> None:
    filled(
        tmp_path / "records.db",
        a_record(0),
        a_record(1, rule="slow", served_by="tiny", key=None),
        a_record(2, status=503, served_by=None),
        a_record(3, route="support", end="cut"),
        a_record(4, status=503, code="rejected_by_policy"),
    )
    assert ids(tmp_path, Wanted(most=2)) == ["r3", "r4"]
    assert ids(tmp_path, Wanted(rule="slow")) == ["r1"]
    assert ids(tmp_path, Wanted(model="tiny")) == ["r1"]
    assert ids(tmp_path, Wanted(key="team-a")) == ["r0", "r2", "r3", "r4"]
    assert ids(tmp_path, Wanted(route="support")) == ["r3"]
    assert ids(tmp_path, Wanted(status=503)) == ["r2", "r4"]
    assert ids(tmp_path, Wanted(failed=True)) == ["r2", "r3"]
    assert ids(tmp_path, Wanted(since=int(START.timestamp() * 1e6) + 3_000_000)) == ["r3", "r4"]
    assert ids(tmp_path, Wanted(status=503, failed=True, most=1)) == ["r2"]


def test_whatever_an_upstream_tells_can_be_written(tmp_path: Path) -> None:
    odd = a_record(1, tokens_in=2**63, tokens_out=-(2**63), took=1e200, cost=1e200)
    filled(tmp_path / "records.db", odd)
    assert found(tmp_path) == [odd]
    with pytest.raises(ValueError, match="surrogates"):
        rows(a_record(1, asked="\udcff"))


def test_a_write_that_fails_leaves_nothing_and_the_next_one_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "records.db")
    (good,) = rows(a_record(1))
    with pytest.raises(sqlite3.IntegrityError):
        store.write([good, good._replace(columns=(None, *good.columns[1:]))])
    store.write(rows(a_record(2)))
    store.close()
    assert found(tmp_path) == [a_record(2)]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = Store(path)
    store.write(rows(a_record(1)))
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    store.close()


# ── what goes ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_too_old_goes_and_the_file_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = Store(path)
    store.write(rows(*(a_record(n, policy=f"{n // 1000:064}") for n in range(3000))))
    before = size(path)
    oldest = int(START.timestamp() * 1e6) + 2_900_000_000
    steps = 1
    while store.prune(oldest, FOREVER):
        steps += 1
    assert [record.id for record in found(path)] == [f"r{n}" for n in range(2900, 3000)]
    assert size(path) < before / 5
    assert steps >= 6, "in small steps"
    (samples,) = sqlite3.connect(path).execute("SELECT count(*) FROM samples").fetchone()
    assert samples == 1
    store.write(rows(a_record(3000)))
    store.close()
    assert found(path)[-1] == a_record(3000)


def test_policies_that_take_turns_leave_every_row_its_sample(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = Store(path)
    records = [a_record(n, policy=f"{n // 2 % 2:064}") for n in range(40)]
    store.write(rows(*records))
    while store.prune(int(START.timestamp() * 1e6) + 21_000_000, FOREVER):
        pass
    store.write(rows(a_record(40)))
    store.close()
    assert found(path) == [*records[21:], a_record(40)]


@pytest.mark.parametrize("oldest", [1, 3], ids=["the last row goes", "all rows go"])
def test_a_score_goes_with_its_record_and_not_to_the_one_that_gets_its_number(tmp_path: Path, oldest: int) -> None:
    path, rated = tmp_path / "records.db", a_record(0)
    store = Store(path)
    store.write(rows(a_record(1), a_record(2), rated))
    assert store.rate(rated.id, rated.key, 0.1, 0) is not None
    while store.prune(int(START.timestamp() * 1e6) + oldest * 1_000_000, FOREVER):
        pass
    later = [a_record(7), a_record(8), a_record(9)]
    store.write(rows(*later))
    store.close()
    assert found(path)[-3:] == later


def test_the_oldest_go_where_the_file_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = Store(path)
    for batch in range(20):
        store.write(rows(*(a_record(batch * 500 + n, asked=os.urandom(50).hex()) for n in range(500))))
        while store.prune(0, 1_000_000):
            pass
    kept = [int(record.id[1:]) for record in found(path)]
    assert kept == list(range(kept[0], 10_000))
    assert 500_000 < size(path) <= 1_000_000
    store.close()
    assert path.stat().st_size <= 1_000_000


def test_a_disk_that_takes_no_writes_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "records.db"
    filled(path, a_record(1))
    monkeypatch.setattr("os.access", lambda *_: False)
    assert [record.id for record in found(path)] == ["r1"]
    assert [file.name for file in tmp_path.iterdir()] == ["records.db"]


# ── what is refused ─────────────────────────────────────────────────────────────────────────────


def test_files_of_others_and_of_later_versions_are_left_alone(tmp_path: Path) -> None:
    foreign, newer, noise = tmp_path / "foreign.db", tmp_path / "newer.db", tmp_path / "noise.db"
    other = sqlite3.connect(foreign)
    other.execute("CREATE TABLE accounts (name TEXT)")
    other.commit()
    other.close()
    untouched = foreign.read_bytes()
    filled(newer, a_record(1))
    later = sqlite3.connect(newer)
    later.execute("PRAGMA user_version = 99")
    later.close()
    noise.write_bytes(os.urandom(4096))
    contents = noise.read_bytes()
    for path, told in ((foreign, "not one of records"), (newer, "in version 99")):
        for use in (Store, found):
            with pytest.raises(StoreError, match=told):
                use(path)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        Store(noise)
    with pytest.raises(StoreError, match="not a database"):
        found(noise)
    assert (noise.read_bytes(), foreign.read_bytes()) == (contents, untouched)
    with pytest.raises(StoreError, match="there are no records at"):
        found(tmp_path / "absent")
    with pytest.raises(StoreError, match="there are no records at"):
        found(tmp_path)


def test_a_record_that_was_overwritten_is_told(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    filled(path, a_record(1))
    spoiled = sqlite3.connect(path)
    spoiled.execute("UPDATE records SET line = x'ffff'")
    spoiled.commit()
    spoiled.close()
    with pytest.raises(StoreError, match="cannot be read"):
        found(path)


# ── several at once ─────────────────────────────────────────────────────────────────────────────


def test_four_read_while_one_writes_and_prunes(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = Store(path)
    store.write(rows(*(a_record(n) for n in range(1000))))

    def read(_: int) -> int:
        total = 0
        for _ in range(8):
            numbers = [int(record.id[1:]) for record in found(path)]
            assert numbers == list(range(numbers[0], numbers[-1] + 1)), "a moment of the file, and no mixture"
            total += len(numbers)
        return total

    with ThreadPoolExecutor(4) as pool:
        readers = pool.map(read, range(4))
        for batch in range(10):
            first = 1000 + batch * 200
            store.write(rows(*(a_record(n) for n in range(first, first + 200))))
            store.prune(int(START.timestamp() * 1e6) + (first - 800) * 1_000_000, FOREVER)
        assert min(readers) > 0
    store.close()
