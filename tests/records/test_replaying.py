"""Replaying in parts: whatever the parts, and wherever each is done, what comes of them together is the same."""

import pickle
import sys
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from distributed import LocalCluster
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.discover import builtin
from routedsl.records import cores, fleet, pieces
from routedsl.records.cores import on_all_cores
from routedsl.records.pieces import Piece, RecordError, lines_of, pieces_in, pieces_of, place_of
from routedsl.records.record import Answer, Attempt, Past, Record, decode_past, encode
from routedsl.records.replay import replayer_of
from routedsl.records.replaying import Replaying, tally_of
from routedsl.records.spread import median_of, step_of
from routedsl.records.tally import Tally
from routedsl.records.traffic import Comparing, traffic_of
from routedsl.tools.cli import main
from tests.records.past import NEW, OLD, program_of_text, scene, write_db, write_lines

POLICY, BEFORE = program_of_text(NEW).policy, program_of_text(OLD).policy
REPLAYER, OTHER = replayer_of(POLICY, builtin()), replayer_of(BEFORE, builtin())
SCENE = scene()
PAST = [decode_past(encode(record)) for record in SCENE]
WHOLE = tally_of(PAST, REPLAYER)


def merged(tallies: Iterator[Tally]) -> Tally:
    return reduce(lambda one, other: one.merged(other), tallies, Tally())


# ── tallies ─────────────────────────────────────────────────────────────────────────────────────


@given(st.permutations(range(len(PAST))), st.lists(st.integers(0, len(PAST)), max_size=5))
def test_tallies_of_parts_merge_to_that_of_the_whole(order: list[int], cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(order)]
    parts = [[PAST[place] for place in order[one:two]] for one, two in pairwise(bounds)]
    assert merged(tally_of(part, REPLAYER) for part in parts) == WHOLE
    traffic = [traffic_of(part, OTHER, REPLAYER) for part in parts]
    assert reduce(lambda one, other: other.merged(one), traffic) == traffic_of(PAST, OTHER, REPLAYER)


def test_every_record_is_counted_once() -> None:
    assert (WHOLE.records, WHOLE.replayed, WHOLE.moved) == (len(SCENE), len(SCENE), 7)
    assert sum(sum(spread.values()) for spread in WHOLE.answers.values()) == sum(r.served_by is not None for r in SCENE)


@given(st.lists(st.floats(1e-4, 1e5), min_size=1, max_size=50))
def test_a_median_is_right_to_one_in_a_hundred(numbers: list[float]) -> None:
    spread: dict[int, int] = {}
    for number in numbers:
        spread[step_of(number)] = spread.get(step_of(number), 0) + 1
    middle = sorted(numbers)[(len(numbers) - 1) // 2]
    assert median_of(spread) == pytest.approx(middle, rel=0.011)
    assert median_of({}) is None


def test_times_that_upstreams_made_up_are_counted_all_the_same() -> None:
    odd = [replace(PAST[3], took=took, cost=1e200) for took in (0, -1, 1e200)]
    assert tally_of(odd, REPLAYER).moved == 3


def test_what_a_replay_reads_is_what_records_have() -> None:
    assert set(Past.__struct_fields__) < set(Record.__struct_fields__)
    assert set(Answer.__struct_fields__) < set(Attempt.__struct_fields__)


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few records."""
    monkeypatch.setattr(pieces, "RECORDS", 3)
    monkeypatch.setattr(pieces, "BYTES", 2_500)


@pytest.mark.usefixtures("small")
def test_pieces_have_each_record_once_in_its_order(tmp_path: Path) -> None:
    lines = [encode(record) for record in SCENE]
    for path in (write_db(tmp_path / "records.db", SCENE), write_lines(tmp_path / "records.jsonl", SCENE), tmp_path):
        parts = pieces_of(path)
        assert len(parts) > 3
        assert [line.rstrip(b"\n") for part in parts for line in lines_of(part)] == lines
    with (tmp_path / "records.jsonl").open("rb") as stream:
        streamed = list(pieces_in(stream, "here"))
    assert len(streamed) > 3
    assert [line for part in streamed for line in lines_of(part) if line] == lines


@pytest.mark.usefixtures("small")
def test_a_line_is_found_again_in_its_file(tmp_path: Path) -> None:
    rng = Random(4)
    written = [b"x" * rng.randrange(2_000) for _ in range(40)]
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(written))
    with path.open("rb") as stream:
        streamed = list(pieces_in(stream, str(path)))
    for parts in (pieces_of(path), streamed):
        places = [place_of(part, index) for part in parts for index, line in enumerate(lines_of(part)) if line.strip()]
        assert places == [f"{path}:{number}" for number, line in enumerate(written, 1) if line]


def test_a_line_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONGEST", 1_000)
    result = CliRunner().invoke(main, ["replay", "rules", "-"], input=b"x" * 5_000)
    assert result.exit_code == 2
    assert "it has no records" in result.stderr


# ── on cores and machines ───────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("small")
def test_several_processes_say_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "cores", lambda: 2)
    parts = pieces_of(write_db(tmp_path / "records.db", SCENE))
    assert merged(on_all_cores(Replaying(POLICY), parts)) == WHOLE
    bad = Piece(source="here", start=7, stop=8, read=b"{}\n")
    with pytest.raises(RecordError, match="here:7: this is no record"):
        list(on_all_cores(Replaying(POLICY), [*parts, bad]))


@pytest.mark.usefixtures("small")
@pytest.mark.filterwarnings("ignore")  # Dask's own, of what this machine lets it measure
def test_a_fleet_says_what_one_process_says(tmp_path: Path) -> None:
    (tmp_path / "new.route").write_text(NEW)
    files = [write_db(tmp_path / "a.db", SCENE[:9]), write_lines(tmp_path / "b.jsonl", SCENE[9:])]
    arguments = ["replay", str(tmp_path / "new.route"), *map(str, files), "--json"]
    alone = CliRunner().invoke(main, arguments)
    settings = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=1, **settings) as cluster:  # type: ignore[no-untyped-call]  # it has no types
        shared = CliRunner().invoke(main, [*arguments, "--fleet", cluster.scheduler_address])
        files[1].write_text("{}\n")
        spoiled = CliRunner().invoke(main, [*arguments, "--fleet", cluster.scheduler_address])
    assert (shared.exit_code, shared.stdout) == (1, alone.stdout)
    assert spoiled.exit_code == 2
    assert "b.jsonl:1: this is no record" in spoiled.stderr


def test_a_fleet_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "PATIENCE", 0.2)
    path = write_lines(tmp_path / "records.jsonl", SCENE)
    for address in ("tcp://127.0.0.1:9", "nonsense", "udp://a:1", ""):
        result = CliRunner().invoke(main, ["replay", "rules", str(path), "--fleet", address])
        assert result.exit_code == 2, address
        assert f"no Dask scheduler answers at `{address}`" in result.stderr


def test_without_dask_a_fleet_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "routedsl.records.fleet", raising=False)
    path = write_lines(tmp_path / "records.jsonl", SCENE)
    result = CliRunner().invoke(main, ["replay", "rules", str(path), "--fleet", "local"])
    assert result.exit_code == 2
    assert "pip install 'routedsl-gateway[fleet]'" in result.stderr


def test_jobs_are_data() -> None:
    for job in (Replaying(POLICY), Comparing(BEFORE, POLICY)):
        assert pickle.loads(pickle.dumps(job)) == job
