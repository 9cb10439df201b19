"""`routedsl explain`: for people and as JSON."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.cli import main

HI = '{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}'


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.route").write_text("when chars < 2 -> tiny else medium fallback [large] timeout 10s")
    return "one.route"


def explain(*arguments: str, requests: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments], input=requests, catch_exceptions=False)


def test_a_person_reads_why(policy: str) -> None:
    result = explain(policy, requests=HI)
    assert (
        result.stdout
        == """\
asked for  the model `auto`

no   rule auto:1  (one.route:1:1)
       no   chars < 2   chars is 2, 1 over

yes  rule auto:2  (one.route:1:24)

ranking    medium
chain      medium, then large
options    timeout 10s

effective     chars >= 2
nearest flip  chars 1 (now 2) -> auto:1
"""
    )
    assert result.exit_code == 0


def test_several_requests_are_told_apart_by_a_blank_line(policy: str) -> None:
    result = explain(policy, requests=f"{HI}\nnoise\n{HI}\n")
    first, _, rest = result.stdout.partition("\n\nerror invalid_json: ")
    assert first.startswith("asked for  the model `auto`")
    assert first.endswith("nearest flip  chars 1 (now 2) -> auto:1")
    assert "\n\nasked for  the model `auto`\n" in rest
    assert result.exit_code == 1


def test_json_is_a_line_a_request(policy: str) -> None:
    result = explain(policy, "--json", requests=f'{{"id": "a", "body": {HI}}}\n{{"id": "b", "body": 1}}\n')
    good, bad = (json.loads(line) for line in result.stdout.splitlines())
    assert (good["id"], good["rule"], [tried["result"] for tried in good["tried"]]) == ("a", "auto:2", [False, True])
    assert good["effective"] == "chars >= 2"
    assert good["flip"] == {
        "fact": "chars",
        "now": 2,
        "value": 1,
        "change": "chars 1 (now 2)",
        "rule": "auto:1",
        "at": "one.route:1:1",
    }
    assert bad == {"id": "b", "error": {"code": "invalid_request", "message": "the body must be an object"}}
    assert result.exit_code == 1


@pytest.mark.parametrize("arguments", [("one.route", "nowhere.json"), ("nowhere.route",)])
def test_what_cannot_run_exits_2(policy: str, arguments: tuple[str, ...]) -> None:
    assert explain(*arguments, requests=HI).exit_code == 2
