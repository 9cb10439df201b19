"""How long the commands take that start no server, each as a process of its own: medians of many.

Commands run in turns, a Python that does nothing among them, so that what else the machine does meets all
of them. Wall time is what a person waits; processor time is what to compare, on a machine that is busy.
Exits 1 where a person waits longer than they should.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from platform import python_version
from statistics import median
from time import perf_counter

POLICY = "when messages<=2 and chars<200 -> tiny else medium fallback [large, medium, tiny] timeout 10s\n"
OTHER = POLICY.replace("200", "300")
REQUEST = '{"model": "auto", "messages": [{"role": "user", "content": "Good morning!"}]}\n'
TESTED = POLICY + 'test "short" { messages 1  chars 20  expect tiny }\n'
DECLARED = 'upstream u { url "http://127.0.0.1:1/v1" }\nmodel tiny {}\nelse tiny\n'
NOTHING = ("-c", "pass")
COMMANDS = (
    ("--version",),
    ("--help",),
    ("init", "--help"),
    ("explain-code", "R0101"),
    ("fmt", "--check", "one.route"),
    ("graph", "one.route"),
    ("decide", "one.route", "request.json"),
    ("check", "one.route"),
    ("explain", "one.route", "request.json"),
    ("diff", "one.route", "other.route"),
    ("test", "tested.route"),
    ("models", "declared.route"),
    ("replay", "one.route", "nothing.jsonl"),
    ("records", "--state", "nowhere"),
    ("simulate", "--help"),
)
ROUNDS = 15
MOST = 300
"""Milliseconds that a command may take to start and to do next to nothing."""
RESULTS = Path(__file__).parent / "results" / "startup.json"

# Bytecode is kept between starts, as it is for everybody who does not ask for the contrary.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

Times = tuple[float, float]
"""Milliseconds of wall time and of processor time."""


def run(arguments: tuple[str, ...], folder: Path) -> Times:
    """What one process of Python takes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, check=False)
    wall, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def measure(folder: Path) -> Mapping[str, list[Times]]:
    """The times of each command, after one run that nobody counts."""
    processes = {"python -c pass": NOTHING}
    processes |= {" ".join(("routedsl", *command)): ("-m", "routedsl", *command) for command in COMMANDS}
    taken: dict[str, list[Times]] = {name: [] for name in processes}
    for number in range(ROUNDS + 1):
        for name, arguments in processes.items():
            times = run(arguments, folder)
            if number:
                taken[name].append(times)
    return taken


def main() -> None:
    """Measure, print, and write the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.route").write_text(POLICY)
        (folder / "other.route").write_text(OTHER)
        (folder / "tested.route").write_text(TESTED)
        (folder / "declared.route").write_text(DECLARED)
        (folder / "nothing.jsonl").touch()
        (folder / "request.json").write_text(REQUEST)
        taken = measure(folder)
    found = {
        name: {"wall": round(median(wall for wall, _ in times)), "processor": round(median(cpu for _, cpu in times))}
        for name, times in taken.items()
    }
    results = {"python": python_version(), "milliseconds": found}
    print(json.dumps(results, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print("README.md quotes this: scripts/reference.py puts it there")
    late = [name for name, times in found.items() if times["wall"] > MOST]
    print(f"longer than {MOST} ms: {', '.join(late)}" if late else f"all within {MOST} ms")
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
