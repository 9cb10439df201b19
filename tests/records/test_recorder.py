"""Records on their way: none is lost while the disk works, all that are lost are counted, and nobody waits."""

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from routedsl.records import recorder as module
from routedsl.records.record import Record
from routedsl.records.recorder import Recorder
from routedsl.records.steady import Keep
from routedsl.records.tables import StoreError
from tests.records.samples import a_record
from tests.records.test_store import found

KEEP = Keep(age=10**9, size=10**9)
PATIENCE = 10.0


class Sketch:
    """A record to be; it may take so many seconds, wait for a sign, or fail."""

    def __init__(
        self,
        number: int,
        weight: int = 100,
        seconds: float = 0,
        gate: threading.Event | None = None,
        error: Exception | None = None,
    ) -> None:
        self.number, self.weight, self.seconds, self.gate, self.error = number, weight, seconds, gate, error
        self.ready = True
        self.made_in = ""

    def record(self, *, whole: bool = True) -> Record:
        self.made_in = threading.current_thread().name
        time.sleep(self.seconds)
        if self.gate is not None and whole:
            self.gate.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return a_record(self.number, asked="whole" if whole else "glance")


@contextmanager
def recording(path: Path, keep: Keep = KEEP) -> Iterator[Recorder]:
    recorder = Recorder(path, keep)
    yield recorder
    recorder.close(PATIENCE)


def eventually(recorder: Recorder, written: int) -> None:
    until = time.monotonic() + PATIENCE
    while recorder.written < written:
        assert time.monotonic() < until, (recorder.written, recorder.lost)
        time.sleep(0.005)


@contextmanager
def writing(path: Path, recorder: Recorder) -> Iterator[None]:
    """Somebody else writes to the file meanwhile, so that the recorder has to wait."""
    recorder.note(Sketch(-1))
    eventually(recorder, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_all_that_was_noted_is_written_when_it_closes(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        for number in range(3000):
            recorder.note(Sketch(number))
    assert [record.id for record in found(path)] == [f"r{number}" for number in range(3000)]
    assert (recorder.written, recorder.lost) == (3000, 0)


def test_a_record_is_in_the_file_though_no_other_comes(tmp_path: Path) -> None:
    with recording(tmp_path / "records.db") as recorder:
        recorder.note(Sketch(0))
        eventually(recorder, 1)
        recorder.note(Sketch(1))
        eventually(recorder, 2)


def test_small_ones_are_made_at_once_and_large_ones_in_a_thread_that_was_prepared(tmp_path: Path) -> None:
    prepared: list[str] = []
    recorder = Recorder(tmp_path / "records.db", KEEP, lambda: prepared.append(threading.current_thread().name))
    small, large = Sketch(0), Sketch(1, weight=module.LARGE + 1)
    recorder.note(small)
    recorder.note(large)
    eventually(recorder, 2)
    recorder.close(PATIENCE)
    assert small.made_in == threading.current_thread().name
    assert prepared == [large.made_in] == ["records-facts_0"]


def test_the_first_of_a_policy_is_made_beside_too(tmp_path: Path) -> None:
    with recording(tmp_path / "records.db") as recorder:
        first = Sketch(0)
        first.ready = False
        recorder.note(first)
        eventually(recorder, 1)
    assert first.made_in == "records-facts_0"


def test_slow_ones_go_beside_and_those_that_came_to_be_too_many_without_what_nobody_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST", 60.0)
    monkeypatch.setattr(module, "BODIES", 3 * module.HELD)
    path, here, gate = tmp_path / "records.db", threading.current_thread().name, threading.Event()
    slow = [Sketch(number, seconds=2 * module.SLOW) for number in range(3)]
    later = [Sketch(number, gate=gate) for number in range(3, 6)]
    with recording(path) as recorder:
        for sketch in (*slow, *later):
            recorder.note(sketch)
        gate.set()
        eventually(recorder, 6)
    assert [sketch.made_in for sketch in (*slow, *later)] == [here] * 3 + ["records-facts_0"] * 2 + [here]
    assert [record.id for record in found(path) if record.asked == "glance"] == ["r5"]


def test_large_bodies_are_read_beside_and_hold_nobody_up(tmp_path: Path) -> None:
    gate = threading.Event()
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        recorder.note(Sketch(0, weight=2**20, gate=gate))
        recorder.note(Sketch(1))
        eventually(recorder, 1)
        gate.set()
        eventually(recorder, 2)
    assert [record.id for record in found(path)] == ["r1", "r0"]


def test_bodies_beyond_the_bound_go_without_what_nobody_asked(tmp_path: Path) -> None:
    gate = threading.Event()
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        for number in range(4):
            recorder.note(Sketch(number, weight=20 * 2**20, gate=gate))
        eventually(recorder, 1)
        gate.set()
        eventually(recorder, 4)
        recorder.note(Sketch(4, weight=20 * 2**20))
        eventually(recorder, 5)
    asked = {record.id: record.asked for record in found(path)}
    assert asked == {"r0": "whole", "r1": "whole", "r2": "whole", "r3": "glance", "r4": "whole"}


@pytest.mark.parametrize(("seconds", "waiting"), [(2 * PATIENCE, "whole"), (0.0, "glance")])
def test_at_the_end_bodies_are_read_while_there_is_time(tmp_path: Path, seconds: float, waiting: str) -> None:
    gate, path = threading.Event(), tmp_path / "records.db"
    recorder = Recorder(path, KEEP)
    first, later = Sketch(2), Sketch(4)
    first.ready = later.ready = False
    for sketch in (Sketch(0, weight=2**20, gate=gate), Sketch(1, weight=2**20), first):
        recorder.note(sketch)
    closing = threading.Thread(target=recorder.close, args=(seconds,))
    closing.start()
    assert (recorder._hurry if waiting == "glance" else recorder._ending).wait(PATIENCE)
    for sketch in (Sketch(3, weight=2**20), later):
        recorder.note(sketch)
    gate.set()
    closing.join()
    eventually(recorder, 5)
    asked = {record.id: record.asked for record in found(path)}
    assert asked == {"r0": "whole", "r1": waiting, "r2": "whole", "r3": "glance", "r4": "whole"}


def test_what_the_queue_has_no_room_for_is_counted_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "ROOM", 10)
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        with writing(path, recorder):
            recorder.note(Sketch(0))
            while recorder._queue:
                time.sleep(0.005)
            for number in range(1, 31):
                recorder.note(Sketch(number))
        assert recorder.lost == 20
    assert (recorder.written, recorder.lost) == (12, 20)
    assert caplog.text.count("more requests end than can be written") == 1


def test_one_that_cannot_be_made_costs_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        recorder.note(Sketch(0))
        recorder.note(Sketch(1, error=ValueError("odd")))
        recorder.note(Sketch(2))
    assert [record.id for record in found(path)] == ["r0", "r2"]
    assert recorder.lost == 1
    assert "odd" in caplog.text


def test_what_ends_after_the_end_is_counted(tmp_path: Path) -> None:
    with recording(tmp_path / "records.db") as recorder:
        pass
    recorder.note(Sketch(0))
    recorder.note(Sketch(1, weight=2**20))
    assert recorder.lost == 2


def test_a_record_that_fails_in_a_hurry_costs_its_caller_nothing(tmp_path: Path) -> None:
    with recording(tmp_path / "records.db") as recorder:
        recorder.note(Sketch(0, weight=2**30, error=ValueError("odd")))
    assert (recorder.written, recorder.lost) == (0, 1)


def test_a_file_that_is_not_ours_costs_records_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "records.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE accounts (name TEXT)")
    other.commit()
    other.close()
    with recording(path) as recorder:
        for number in range(5):
            recorder.note(Sketch(number))
    assert (recorder.written, recorder.lost) == (0, 5)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "not one of records" in caplog.text


def test_a_disk_that_goes_and_comes_back_is_told_and_written_to_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("routedsl.records.steady.AGAIN", 0.0)
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "records.db"
    with recording(path) as recorder:
        recorder.note(Sketch(0))
        eventually(recorder, 1)
        shutil.rmtree(folder)
        folder.write_text("no folder any more")
        recorder.note(Sketch(1))
        recorder.note(Sketch(2))
        until = time.monotonic() + PATIENCE
        while recorder.lost < 2 and time.monotonic() < until:
            time.sleep(0.005)
        assert recorder.lost == 2
        folder.unlink()
        folder.mkdir()
        recorder.note(Sketch(3))
        eventually(recorder, 2)
        recorder.note(Sketch(4))
        eventually(recorder, 3)
    assert [record.id for record in found(path)] == ["r3", "r4"]
    assert caplog.text.count("records are lost") == 1
    assert caplog.text.count("records are written again; 2 were lost so far") == 1


def test_records_that_are_too_old_go_without_anybody_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 0.02)
    path = tmp_path / "records.db"
    with recording(path):
        pass
    with recording(path) as recorder:
        recorder.note(Sketch(0))
        eventually(recorder, 1)
    with recording(path, Keep(age=1, size=10**9)):
        until = time.monotonic() + PATIENCE
        while found(path) and time.monotonic() < until:
            time.sleep(0.005)
    assert found(path) == []


def test_the_end_does_not_wait_for_what_is_too_old_to_go(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    for keep in (KEEP, Keep(age=1, size=10**9)):
        with recording(path, keep) as recorder:
            if keep is KEEP:
                recorder.note(Sketch(0))
    assert len(found(path)) == 1


def test_a_score_that_nobody_waits_for_any_more_stops_no_record(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        with writing(path, recorder):
            recorder.note(Sketch(0))
            left, stays = recorder.rate("r0", None, 0.5), recorder.rate("r0", None, 1.0)
            assert left.cancel()
        stays.result(PATIENCE)
        recorder.note(Sketch(1))
        eventually(recorder, 3)


def test_a_score_finds_a_record_that_ends_while_others_are_written(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with recording(path) as recorder:
        with writing(path, recorder):
            recorder.note(Sketch(0))
            while recorder._queue:
                time.sleep(0.005)
            recorder.note(Sketch(1))
            rated = recorder.rate("r1", "team-a", 0.5)
        assert rated.result(PATIENCE) is not None


def test_a_score_waits_for_a_record_whose_body_is_read(tmp_path: Path) -> None:
    gate = threading.Event()
    with recording(tmp_path / "records.db") as recorder:
        recorder.note(Sketch(0, weight=module.LARGE + 1, gate=gate))
        rated = recorder.rate("r0", "team-a", 0.5)
        recorder.note(Sketch(1))
        eventually(recorder, 1)
        gate.set()
        assert rated.result(PATIENCE) is not None


def test_no_score_is_taken_at_the_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "records.db", KEEP)
    recorder.close(PATIENCE)
    with pytest.raises(StoreError):
        recorder.rate("r0", None, 0.5)
