"""What may be committed, and that what is distributed is whole."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Joined here, so that this file is not its own finding.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "deb.debian" + ".org"]


def committed() -> Iterator[Path]:
    """The text files that git follows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes():
            yield path


def test_no_registry_is_named() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {registry}"
        for path in committed()
        for registry in REGISTRIES
        if registry in path.read_text(encoding="utf-8").lower()
    ]
    assert found == []


def test_locks_pin_every_package_by_hash() -> None:
    for name in ("core.txt", "dev.txt"):
        lines = (ROOT / "requirements" / name).read_text().replace("\\\n", "").splitlines()
        packages = [line for line in lines if line and not line.lstrip().startswith("#")]
        assert [line for line in packages if "--hash=sha256:" not in line or "==" not in line] == []


def test_the_core_lock_is_within_the_development_lock() -> None:
    core, dev = (
        {line.split()[0] for line in (ROOT / "requirements" / name).read_text().splitlines() if "==" in line}
        for name in ("core.txt", "dev.txt")
    )
    assert core <= dev
