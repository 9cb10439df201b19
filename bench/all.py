"""Every benchmark, one after the other: `make bench`. Exits 1 where one of them misses what it should reach."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("analysis.py", "decide.py", "startup.py")


def main() -> None:
    """Run each in a process of its own."""
    here = Path(__file__).parent
    failed = [name for name in BENCHMARKS if subprocess.run([sys.executable, here / name], check=False).returncode]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
