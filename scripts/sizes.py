"""Reports how big things are: long modules and functions, and how many packages the core pulls in.

What is past a soft limit is printed; what is past a hard one also fails the run.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^[A-Za-z0-9._-]+==", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measure:
    """How big one thing is, and how big it may be."""

    what: str
    value: int
    soft: int
    hard: int

    def __str__(self) -> str:
        verdict = f"past the limit of {self.hard}" if self.value > self.hard else f"aim at {self.soft}"
        return f"{self.what}: {self.value} ({verdict})"


def modules(path: Path, text: str) -> Iterator[Measure]:
    """The module's length in lines."""
    yield Measure(str(path), len(text.splitlines()), soft=400, hard=800)


def functions(path: Path, text: str) -> Iterator[Measure]:
    """The length in lines of each function in the module, nested ones included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Measure(f"{path}:{node.lineno} {node.name}", length, soft=50, hard=100)


def dependencies() -> Iterator[Measure]:
    """How many packages the core asks for, and how many its lock installs on one platform or another."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    yield Measure("direct dependencies of the core", len(project["dependencies"]), soft=12, hard=12)
    locked = PINNED.findall((ROOT / "requirements/core.txt").read_text())
    yield Measure("packages installed for the core", len(locked), soft=30, hard=30)


def spread(measures: list[Measure]) -> str:
    """How the lengths are spread: the middle one, and the one that nine in ten stay within."""
    lengths = sorted(measure.value for measure in measures)
    median, ninth = (lengths[len(lengths) * part // 10] for part in (5, 9))
    return f"{len(lengths)} functions: median {median}, nine in ten up to {ninth} lines"


def main() -> int:
    """Print the report; 1 if anything is past its hard limit."""
    texts = {path.relative_to(ROOT): path.read_text() for path in sorted((ROOT / "src").rglob("*.py"))}
    of_modules = [measure for path, text in texts.items() for measure in modules(path, text)]
    of_functions = [measure for path, text in texts.items() for measure in functions(path, text)]
    packages = list(dependencies())
    for measure in of_modules + of_functions:
        if measure.value > measure.soft:
            print(measure)
    print(f"{len(texts)} modules; {spread(of_functions)}")
    for measure in packages:
        print(f"{measure.what}: {measure.value} (at most {measure.hard})")
    return int(any(measure.value > measure.hard for measure in of_modules + of_functions + packages))


if __name__ == "__main__":
    sys.exit(main())
