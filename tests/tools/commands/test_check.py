"""`routedsl check`: its exit codes, its formats, where each goes, and when it is in colour."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.cli import main

GOOD = "when chars < 1 -> a\nelse b\n"
WARNED = f"let unused = stream\n{GOOD}"
WRONG = "when chras < 1 -> a\nelse b { timeout 10 }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and a terminal that nobody has set up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


def run(text: str | bytes, *arguments: str) -> Result:
    content = text if isinstance(text, bytes) else text.encode()
    Path("p.route").write_bytes(content)
    return CliRunner().invoke(main, ["check", "p.route", *arguments])


# ── exit codes and the last line ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "arguments", "code", "last"),
    [
        (GOOD, [], 0, "p.route: good: 2 rules in 1 route, 0 models"),
        (GOOD, ["--strict"], 0, "p.route: good: 2 rules in 1 route, 0 models"),
        ("model a {} else a", [], 0, "p.route: good: 1 rule in 1 route, 1 model"),
        (WARNED, [], 0, "p.route: 1 warning: 2 rules in 1 route, 0 models"),
        (WARNED, ["--strict"], 1, "p.route: 1 warning: 2 rules in 1 route, 0 models"),
        (f"let more = json\n{WARNED}", [], 0, "p.route: 2 warnings: 2 rules in 1 route, 0 models"),
        (WRONG, [], 1, "p.route: 2 errors"),
        ("let chars = stream\nelse fastst of [a]\n", [], 1, "p.route: 1 error, 1 warning"),
        ("", [], 1, "p.route: 1 error"),
        (b"\xff", [], 1, "p.route: 1 error"),
        (b"\x00\x01 noise \xc3\x28" * 100_000, [], 1, "p.route: 1 error"),
    ],
)
def test_how_it_ends(text: str | bytes, arguments: list[str], code: int, last: str) -> None:
    result = run(text, *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1] == last


@pytest.mark.parametrize("name", ["gone.route", "gone/gone.route", "x" * 5000])
def test_a_missing_policy_does_not_load(name: str) -> None:
    result = CliRunner().invoke(main, ["check", name])
    assert result.exit_code == 1
    assert "error[R0601]: " in result.stderr
    assert result.stderr.splitlines()[-1] == f"{name}: 1 error"


def test_a_folder_without_policies_does_not_load(folder: Path) -> None:
    result = CliRunner().invoke(main, ["check", "."])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        ".:1:1: error[R0604]: there is no policy file in `.`",
        "  help: policy files end in `.route`; those of folders inside are only read by `import`",
        ".: 1 error",
    ]


@pytest.mark.parametrize(
    "arguments", [[], ["a", "b"], ["a", "--format", "xml"], ["a", "--shout"]], ids=lambda arguments: " ".join(arguments)
)
def test_wrong_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, ["check", *arguments]).exit_code == 2


def test_no_environment_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    text = 'upstream u { url "http://127.0.0.1/v1"  key $NO_SUCH_KEY } model a { upstream u } else a'
    assert run(text).exit_code == 0


# ── formats ─────────────────────────────────────────────────────────────────────────────────────


def test_text_goes_to_the_person() -> None:
    assert run(WRONG).stderr == (
        "p.route:1:6: error[R0201]: `chras` is no signal and no `let`\n"
        "  1 | when chras < 1 -> a\n"
        "    |      ^^^^^\n"
        "  help: did you mean `chars`?\n"
        "\n"
        "p.route:2:18: error[R0402]: `10` should be a duration\n"
        "  2 | else b { timeout 10 }\n"
        "    |                  ^^\n"
        "  help: did you mean `10s`?\n"
        "p.route: 2 errors\n"
    )


@pytest.mark.parametrize("arguments", [["--json"], ["--format", "json"], ["--json", "--format", "text"]])
def test_json_goes_to_the_program(arguments: list[str]) -> None:
    result = run(WRONG, *arguments)
    assert (result.exit_code, result.stderr) == (1, "")
    assert [(found["code"], found["line"], found["column"]) for found in json.loads(result.stdout)] == [
        ("R0201", 1, 6),
        ("R0402", 2, 18),
    ]


def test_json_of_a_good_policy_is_an_empty_list() -> None:
    result = run(GOOD, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_github_and_sarif_go_to_the_program() -> None:
    assert run(WRONG, "--format", "github").stdout.splitlines()[1] == (
        "::error file=p.route,line=2,endLine=2,col=18,endColumn=20,title=R0402"
        "::`10` should be a duration%0Ahelp: did you mean `10s`?"
    )
    sarif = json.loads(run(WRONG, "--format", "sarif").stdout)
    assert [found["ruleId"] for found in sarif["runs"][0]["results"]] == ["R0201", "R0402"]
    assert run(WARNED, "--strict", "--format", "sarif").exit_code == 1


# ── colours ─────────────────────────────────────────────────────────────────────────────────────


def standard_error(environment: dict[str, str], *, terminal: bool) -> str:
    """What the command writes to standard error, be it a terminal or a pipe."""
    Path("p.route").write_text(WRONG)
    reader, writer = os.openpty() if terminal else os.pipe()
    command = [sys.executable, "-m", "routedsl", "check", "p.route"]
    with subprocess.Popen(command, stderr=writer, env={**os.environ, "TERM": "xterm", **environment}) as process:
        os.close(writer)
        parts = []
        while part := _read(reader):
            parts.append(part)
    os.close(reader)
    assert process.returncode == 1
    return b"".join(parts).decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how a terminal says that nobody writes to it any more
        return b""


def test_a_terminal_is_in_colour() -> None:
    assert "\x1b[31merror[R0201]\x1b[0m" in standard_error({}, terminal=True)


@pytest.mark.parametrize(
    ("environment", "terminal"), [({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, True), ({}, False)]
)
def test_all_else_is_not(environment: dict[str, str], terminal: bool) -> None:
    shown = standard_error(environment, terminal=terminal)
    assert "p.route: 2 errors" in shown
    assert "\x1b" not in shown
