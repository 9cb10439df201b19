"""What `examples/03-in-review` gives to copy, run as the tools run it that read it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLE = Path(__file__).parents[2] / "examples" / "03-in-review"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "copy")


def read(path: str) -> Any:
    return yaml.safe_load((EXAMPLE / path).read_text(encoding="utf-8"))


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def act(folder: Path, summary: Path, **inputs: str) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the action's steps, each with its inputs, as far as one does not fail."""
    action = read(".github/actions/policy/action.yml")
    given = {name: inputs.get(name, about["default"]) for name, about in action["inputs"].items()}
    ran: dict[str, subprocess.CompletedProcess[str]] = {}
    for step in action["runs"]["steps"]:
        environment = {
            name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: given[found[1]], value)
            for name, value in step["env"].items()
        }
        if step.get("if") != "inputs.before != ''" or given["before"]:
            ran[step["name"]] = run(step["run"], folder, GITHUB_STEP_SUMMARY=str(summary), **environment)
        if any(each.returncode for each in ran.values()):
            break
    return ran


def test_the_hooks_pass_and_can_fail(copy: Path) -> None:
    hooks = read(".pre-commit-config.yaml")["repos"][0]["hooks"]
    files = {hook["id"]: "" if "pass_filenames" in hook else " rules/policy.route" for hook in hooks}
    entries = {hook["id"]: hook["entry"] + files[hook["id"]] for hook in hooks}
    assert [run(entry, copy).returncode for entry in entries.values()] == [0, 0, 0]
    policy = copy / "rules" / "policy.route"
    policy.write_text(policy.read_text().replace("tokens <= 4k", "tokens <= 5k").replace("timeout 20s", "timeout  20s"))
    failed = {id_: run(entry, copy).returncode for id_, entry in entries.items()}
    assert failed == {"routedsl-check": 0, "routedsl-fmt": 1, "routedsl-test": 1}


def test_the_action_tells_what_is_decided_differently(copy: Path, tmp_path: Path) -> None:
    before, summary = shutil.copytree(copy / "rules", tmp_path / "before"), tmp_path / "summary.md"
    policy = copy / "rules" / "policy.route"
    policy.write_text(policy.read_text().replace("timeout 20s", "timeout 30s"))
    ran = act(copy, summary, before=str(before))
    assert [step.returncode for step in ran.values()] == [0, 0, 0, 0], ran
    assert "timeout 30s" in summary.read_text(encoding="utf-8")


def test_the_action_fails_where_a_test_does(copy: Path, tmp_path: Path) -> None:
    policy = copy / "rules" / "policy.route"
    policy.write_text(policy.read_text().replace("tokens <= 4k", "tokens <= 5k"))
    ran = act(copy, tmp_path / "summary.md")
    assert {name: step.returncode for name, step in ran.items()} == {"Check": 0, "Form": 0, "Tests": 1}


def test_the_action_fails_where_a_rule_has_no_test(copy: Path, tmp_path: Path) -> None:
    policy = copy / "rules" / "policy.route"
    rule = 'when metadata["task"] == "draft" -> sorter as draft\n'
    policy.write_text(policy.read_text().replace("else writer as answer", f"{rule}else writer as answer"))
    tests = act(copy, tmp_path / "summary.md")["Tests"]
    assert tests.returncode == 1
    assert "is under 100%" in tests.stdout
    assert act(copy, tmp_path / "summary.md", coverage="50")["Tests"].returncode == 0


def test_the_workflow_uses_the_action_with_its_inputs() -> None:
    (job,) = read(".github/workflows/policy.yml")["jobs"].values()
    (step,) = (step for step in job["steps"] if step.get("uses", "").startswith("./"))
    inputs = read(".github/actions/policy/action.yml")["inputs"]
    assert (EXAMPLE / step["uses"].removeprefix("./after/") / "action.yml").is_file()
    assert {"policy", "before"} <= set(step["with"]) <= set(inputs)
