"""What each verb imports, and above all what it does not: a command that starts at once is asked for more often."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from routedsl.base.render import FORMATS
from routedsl.engine.graph import DRAWINGS
from routedsl.tools.commands import check, graph

POLICY = "when messages<=2 and chars<200 -> tiny else medium fallback [large, medium, tiny] timeout 10s\n"
REQUEST = '{"model": "auto", "messages": [{"role": "user", "content": "Good morning!"}]}\n'
SERVING = {"aiohttp", "asyncio", "prometheus_client", "pydantic", "watchfiles", "routedsl.gateway", "routedsl.testing"}
"""What no verb needs that starts no server."""
SLOW = SERVING | {"genai_prices", "importlib.metadata", "lark", "sqlite3", "routedsl.records"}
LINTS = {"routedsl.analysis.findings", "routedsl.analysis.chains", "routedsl.analysis.diff"}
CORE = {"lark", "msgspec", "re2", "routedsl.discover", "routedsl.engine", "routedsl.language", "routedsl.loading"}

HELPFUL = (
    "check",
    "decide",
    "demo",
    "diff",
    "explain",
    "explain-code",
    "fmt",
    "graph",
    "init",
    "models",
    "replay",
    "serve",
    "test",
)
VERBS: dict[tuple[str, ...], set[str]] = {
    ("check", "one.route"): SLOW | {"routedsl.analysis.diff"},
    ("decide", "one.route", "request.json"): SLOW | LINTS,
    ("explain", "one.route", "request.json"): SLOW | LINTS,
    ("test", "one.route"): SLOW | LINTS,
    ("diff", "one.route", "one.route"): SLOW | {"routedsl.analysis.findings"},
    ("graph", "one.route"): SLOW | LINTS,
    ("models", "one.route"): SLOW | LINTS,
    ("fmt", "--check", "canonical.route"): SLOW | {"re2", "toktok", "routedsl.analysis", "routedsl.engine"},
    ("explain-code", "R0101"): SLOW | CORE,
    ("simulate", "one.route", "--synthetic", "--requests", "9"): (SERVING - {"asyncio"})
    | {"lark", "matplotlib", "numpy"},
    ("init", "new"): {"aiohttp", "asyncio", "lark", "pydantic", "routedsl.analysis", "routedsl.engine"},
    ("--version",): SLOW | CORE,
    ("--help",): SLOW | CORE,
    **{(verb, "--help"): SLOW | CORE for verb in HELPFUL},
}


@pytest.mark.parametrize("command", VERBS, ids=" ".join)
def test_a_verb_imports_nothing_that_it_does_not_need(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "one.route").write_text(POLICY)
    (tmp_path / "canonical.route").write_text("when chars < 200 -> tiny else medium\n")
    (tmp_path / "request.json").write_text(REQUEST)
    imported = imports_of(command, tmp_path)
    assert "routedsl.tools.cli" in imported
    assert {name for name in imported if any(f"{name}.".startswith(f"{each}.") for each in VERBS[command])} == set()


def imports_of(command: tuple[str, ...], folder: Path) -> list[str]:
    """The modules that a run has imported when it ends well; other output goes to a file."""
    code = f"""
import atexit, json, os, sys
report = os.dup(1)
atexit.register(lambda: os.write(report, json.dumps(sorted(sys.modules)).encode()))
os.dup2(os.open("out", os.O_WRONLY | os.O_CREAT), 1)
sys.argv = ["routedsl", *{command!r}]
from routedsl.tools.cli import main
main()
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, check=True)
    names: list[str] = json.loads(run.stdout)
    return names


def test_forms_that_are_named_without_an_import_are_those_that_there_are() -> None:
    assert tuple(FORMATS) == check.FORMATS
    assert (*DRAWINGS, "json") == graph.FORMATS
