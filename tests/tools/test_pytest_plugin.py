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
request                       route   rule        model       then              options           facts
short                         auto    short       tiny        large             timeout 1.5s      chars 2
long                          auto    auto:2      large       tiny                                chars 200
by name                               explicit    large
#4                            auto    short       tiny        large             timeout 1.5s      chars 12
#5                                                error invalid_request                    `messages` must be a list
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
    result.stdout.fnmatch_lines(["- short *timeout 1.5s *", "+ short *timeout 2s *"])
    result.stdout.no_fnmatch_line("[-+] long*")


def test_a_policy_that_does_not_load_is_told(project: pytest.Pytester) -> None:
    write_policy(project, timeout="2sec")
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*my.route:4:*", "*did you mean `2s`?*"])


def test_no_file_of_requests(project: pytest.Pytester) -> None:
    (project.path / "requests.jsonl").unlink()
    run(project).stdout.fnmatch_lines(["there is no file of requests at `*requests.jsonl`"])


def test_lines_do_not_depend_on_one_another(project: pytest.Pytester) -> None:
    run(project, "--snapshot-update")
    before = snapshot_of(project).read_text().splitlines()
    with (project.path / "requests.jsonl").open("a") as file:
        file.write('{"id": "a name that is far too long for its column", "body": {"messages": 3}}\n')
    run(project, "--snapshot-update")
    *after, _ = snapshot_of(project).read_text().splitlines()
    assert after == before


def test_a_rule_that_moves_nobody_changes_no_line(project: pytest.Pytester) -> None:
    run(project, "--snapshot-update")
    policy = project.path / "my.route"
    policy.write_text(policy.read_text().replace("else large", "when tools > 50 -> large as many\nelse large as rest"))
    result = run(project)
    result.stdout.fnmatch_lines(["- long *", "+ long * tools 0"])
    result.stdout.no_fnmatch_line("[-+] short*")
    policy.write_text(policy.read_text().replace("when chars", "when images > 0 -> large as seen\nwhen chars"))
    run(project, "--snapshot-update")
    kept = TABLE.replace(
        "auto:2      large       tiny                                chars 200",
        f"{'rest':12}{'large':12}{'tiny':34}  images 0, chars 200, tools 0",
    )
    assert snapshot_of(project).read_text() == kept
    run(project).assert_outcomes(passed=1)


@pytest.mark.parametrize(("old", "new"), [('"hi"}]}}', '"ho, ho"}]}}'), ('{"chars": 200}', '{"chars": 201}')])
def test_a_fact_that_is_another_is_told_though_the_decision_stays(old: str, new: str, project: pytest.Pytester) -> None:
    run(project, "--snapshot-update")
    requests = project.path / "requests.jsonl"
    requests.write_text(REQUESTS.replace(old, new))
    result = run(project)
    result.assert_outcomes(failed=1)


def test_requests_that_come_and_go_are_told(project: pytest.Pytester) -> None:
    run(project, "--snapshot-update")
    (project.path / "requests.jsonl").write_text(REQUESTS.replace('"short"', '"brief"'))
    result = run(project)
    result.stdout.fnmatch_lines(["- short *", "+ brief *", "*--snapshot-update*"])
    result.stdout.no_fnmatch_line("[-+] long*")


def test_two_snapshots_in_one_test_are_two_files(project: pytest.Pytester) -> None:
    project.makepyfile(test_rules=TEST + '    route_snapshot("my.route", "requests.jsonl")\n')
    run(project, "--snapshot-update").assert_outcomes(passed=1)
    assert len([*project.path.glob("__snapshots__/**/*.txt")]) == 2
    run(project).assert_outcomes(passed=1)


def test_one_request_is_decided_under_a_world(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_world="""
        HI = {"messages": [{"role": "user", "content": "hi"}]}

        def test_up(route_decide):
            assert route_decide("my.route", HI).chain == ("tiny", "large")

        def test_down(route_decide):
            assert route_decide("my.route", HI, world={"models": {"tiny": {"up": False}}}).model == "large"

        def test_pinned(route_policy):
            assert route_policy("my.route").decide(HI, facts={"chars": 200}).rule == "auto:2"

        def test_time(route_decide, tmp_path):
            policy = tmp_path / "noon.route"
            policy.write_text("when time in 12:00..12:00 -> noon else other")
            assert route_decide(policy, HI).model == "noon"
            assert route_decide(policy, HI, world={"time": "2026-01-01T13:00:00Z"}).model == "other"
        """
    )
    run(project, "test_world.py").assert_outcomes(passed=4)


def test_a_gateway_over_scripted_upstreams(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_gateway="""
        import openai
        import pytest
        from routedsl.testing import Script

        HI = [{"role": "user", "content": "hi"}]

        def ask(gateway):
            client = openai.OpenAI(base_url=gateway.url, api_key="none", max_retries=0)
            return client.chat.completions.create(model="auto", messages=HI)

        def test_well(route_gateway):
            gateway = route_gateway("my.route")
            assert ask(gateway).model == "tiny"
            assert gateway.asked == ("tiny",)

        def test_a_fault(route_gateway):
            gateway = route_gateway("my.route", {"tiny": "404", "large": Script(tokens=3)})
            answer = ask(gateway)
            assert (answer.model, answer.usage.completion_tokens) == ("large", 3)
            assert gateway.asked == ("tiny", "large")
            assert gateway.seen[0].body["messages"] == HI

        def test_no_such_model(route_gateway):
            with pytest.raises(ValueError, match="no model `tony`; did you mean `tiny`"):
                route_gateway("my.route", {"tony": "hang"})

        def test_no_such_fault(route_gateway):
            with pytest.raises(ValueError, match="no fault `hung`"):
                route_gateway("my.route", {"tiny": "hung"})
        """
    )
    run(project, "test_gateway.py").assert_outcomes(passed=4)


def test_every_fixture_tells_what_is_wrong_with_a_policy(project: pytest.Pytester) -> None:
    write_policy(project, timeout="2sec")
    project.makepyfile(
        test_broken="""
        def test_policy(route_policy): route_policy("my.route")
        def test_decide(route_decide): route_decide("my.route", {})
        def test_gateway(route_gateway): route_gateway("my.route")
        """
    )
    result = run(project, "test_broken.py")
    result.assert_outcomes(failed=3)
    assert result.stdout.str().count("did you mean `2s`?") >= 3
