"""`route_snapshot` as a project that uses it sees it: written, kept, and read when it fails."""

from pathlib import Path

import pytest

from routedsl.discover import discover
from routedsl.loading.policy import require_policy
from routedsl.tools.snapshot import decision_table

pytest_plugins = ["pytester"]

POLICY = """
model tiny {{}}
model large {{}}
when chars < 200 -> tiny as short {{ timeout {timeout} }}
else large
fallback [large, tiny]
"""
REQUESTS = """
{"id": "short", "body": {"messages": [{"role": "user", "content": "hi"}]}}
{"id": "long", "facts": {"chars": 200}, "body": {"messages": [{"role": "user", "content": "hi"}]}}
{"id": "by name", "body": {"model": "large", "messages": [{"role": "user", "content": "hi"}]}}
{"messages": [{"role": "user", "content": "a body alone"}]}
{"id": "wrong", "body": {"messages": 3}}
"""
TEST = """
def test_rules(route_snapshot):
    route_snapshot("my.route", "requests.jsonl")
"""
TABLE = """\
request  route  rule      model                  then   options
short    auto   short     tiny                   large  timeout 1.5s
long     auto   auto:2    large                  tiny
by name         explicit  large
#4       auto   short     tiny                   large  timeout 1.5s
#5                        error invalid_request         `messages` must be a list
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    write_policy(pytester)
    (pytester.path / "requests.jsonl").write_text(REQUESTS)
    pytester.makepyfile(test_rules=TEST)
    return pytester


def write_policy(project: pytest.Pytester, timeout: str = "1.5s") -> None:
    (project.path / "my.route").write_text(POLICY.format(timeout=timeout))


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest("-p", "no:asyncio", *arguments)


def snapshot_of(project: pytest.Pytester) -> Path:
    (file,) = project.path.glob("__snapshots__/**/*.txt")
    return file


def test_the_table_has_a_line_for_each_request(tmp_path: Path) -> None:
    policy = tmp_path / "my.route"
    policy.write_text(POLICY.format(timeout="1.5s"))
    assert decision_table(require_policy(policy, discover()), REQUESTS.encode()) == TABLE


def test_a_decision_is_kept(project: pytest.Pytester) -> None:
    run(project, "--snapshot-update").assert_outcomes(passed=1)
    assert snapshot_of(project).read_text() == TABLE
    run(project).assert_outcomes(passed=1)


def test_another_decision_shows_what_differs(project: pytest.Pytester) -> None:
    run(project, "--snapshot-update")
    write_policy(project, timeout="2s")
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*- short *timeout 1.5s", "E*+ short *timeout 2s"])
    result.stdout.no_fnmatch_line("E*[-+] long*")


def test_a_policy_that_does_not_load_is_told(project: pytest.Pytester) -> None:
    write_policy(project, timeout="2sec")
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*my.route:4:*", "*did you mean `2s`?*"])


def test_no_file_of_requests(project: pytest.Pytester) -> None:
    (project.path / "requests.jsonl").unlink()
    run(project).stdout.fnmatch_lines(["there is no file of requests at `*requests.jsonl`"])
