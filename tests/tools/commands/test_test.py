"""`routedsl test`: a policy's own tests run, and what a person and a program are told of them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.cli import main

RULES = "when chars < 200 -> tiny as quick\nelse medium { timeout 10s }\n"
FAILED = """\
FAIL  long  (one.route:4:6)
      expected tiny, and it is medium
      expected timeout 12s, and it is timeout 10s

      asked for  no model

      no   rule quick  (one.route:1:1)
             no   chars < 200   chars is 200, 1 over

      yes  rule auto:2  (one.route:2:1)

      ranking    medium
      chain      medium
      options    timeout 10s

      effective     chars >= 200
      nearest flip  chars 199 (now 200) -> quick

one.route: 2 tests: 1 passed, 1 failed
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(tests: str, *arguments: str, rules: str = RULES) -> Result:
    Path("one.route").write_text(f"{rules}{tests}", "utf-8")
    return CliRunner().invoke(main, ["test", "one.route", *arguments], catch_exceptions=False)


def test_tests_that_hold_are_counted() -> None:
    result = run('test "short" { chars 5  expect tiny }\ntest "long" { chars 200  expect rule auto:2 }')
    assert (result.exit_code, result.output) == (0, "one.route: 2 tests passed\n")


def test_a_failure_says_what_is_instead_and_why() -> None:
    result = run('test "short" { chars 5  expect tiny }\ntest "long" { chars 200  expect tiny  expect timeout 12s }')
    assert (result.exit_code, result.output) == (1, FAILED)


def test_a_failure_tells_what_was_not_stated() -> None:
    result = run('test "open" { tools 1  expect medium }')
    assert "\n      not stated    chars is 5\n" in result.output


def test_a_policy_without_tests_says_so() -> None:
    result = run("")
    assert result.exit_code == 0
    assert result.output.startswith("one.route: there is no test: write one beside the rules")


def test_some_tests_are_chosen_by_their_names() -> None:
    tests = 'test "short" { chars 5  expect tiny }\ntest "long" { chars 200  expect tiny }'
    assert run(tests, "-k", "SHO").output == "one.route: 1 test passed\n"
    none = run(tests, "-k", "never")
    assert none.exit_code == 2
    assert "no test has `never` in its name" in none.output


def test_programs_read_one_object() -> None:
    result = run('test "long" { chars 200  tools 1  expect tiny }', "--json")
    told = json.loads(result.output)
    assert result.exit_code == 1
    assert (told["passed"], told["failed"]) == (0, 1)
    (test,) = told["tests"]
    assert test["misses"] == [{"at": "one.route:3:35", "expected": "tiny", "got": "medium"}]
    assert (test["name"], test["at"], test["passed"]) == ("long", "one.route:3:6", False)
    assert test["decision"]["rule"] == "auto:2"
    assert test["not_stated"] == {}


def test_a_policy_that_does_not_load_is_told() -> None:
    result = run('test "a" { chras 5  expect tiny }')
    assert result.exit_code == 2
    assert "error[R0201]: `chras` is no signal" in result.output


# ── requests in files ───────────────────────────────────────────────────────────────────────────

BY_TIER = 'when header["x-tier"] == "gold" -> large\nwhen chars < 200 -> tiny\nelse medium\n'
GOLD = {"headers": {"x-tier": "gold"}, "body": {"messages": [{"role": "user", "content": "hi"}]}}


def test_a_request_comes_from_a_file_and_stated_facts_go_before_it(folder: Path) -> None:
    (folder / "requests").mkdir()
    (folder / "requests" / "gold.json").write_text(json.dumps(GOLD))
    (folder / "hi.json").write_text(json.dumps(GOLD["body"]))
    tests = """
test "gold" { request "requests/gold.json"  expect large }
test "no gold" { request "requests/gold.json"  header["x-tier"] missing  expect tiny }
test "a body" { request "hi.json"  expect tiny }
test "a long body" { request "hi.json"  chars 500  expect medium }
"""
    assert run(tests, rules=BY_TIER).output == "one.route: 4 tests passed\n"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("gone.json", "`gone.json` cannot be read: no such file"),
        ("gole.json", "did you mean `gold.json`?"),
        ("../gold.json", "`../gold.json` lies outside"),
        ("/etc/hostname", "`/etc/hostname` lies outside"),
        ("link.json", "`link.json` lies outside"),
        (".", "`.` cannot be read: it is no file"),
        ("empty.json", "`empty.json` holds 0 requests"),
        ("two.jsonl", "`two.jsonl` holds 2 requests"),
        ("noise.json", "`noise.json` is no request"),
    ],
)
def test_a_file_that_is_no_request_is_told(named: str, message: str, folder: Path) -> None:
    (folder / "gold.json").write_text(json.dumps(GOLD))
    (folder / "empty.json").write_text("")
    (folder / "two.jsonl").write_text(f"{json.dumps(GOLD)}\n{json.dumps(GOLD)}\n")
    (folder / "noise.json").write_text("[1, 2")
    (folder / "link.json").symlink_to("/etc/hostname")
    result = run(f'test "t" {{ request "{named}"  expect tiny }}')
    assert result.exit_code == 2
    assert "error[R1105]" in result.output
    assert message in result.output


def test_check_warns_of_a_request_that_is_gone_and_the_policy_loads_all_the_same() -> None:
    assert run('test "t" { request "gone.json"  expect tiny }').exit_code == 2
    result = CliRunner().invoke(main, ["check", "one.route"])
    assert result.exit_code == 0
    assert "one.route:3:20: warning[R1105]: `gone.json` cannot be read: no such file" in result.output
    assert CliRunner().invoke(main, ["check", "--strict", "one.route"]).exit_code == 1


def test_tests_of_imported_files_run_too(folder: Path) -> None:
    (folder / "more.route").write_text('test "more" { chars 5  request "hi.json"  expect tiny }\n')
    (folder / "hi.json").write_text(json.dumps(GOLD["body"]))
    assert run("", rules=f'import "more.route"\n{RULES}').output == "one.route: 1 test passed\n"


# ── coverage ────────────────────────────────────────────────────────────────────────────────────

SOME = """\
when chars < 100 -> tiny
when 50 < chars < 90 -> tiny as dead
when tools > 0 and messages != 2 -> large
else medium

test "short" { chars 5  expect tiny }
test "tools" { chars 500  tools 1  expect large }
"""
COVERED = """\
one.route: 2 tests passed
rules     2 of 3
outcomes  5 of 7, of 4 predicates
coverage  70%
no test sees:
  one.route:4:1   rule   auto:4
  one.route:3:6   no to  tools > 0
  one.route:3:20  no to  messages != 2
left out, for no request can:
  one.route:2:1  rule    dead
  one.route:2:6  yes to  50 < chars < 90
"""


def test_coverage_names_what_no_test_sees_and_what_no_request_can() -> None:
    result = run("", "--coverage", rules=SOME)
    assert (result.exit_code, result.output) == (0, COVERED)


def test_coverage_can_be_demanded() -> None:
    assert run("", "--fail-under", "70", rules=SOME).exit_code == 0
    result = run("", "--fail-under", "70.1", rules=SOME)
    assert result.exit_code == 1
    assert result.output.endswith("70% is under 70.1%\n")


def test_requests_of_files_count_for_coverage(folder: Path) -> None:
    body = {"messages": [{"role": "user", "content": "hi"}]}
    lines = [
        {"facts": {"chars": 500}, "body": body},
        {"facts": {"chars": 500, "tools": 1, "messages": 2}, "body": body},
    ]
    (folder / "more.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    told = json.loads(run("", "more.jsonl", "--coverage", "--json", rules=SOME).output)["coverage"]
    assert told["percent"] == 100
    assert [rule["times"] for rule in told["rules"]] == [1, 0, 1, 2]
    assert told["predicates"][1] == {
        "text": "50 < chars < 90",
        "at": "one.route:2:6",
        "yes": 0,
        "no": 3,
        "impossible": ["yes"],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("more.jsonl",), "REQUESTS count for --coverage"),
        (("gone.jsonl", "--coverage"), "`gone.jsonl` cannot be read: no such file or directory"),
        (("more.jsonl", "--coverage"), "more.jsonl:1: "),
    ],
)
def test_requests_that_cannot_count_are_told(arguments: tuple[str, ...], message: str, folder: Path) -> None:
    (folder / "more.jsonl").write_text("noise\n")
    result = run("", *arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("other", [("--mutate",), ("--coverage",), ("--fail-under", "90")])
def test_suggestions_come_alone(other: tuple[str, ...], folder: Path) -> None:
    result = run("", "--suggest", *other)
    assert result.exit_code == 2
    assert "--suggest writes tests and nothing else" in result.output


# ── mutation ────────────────────────────────────────────────────────────────────────────────────

SAID = {"role": "user", "content": f"hi {'a' * 21}… (199 characters)"}
WITNESS = json.dumps({"body": {"model": "auto", "messages": [SAID]}}, ensure_ascii=False)
SURVIVED = f"""\
one.route: 2 tests passed
SURVIVED  one.route:1:6
--- one.route
+++ one.route
@@ -1 +1 @@
-when chars < 200 -> tiny as quick
+when chars < 199 -> tiny as quick
      decides otherwise where chars == 199
      witness: {WITNESS}
      now      quick -> tiny
      changed  auto:2 -> medium

mutants   5 of 6 noticed
"""
LOOSE = 'test "short" { chars 5  expect tiny }\ntest "long" { chars 200  expect medium }'
CLOSE = LOOSE.replace("chars 5 ", "chars 199 ")


def test_a_change_that_no_test_notices_is_told() -> None:
    result = run(LOOSE, "--mutate")
    assert (result.exit_code, result.output) == (1, SURVIVED)


def test_where_every_change_is_noticed_all_is_good() -> None:
    result = run(CLOSE, "--mutate")
    assert (result.exit_code, result.output) == (0, "one.route: 2 tests passed\nmutants   6 of 6 noticed\n")


def test_a_change_that_is_proved_to_decide_the_same_is_left_out() -> None:
    rules = "when chars < 200 -> tiny\nwhen chars < 100 -> tiny\nelse medium\n"
    result = run(CLOSE, "--mutate", rules=rules)
    assert result.exit_code == 0
    assert result.output.endswith(" more proved to decide the same\n")
    assert "-when chars < 100 -> tiny\n+when chars < 99 -> tiny" not in result.output


def test_programs_read_what_no_test_notices() -> None:
    told = json.loads(run(LOOSE, "--mutate", "--json").output)["mutation"]
    assert {name: told[name] for name in ("noticed", "equal", "untried")} == {"noticed": 5, "equal": 0, "untried": 0}
    (survivor,) = told["survived"]
    assert (survivor["at"], survivor["where"]) == ("one.route:1:6", ["chars == 199"])
    assert len(survivor["witness"]["request"]["body"]["messages"][0]["content"]) == 199


def test_mutants_are_tried_for_a_while_only() -> None:
    result = run(CLOSE, "--mutate", "--seconds", "0")
    assert result.exit_code == 1
    assert result.output.endswith("mutants   0 of 0 noticed, 6 not tried in time\n")


def test_nothing_is_changed_while_tests_fail() -> None:
    result = run('test "long" { chars 200  expect tiny }', "--mutate")
    assert result.exit_code == 1
    assert "mutants" not in result.output


# ── suggestions ─────────────────────────────────────────────────────────────────────────────────


def test_suggestions_can_be_put_into_the_policy(folder: Path) -> None:
    written = run("", "--suggest").output
    assert written.startswith("# What is decided now")
    assert run(written).output == "one.route: 3 tests passed\n"
    assert run(written, "--suggest").output == "# one.route: the tests touch every threshold\n"
    assert json.loads(run("", "--suggest", "--json").output) == {"suggested": written}


def test_a_threshold_that_no_request_was_found_for_is_named() -> None:
    rules = 'when last == "hi" and last_chars > 3 -> tiny\nelse medium\n'
    assert (
        "# No short request was found that asks for auto:1: last_chars 4.\n" in run("", "--suggest", rules=rules).output
    )
