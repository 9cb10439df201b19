"""What keeps a policy from being served that loads: its own tests, and snapshots of what it decides."""

from functools import partial
from pathlib import Path

import pytest

from routedsl.discover import discover
from routedsl.gateway.host import Verdict
from routedsl.loading.policy import Loading, load_policy
from routedsl.tools.gating import Gate, Snapshot
from routedsl.tools.snapshot import decision_table
from tests.gateway.harness import BY_SIZE, serving

RULES = "when chars < 200 -> tiny as short\nelse medium\n"
TESTED = RULES + 'test "short goes to tiny" { chars 20  expect tiny }\n'
REQUESTS = """\
{"id": "short", "body": {"messages": [{"role": "user", "content": "hi"}]}}
{"id": "long", "facts": {"chars": 200}, "body": {"messages": [{"role": "user", "content": "hi"}]}}
"""
CATALOG = discover()


def loaded(folder: Path, text: str) -> Loading:
    path = folder / "policy.route"
    path.write_text(text)
    return load_policy(path, CATALOG)


def gated(folder: Path, text: str, *snapshots: Snapshot) -> Loading:
    return Gate(folder / "policy.route", tests=True, snapshots=snapshots)(loaded(folder, text))


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """What `RULES` decide."""
    snapshot = Snapshot(tmp_path / "requests.jsonl", tmp_path / "kept.txt")
    snapshot.requests.write_text(REQUESTS)
    program = loaded(tmp_path, RULES).program
    assert program is not None
    snapshot.table.write_text(decision_table(program, REQUESTS.encode()))
    return snapshot


def told(loading: Loading) -> list[tuple[str, str, str]]:
    return [(found.code, Path(found.span.at).name, found.message) for found in loading.diagnostics]


def test_what_holds_passes(tmp_path: Path, snapshot: Snapshot) -> None:
    loading = gated(tmp_path, TESTED, snapshot)
    assert loading.program is not None
    assert told(loading) == []
    assert {snapshot.requests, snapshot.table} <= set(loading.paths)


def test_a_test_that_fails_keeps_it_out(tmp_path: Path) -> None:
    loading = gated(tmp_path, TESTED.replace("200", "2"))
    assert loading.program is None
    message = 'the test "short goes to tiny" fails: expected tiny, and it is medium'
    assert told(loading) == [("R0803", "policy.route:3:39", message)]


def test_tests_are_only_run_where_that_is_asked_for(tmp_path: Path) -> None:
    loading = loaded(tmp_path, TESTED.replace("200", "2"))
    assert Gate(tmp_path, tests=False, snapshots=())(loading).program is loading.program


def test_a_request_that_cannot_be_read_keeps_it_out(tmp_path: Path) -> None:
    loading = gated(tmp_path, RULES + 'test "filed" { request "gone.json"  expect tiny }\n')
    assert loading.program is None
    assert [code for code, _, _ in told(loading)] == ["R1105"]
    assert tmp_path / "gone.json" in loading.paths


def test_a_decision_that_a_snapshot_has_otherwise_keeps_it_out(tmp_path: Path, snapshot: Snapshot) -> None:
    loading = gated(tmp_path, RULES.replace("200", "201"), snapshot)
    assert loading.program is None
    message = f"a request is decided otherwise than this snapshot of `{snapshot.requests}` says"
    assert told(loading) == [("R0804", "kept.txt:3:1", message)]
    assert "`long  " in (loading.diagnostics[0].help or "")


@pytest.mark.parametrize("gone", ["requests", "table"])
def test_a_snapshot_that_is_not_there_keeps_it_out(tmp_path: Path, snapshot: Snapshot, gone: str) -> None:
    path: Path = getattr(snapshot, gone)
    path.unlink()
    loading = gated(tmp_path, RULES, snapshot)
    assert loading.program is None
    assert told(loading) == [
        ("R0804", f"{path.name}:1:1", f"the snapshot's `{path}` cannot be read: no such file or directory")
    ]


def test_what_does_not_load_is_passed_on(tmp_path: Path) -> None:
    loading = loaded(tmp_path, "else nobody of\n")
    assert Gate(tmp_path, tests=True, snapshots=())(loading) is loading


async def test_a_reload_that_fails_its_tests_is_not_taken_in(tmp_path: Path) -> None:
    gate = partial(Gate, tests=True, snapshots=())
    holding = BY_SIZE + 'test "small" { messages 1  expect tiny }\n'
    async with serving(tmp_path, holding, gate=gate, watch=True) as served:
        served.write(holding.replace("messages <= 2", "messages > 2"))
        (finding,) = await served.verdict(Verdict.REFUSED)
        assert finding.code == "R0803"
        assert served.running.gateway.host.generation.number == 1
        served.write(holding.replace("200", "300"))
        await served.verdict(Verdict.SWAPPED)
        assert served.running.gateway.host.generation.number == 2


async def test_a_snapshot_written_anew_lets_the_policy_in(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path / "requests.jsonl", tmp_path / "kept.txt")
    snapshot.requests.write_text(REQUESTS)
    snapshot.table.write_text("")

    def gate(path: Path) -> "Gate":
        loading = load_policy(path, CATALOG)
        assert loading.program is not None
        snapshot.table.write_text(decision_table(loading.program, REQUESTS.encode()))
        return Gate(path, tests=False, snapshots=[snapshot])

    async with serving(tmp_path, BY_SIZE, gate=gate, watch=True) as served:
        served.write(BY_SIZE.replace("200", "1"))
        await served.verdict(Verdict.REFUSED)
        program = load_policy(served.path, CATALOG).program
        assert program is not None
        snapshot.table.write_text(decision_table(program, REQUESTS.encode()))
        await served.verdict(Verdict.SWAPPED)
