"""Runs `routedsl check --strict` and `routedsl test` on every policy of rules/ and examples/, `routedsl fmt --check` on
their files. Their tests see every rule and every outcome; that they notice every change is for a test of the project.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("rules", "examples")


def policies(folder: Path) -> list[Path]:
    """The topmost folders with policy files; what lies below such a folder is its own, to import."""
    holders = {file.parent for file in folder.rglob("*.route")}
    return sorted(path for path in holders if holders.isdisjoint(path.parents))


def holds(verb: str, *arguments: str | Path) -> bool:
    """Whether the command exits with 0; its findings go to the terminal."""
    command = [sys.executable, "-m", "routedsl", verb, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """1 if a policy or a file is not as it should be, or one of the folders has no policy at all."""
    found = {name: policies(ROOT / name) for name in FOLDERS}
    for name in FOLDERS:
        if not found[name]:
            print(f"no policy file in {name}/", file=sys.stderr)
    every = [path.relative_to(ROOT) for paths in found.values() for path in paths]
    checked = [holds("check", "--strict", path) for path in every]
    tested = [holds("test", path, "--fail-under", "100") for path in every]
    files = [file.relative_to(ROOT) for name in FOLDERS for file in sorted((ROOT / name).rglob("*.route"))]
    formatted = holds("fmt", "--check", *files)
    return int(not (all(found.values()) and all(checked) and all(tested) and formatted))


if __name__ == "__main__":
    sys.exit(main())
