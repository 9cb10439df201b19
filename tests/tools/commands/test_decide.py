"""`routedsl decide`: lines in, lines out, and exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.cli import main

HI = '{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}'
ONE = "when messages<=2 and chars<200 -> tiny else medium fallback [large, medium, tiny] timeout 10s"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the one-line policy."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.route").write_text(ONE)
    return tmp_path


def decide(*arguments: str, requests: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["decide", *arguments], input=requests, catch_exceptions=False)


def test_json_lines_come_in_the_order_of_the_requests(folder: Path) -> None:
    lines = [f'{{"id": "r{number}", "body": {HI}, "facts": {{"chars": {190 + number}}}}}' for number in range(20)]
    (folder / "requests.jsonl").write_text("\n".join(lines))
    result = decide("one.route", "requests.jsonl", "--json")
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["id"] for line in shown] == [f"r{number}" for number in range(20)]
    assert [line["model"] for line in shown] == ["tiny"] * 10 + ["medium"] * 10
    assert result.exit_code == 0


def test_a_line_has_the_shape_that_scripts_hold_on_to(folder: Path) -> None:
    result = decide("one.route", "--json", requests=HI)
    shown = json.loads(result.stdout)
    digest = shown.pop("policy")
    assert len(digest) == 64
    assert shown == {
        "id": None,
        "route": "auto",
        "rule": "auto:1",
        "at": "one.route:1:1",
        "action": "forward",
        "model": "tiny",
        "chain": ["tiny", "large", "medium"],
        "facts": {"messages": 1, "chars": 2},
        "options": {"timeout": 10.0},
    }


def test_a_rejection_has_a_status_too(folder: Path) -> None:
    (folder / "no.route").write_text('else reject 403 "non, désolé"')
    shown = json.loads(decide("no.route", "--json", requests=HI).stdout)
    assert {name: shown[name] for name in ("action", "model", "chain", "status", "code", "message")} == {
        "action": "reject",
        "model": None,
        "chain": [],
        "status": 403,
        "code": "rejected_by_policy",
        "message": "non, désolé",
    }


def test_people_get_a_sentence_a_request(folder: Path) -> None:
    (folder / "two.route").write_text(
        'model tiny {}\nwhen stream -> reject 400 "no streams" as still\nelse first of all where up fallback [tiny]'
    )
    lines = [
        '{"id": "a", "body": {"messages": [{"role": "user", "content": "hi"}]}}',
        '{"messages": [{"role": "user", "content": "hi"}], "stream": true}',
        '{"model": "tinny", "messages": [{"role": "user", "content": "hi"}]}',
        '{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}',
    ]
    assert decide("two.route", requests="\n".join(lines)).stdout == (
        "a: auto:2 -> tiny\n"
        "still -> 400 no streams\n"
        "no rule -> 404 there is no model `tinny`; did you mean `tiny`?\n"
        "explicit -> tiny\n"
    )


def test_nobody_is_left(folder: Path) -> None:
    (folder / "up.route").write_text("else first of [a] where up")
    requests = f'{{"body": {HI}, "world": {{"models": {{"a": {{"up": false}}}}}}}}'
    assert decide("up.route", requests=requests).stdout == (
        "auto:1 -> nobody: no candidate is left, the answer is 503\n"
    )


def test_a_line_that_cannot_be_read_is_told_in_its_place_and_the_rest_go_on(folder: Path) -> None:
    requests = f'{HI}\n{{"id": "b", "body": {{}}}}\nnoise\n{HI}\n'
    result = decide("one.route", "--json", requests=requests)
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line.get("rule") for line in shown] == ["auto:1", None, None, "auto:1"]
    assert shown[1]["id"] == "b"
    assert [line.get("error", {}).get("code") for line in shown] == [None, "invalid_request", "invalid_json", None]
    assert result.exit_code == 1
    assert (
        decide("one.route", requests=requests).stdout.splitlines()[1].startswith("b: error invalid_request: `messages`")
    )


@pytest.mark.parametrize("line", ["[" * 100_000, '{"id": ' + "9" * 5_000 + "}", '{"id": 7}', '"\\ud800"', "\0", "{}"])
def test_no_line_brings_it_down(folder: Path, line: str) -> None:
    result = decide("one.route", "--json", requests=line)
    assert json.loads(result.stdout)["error"]["code"] in ("invalid_json", "invalid_request")
    assert result.exit_code == 1


def test_what_a_client_wrote_cannot_move_the_cursor(folder: Path) -> None:
    requests = '{"id": "\\u001b[2J", "body": {"model": "\\u001b[2J", "messages": [{"role": "user", "content": "hi"}]}}'
    assert "\x1b" not in decide("one.route", requests=requests).stdout


def test_no_requests_are_no_decisions(folder: Path) -> None:
    result = decide("one.route", requests="\n\n")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "there is no request to read\n", 0)


@pytest.mark.parametrize(
    "arguments", [("one.route", "nowhere.jsonl"), ("one.route", "."), ("nowhere.route",), ("bad.route",), ()]
)
def test_what_cannot_run_exits_2(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "bad.route").write_text("when charz < 5 -> tiny")
    result = decide(*arguments, requests=HI)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr
