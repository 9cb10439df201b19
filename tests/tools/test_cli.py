"""What any verb does where its standard streams are full, gone or closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASKED = '{"messages": [{"role": "user", "content": "hello"}]}'


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "a.route"
    path.write_text("else tiny\n")
    return path


def ended(line: str, policy: Path) -> tuple[int, str, str]:
    """The exit code of a shell's line, in which `$R` is the command, what it printed, and what it told."""
    given = {**os.environ, "R": f"{sys.executable} -m routedsl", "P": str(policy), "A": ASKED}
    done = subprocess.run(["/bin/sh", "-c", line], env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("line", ["echo $A | $R decide $P", "$R fmt - < $P", "$R --help"])
def test_a_full_disk_is_told_and_is_no_success(line: str, policy: Path) -> None:
    code, _, told = ended(f"{line} > /dev/full", policy)
    assert (code, told) == (2, "Error: standard output cannot be written: No space left on device\n")


def test_a_closed_stream_is_taken_for_an_empty_one(policy: Path) -> None:
    assert ended("$R decide $P <&-", policy) == (0, "", "there is no request to read\n")
    assert ended("echo $A | $R decide $P >&-", policy) == (0, "", "")
    assert ended("$R check $P 2>&-", policy) == (0, "", "")


def test_a_reader_that_leaves_is_no_trouble_worth_a_word(policy: Path) -> None:
    assert ended("for i in 1 2 3; do echo $A; done | $R decide $P | true", policy) == (0, "", "")
