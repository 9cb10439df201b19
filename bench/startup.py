"""How long the commands take that start no server, each as a process of its own: medians of many.

Commands run in turns, so that what else the machine does meets all of them. Wall time is what a person
waits; processor time is what to compare, on a machine that is busy. Exits 1 where a person waits longer
than they should.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

POLICY = "when messages<=2 and chars<200 -> tiny else medium fallback [large, medium, tiny] timeout 10s\n"
REQUEST = '{"model": "auto", "messages": [{"role": "user", "content": "Good morning!"}]}\n'
COMMANDS = (
    ("--help",),
    ("check", "one.route"),
    ("decide", "one.route", "request.json"),
    ("explain", "one.route", "request.json"),
    ("fmt", "--check", "one.route"),
    ("init", "--help"),
)
ROUNDS = 15
MOST = 0.3
"""Seconds that a command may take to start and to do next to nothing."""


# Bytecode is kept between starts, as it is for everybody who does not ask for the contrary.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Seconds of wall time and of processor time that one process takes."""
    whole = [sys.executable, "-m", "routedsl", *command]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run(whole, cwd=folder, env=ENVIRONMENT, capture_output=True, check=False)
    wall, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """The times of each command, after one run that nobody counts."""
    taken: dict[str, list[tuple[float, float]]] = {" ".join(command): [] for command in COMMANDS}
    for number in range(ROUNDS + 1):
        for command in COMMANDS:
            times = run(command, folder)
            if number:
                taken[" ".join(command)].append(times)
    return taken


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.route").write_text(POLICY)
        (folder / "request.json").write_text(REQUEST)
        taken = measure(folder)
    print("    wall  processor  command")
    waits = [row(command, *(median(each) for each in zip(*times, strict=True))) for command, times in taken.items()]
    sys.exit(1 if max(waits) > MOST else 0)


def row(command: str, wall: float, cpu: float) -> float:
    """Print the times of one command; how long a person waits for it."""
    late = "" if wall <= MOST else "  (too long)"
    print(f"{wall * 1000:5.0f} ms   {cpu * 1000:5.0f} ms  routedsl {command}{late}")
    return wall


if __name__ == "__main__":
    main()
