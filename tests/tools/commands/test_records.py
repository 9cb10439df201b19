"""`routedsl records`: what a person sees, what a program gets, and what is told where there is nothing to see."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.records.record import encode
from routedsl.records.store import Rows, Store
from routedsl.tools.commands.records import command
from tests.records.samples import a_record


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = Store(tmp_path / "records.db")
    records = (
        a_record(0),
        a_record(1, rule=None, served_by=None, attempts=(), status=404, tokens_in=None, tokens_out=None, cost=None),
        a_record(2, status=None, end="gone"),
        a_record(3, end="cut", rule="sl\x1bow"),
    )
    store.write([*map(Rows().of, records)])
    store.close()
    return tmp_path


def test_a_person_sees_a_line_for_each(state: Path) -> None:
    assert run("--state", state).stdout.splitlines() == [
        "time                 id  rule   model  attempts                end      tokens  cost       took",
        "2026-01-31 09:30:00  r0  quick  large  tiny:timeout, large:ok  200      12+34   $0.000370  0.000s",
        "2026-01-31 09:30:01  r1  -      -      -                       404      -       -          0.001s",
        "2026-01-31 09:30:02  r2  quick  large  tiny:timeout, large:ok  - gone   12+34   $0.000370  0.002s",
        "2026-01-31 09:30:03  r3  sl�ow  large  tiny:timeout, large:ok  200 cut  12+34   $0.000370  0.003s",
    ]


def test_scores_have_a_column_where_there_are_any(state: Path) -> None:
    store = Store(state / "records.db")
    assert store.rate("r0", a_record(0).key, 0.25, 0) is not None
    assert store.rate("r0", "nobody", 1, 0) is None
    store.close()
    first, second, *_ = run("--state", state).stdout.splitlines()
    assert (first.split()[-1], second.split()[-1]) == ("score", "0.25")
    lines = run("--state", state, "--json").stdout.splitlines()
    assert [json.loads(line).get("score") for line in lines] == [0.25, None, None, None]


def test_filters_and_limits(state: Path) -> None:
    assert [line.split()[2] for line in run("--state", state, "--limit", 2).stdout.splitlines()] == ["rule", "r2", "r3"]
    assert "r3" in run("--state", state / "records.db", "--failed").stdout
    assert run("--state", state, "--status", 404).stdout.count("\n") == 2
    nothing = run("--state", state, "--since", "1h")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "there is no such record\n")


def test_a_program_gets_all_of_each(state: Path) -> None:
    lines = run("--state", state, "--json").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["r0", "r1", "r2", "r3"]
    assert lines[0].encode() == encode(a_record(0))
    assert json.loads(lines[0])["attempts"][0] == {
        "model": "tiny", "outcome": "timeout", "took": 0.25, "maybe_billed": True
    }  # fmt: skip


def test_what_cannot_be_shown_is_told(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE accounts (name TEXT)")
    connection.commit()
    connection.close()
    noise = tmp_path / "noise.db"
    noise.write_bytes(os.urandom(5000))
    begun = tmp_path / "begun.db"
    begun.touch()
    for path, told in (
        (tmp_path / "absent", "there are no records"),
        (begun, "there are no records"),
        (foreign, "not one of records"),
        (noise, "not a"),
    ):
        result = run("--state", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert told in result.stderr
    for option, value in (("--status", "9" * 30), ("--limit", "9" * 30)):
        assert f"'{option}'" in run("--state", tmp_path, option, value).stderr
    assert "`30d` or `12h`" in run("--state", tmp_path, "--since", "yesterday").stderr


def test_somebody_who_holds_the_file_is_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routedsl.records.search.PATIENCE", 0.05)
    holder = sqlite3.connect(state / "records.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    result = run("--state", state)
    holder.close()
    assert result.exit_code == 2
    assert "locked" in result.stderr


def test_it_starts_without_what_only_serving_needs(state: Path) -> None:
    code = "import sys; from routedsl.tools.commands import records; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"aiohttp", "asyncio", "lark", "pydantic", "routedsl.gateway"}.isdisjoint(loaded)
