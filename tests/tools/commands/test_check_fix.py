"""`routedsl check --fix` follows the help where a program can, and tells what it did."""

import errno
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.cli import main


def run(text: str, *arguments: str, path: str = "p.route") -> Result:
    Path(path).write_bytes(text.encode())
    return CliRunner().invoke(main, ["check", path, "--fix", *arguments])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_a_program_can_mend_is_mended_and_told(folder: Path) -> None:
    result = run("when chras = 200 then tiny;\nelse large { timeout 10sec }\n")
    assert Path("p.route").read_text() == "when chars == 200 -> tiny\nelse large { timeout 10s }\n"
    assert (result.exit_code, result.stderr.splitlines()) == (
        0,
        [
            "p.route:1:6: `chras` became `chars`",
            "p.route:1:12: `=` became `==`",
            "p.route:1:19: `then` became `->`",
            "p.route:1:26: left out `;`",
            "p.route:2:22: `10sec` became `10s`",
            "p.route: good: 2 rules in 1 route, 0 models",
        ],
    )
    assert [path.name for path in folder.iterdir()] == ["p.route"]


def test_what_is_left_is_told_and_decides_the_exit_code() -> None:
    result = run("when chras < 200 -> tiny\n")
    assert result.exit_code == 1
    assert "p.route:1:6: `chras` became `chars`\n" in result.stderr
    assert "error[R0502]" in result.stderr
    assert Path("p.route").read_text() == "when chars < 200 -> tiny\n"


def test_a_good_policy_is_not_written() -> None:
    text = "else tiny\r\n# as it is\r\n"
    Path("p.route").write_bytes(text.encode())
    before = Path("p.route").stat().st_ino
    assert CliRunner().invoke(main, ["check", "p.route", "--fix"]).exit_code == 0
    assert (Path("p.route").stat().st_ino, Path("p.route").read_bytes()) == (before, text.encode())


def test_line_ends_marks_and_modes_stay() -> None:
    Path("p.route").touch(0o640)
    run("\ufeffwhen strem -> tiny\r\nelse large\r\n")
    assert Path("p.route").read_bytes().decode() == "\ufeffwhen stream -> tiny\r\nelse large\r\n"
    assert Path("p.route").stat().st_mode & 0o777 == 0o640


def test_imported_files_are_mended_in_their_place() -> None:
    Path("sub").mkdir()
    Path("sub/models.route").write_text("model tiny { contxt 8k }\n")
    result = run('import "sub/models.route"\nelse tiny\n')
    assert result.exit_code == 0
    assert "sub/models.route:1:14: `contxt` became `context`\n" in result.stderr
    assert Path("sub/models.route").read_text() == "model tiny { context 8k }\n"


def test_the_findings_that_are_left_have_the_asked_format() -> None:
    result = run("when chras < 200 -> tiny\n", "--json")
    assert '"R0502"' in result.stdout
    assert "`chras` became `chars`" in result.stderr


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "p.route")

    monkeypatch.setattr(Path, "replace", full)
    result = run("when strem -> tiny\nelse large\n")
    assert (result.exit_code, result.stderr) == (2, "p.route: cannot be written: No space left on device\n")
    assert Path("p.route").read_text() == "when strem -> tiny\nelse large\n"


@pytest.mark.parametrize("text", ["", "}{" * 50, "when " * 30, "\x00\x01", "a -> " * 30, "[[[(((", "'" * 41])
def test_noise_ends(text: str) -> None:
    assert run(text).exit_code == 1
