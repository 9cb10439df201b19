"""`make torture`: what CI tries a little, tried hard. One line a goal, and all of them as JSON for the docs.

A goal is tests that try harder under Hypothesis' profile `torture`; they tell what they measured as
JUnit properties named `measured`. Names of goals on the command line run those alone, and leave what
was kept of the others.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "torture.json"


@dataclass(frozen=True)
class Goal:
    """What is promised, and the tests that try to break it."""

    name: str
    promise: str
    tests: tuple[str, ...]


GOALS = (
    Goal("matrix", "no fault passes a cut or altered answer for a whole one", ("tests/matrix",)),
    Goal("cuts", "a stream cut at any byte is an error, or the whole answer", ("tests/gateway/test_cuts.py",)),
    Goal(
        "scenarios",
        "the sixteen scenarios of the Failover Bench, re-created",
        ("tests/gateway/test_failover_bench.py",),
    ),
    Goal(
        "ledger",
        "what clients heard, what was recorded and what the upstream was asked join one to one",
        ("tests/ledger",),
    ),
    Goal(
        "aborts",
        "who leaves takes all with him: one record, no task, no socket, the upstream free within 100 ms",
        ("tests/gateway/test_aborts.py",),
    ),
    Goal("chains", "deadline and reserve hold in random chains of random faults", ("tests/engine/test_chain_time.py",)),
    Goal("breaker and budget", "both do what a forty-line model says", ("tests/engine/test_machines.py",)),
    Goal(
        "inbound",
        "whatever comes in is refused or closed in time",
        ("tests/gateway/test_probes.py", "tests/gateway/test_ingress.py"),
    ),
    Goal(
        "records",
        "a kill loses 250 ms at most, and each record decides as its request did",
        ("tests/gateway/test_records_survive.py", "tests/records"),
    ),
    Goal(
        "replay",
        "each record that the gateway wrote is decided again as it was",
        ("tests/gateway/test_replayed.py",),
    ),
    Goal("analysis", "what is proved of a policy holds", ("tests/analysis",)),
    Goal("evaluators", "the compiled policy decides as the obvious one", ("tests/engine/test_code.py",)),
)


@dataclass(frozen=True)
class Result:
    """What came of a goal: `measured` are the tests' own words, `seconds` the wall time."""

    goal: str
    promise: str
    passed: int
    failed: int
    seconds: float
    measured: tuple[str, ...]
    date: str
    commit: str
    load: float


def run(goal: Goal) -> Result:
    """Run a goal's tests at full length."""
    load, tried, started = os.getloadavg()[0], commit(), perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        options = ("-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={report}")
        command = [sys.executable, "-m", "pytest", *options, *goal.tests]
        environment = os.environ | {"HYPOTHESIS_PROFILE": "torture"}
        ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if not report.is_file():
            raise SystemExit(ran.stdout + ran.stderr)
        suite = ET.parse(report).getroot()  # noqa: S314 - pytest wrote it a moment ago
    if ran.returncode:
        sys.stderr.write(ran.stdout)
    cases = list(suite.iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    return Result(
        goal=goal.name,
        promise=goal.promise,
        passed=len(cases) - failed,
        failed=failed,
        seconds=round(perf_counter() - started, 1),
        measured=tuple(each.get("value", "") for each in suite.iter("property") if each.get("name") == "measured"),
        date=datetime.now(UTC).date().isoformat(),
        commit=tried,
        load=round(load, 1),
    )


def commit() -> str:
    """The commit that was tried, with a `+` where the tree has more."""
    said = [_git("rev-parse", "--short", "HEAD"), "+" if _git("status", "--porcelain", "--", "src", "tests") else ""]
    return "".join(said)


def _git(*words: str) -> str:
    command = ("git", *words)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def line(result: Result) -> str:
    """A result on one line."""
    verdict = "FAILED" if result.failed else "holds"
    told = "; ".join(result.measured) or f"{result.passed} tests"
    return f"{result.goal:20} {verdict:7} {told} ({result.seconds:.0f} s)"


def kept() -> dict[str, dict[str, object]]:
    """The results of earlier runs, by goal."""
    if not RESULTS.is_file():
        return {}
    stored: list[dict[str, object]] = json.loads(RESULTS.read_text("utf-8"))["goals"]
    return {str(each["goal"]): each for each in stored}


def main(names: Sequence[str]) -> None:
    """Run the goals named, or all; exits 1 where one fails."""
    unknown = set(names) - {goal.name for goal in GOALS}
    if unknown:
        raise SystemExit(f"no goal {sorted(unknown)}; there are {', '.join(goal.name for goal in GOALS)}")
    results = kept()
    failed = False
    for goal in GOALS:
        if names and goal.name not in names:
            continue
        result = run(goal)
        print(line(result), flush=True)
        failed = failed or result.failed > 0
        results[goal.name] = asdict(result)
        ordered = [results[each.name] for each in GOALS if each.name in results]
        machine = {"python": platform.python_version(), "cores": os.cpu_count()}
        RESULTS.write_text(json.dumps(machine | {"goals": ordered}, indent=2) + "\n", "utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
