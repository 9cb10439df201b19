"""`.route` files with tests as a project sees them that runs pytest."""

import pytest

pytest_plugins = ["pytester"]

RULES = "when short -> tiny as quick\nelse medium\n"
TESTS = 'test "short" { chars 5  expect tiny }\ntest "long" { chars 500  expect tiny }\n'


def write(project: pytest.Pytester, **files: str) -> None:
    """Write policy files; `__` in a name is a folder."""
    for name, text in files.items():
        path = project.path / f"{name.replace('__', '/')}.route"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest("-p", "no:asyncio", "-p", "no:randomly", *arguments)


def test_a_folder_is_one_policy_and_each_test_an_item(pytester: pytest.Pytester) -> None:
    write(
        pytester, rules__a=RULES + TESTS, rules__b='let short = chars < 200\ntest "b" { chars 199  expect rule quick }'
    )
    result = run(pytester, "rules", "-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "rules/a.route::short PASSED*",
            "rules/a.route::long FAILED*",
            "rules/b.route::b PASSED*",
            "rules/a.route:4:6: expected tiny, and it is medium",
            "       no   chars < 200   chars is 500, 301 over",
        ]
    )


def test_one_item_is_run_by_its_name(pytester: pytest.Pytester) -> None:
    write(pytester, one=f"let short = chars < 200\n{RULES}{TESTS}")
    run(pytester, "one.route::short").assert_outcomes(passed=1)
    run(pytester, "-n", "2").assert_outcomes(passed=1, failed=1)


def test_two_policies_of_one_folder_are_each_its_own(pytester: pytest.Pytester) -> None:
    write(pytester, a=f"let short = chars < 9\n{RULES}{TESTS}", b='else large\ntest "b" { expect large }')
    run(pytester).assert_outcomes(passed=2, failed=1)


def test_a_fragment_has_the_policy_that_imports_it(pytester: pytest.Pytester) -> None:
    write(pytester, rules__main=f'import "more/b.route"\n{RULES}')
    write(pytester, rules__more__b='let short = chars < 200\ntest "b" { chars 5  expect rule quick }')
    run(pytester).assert_outcomes(passed=1)


def test_a_broken_policy_is_an_error_of_the_collection(pytester: pytest.Pytester) -> None:
    write(pytester, broken=f"when chras < 200 -> tiny else large\n{TESTS}")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["broken.route:1:6: error[[]R0201[]]: `chras` is no signal and no `let`"])


def test_files_without_tests_disturb_nobody(pytester: pytest.Pytester) -> None:
    write(pytester, broken="nonsense [", rules__other="import nothing # test", comment='# test "a" { }\n[')
    (pytester.path / "bytes.route").write_bytes(b"\xff\xfe")
    (pytester.path / "folder.route").mkdir()
    pytester.makepyfile("def test_it(): pass")
    run(pytester).assert_outcomes(passed=1)


def test_a_request_that_cannot_be_read_fails_its_test_alone(pytester: pytest.Pytester) -> None:
    write(pytester, a='else tiny\ntest "a" { request "gone.json"  expect tiny }\ntest "b" { expect tiny }')
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["a.route:2:20: error[[]R1105[]]: `gone.json` cannot be read: no such file"])
