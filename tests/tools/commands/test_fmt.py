"""`routedsl fmt` writes the canonical form, or only tells what differs, and loses nothing."""

import errno
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.commands.fmt import command

LOOSE = "when   chars<200->tiny else medium\n"
CANONICAL = "when chars < 200 -> tiny else medium\n"


def run(*args: str | Path, given: str | None = None) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], input=given)


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    path = tmp_path / "a.route"
    path.write_text(LOOSE)
    path.chmod(0o640)
    return path


def test_a_file_is_written_in_canonical_form_and_keeps_its_mode(loose: Path) -> None:
    result = run(loose)
    assert (result.exit_code, loose.read_text()) == (0, CANONICAL)
    assert "formatted" in result.output
    assert loose.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in loose.parent.iterdir()] == ["a.route"]
    assert run(loose).output == ""


def test_check_tells_and_writes_nothing(loose: Path) -> None:
    result = run("--check", loose)
    assert (result.exit_code, loose.read_text()) == (1, LOOSE)
    assert f"{loose}: is not in canonical form" in result.output
    loose.write_text(CANONICAL)
    assert run("--check", loose).exit_code == 0


def test_diff_shows_both_forms_and_writes_nothing(loose: Path) -> None:
    result = run("--diff", loose)
    assert (result.exit_code, loose.read_text()) == (1, LOOSE)
    assert f"-{LOOSE}" in result.output
    assert f"+{CANONICAL}" in result.output


def test_a_folder_stands_for_all_policy_files_below(loose: Path) -> None:
    below = loose.parent / "more" / "b.route"
    below.parent.mkdir()
    below.write_text(LOOSE)
    (loose.parent / "notes.txt").write_text(LOOSE)
    assert run(loose.parent).exit_code == 0
    assert (loose.read_text(), below.read_text()) == (CANONICAL, CANONICAL)
    assert (loose.parent / "notes.txt").read_text() == LOOSE


def test_standard_input_goes_to_standard_output() -> None:
    assert run("-", given=LOOSE).output == CANONICAL


def test_a_link_keeps_pointing_where_it_points(loose: Path) -> None:
    link = loose.parent / "link.route"
    link.symlink_to(loose.name)
    assert run(link).exit_code == 0
    assert link.is_symlink()
    assert loose.read_text() == CANONICAL


@pytest.mark.parametrize("data", [b"when chars < -> tiny\n", b"\xff\xfe", b"when \0 -> tiny"])
def test_what_does_not_parse_is_told_and_left_alone_and_the_rest_goes_on(data: bytes, loose: Path) -> None:
    broken = loose.parent / "broken.route"
    broken.write_bytes(data)
    result = run(broken, loose)
    assert result.exit_code == 2
    assert "broken.route" in result.output
    assert broken.read_bytes() == data
    assert loose.read_text() == CANONICAL


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run(tmp_path / "gone.route")
    assert result.exit_code == 2
    assert "gone.route: cannot be read" in result.output


def test_a_full_disk_leaves_the_file_as_it_was(loose: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(Path, "replace", full)
    result = run(loose)
    assert result.exit_code == 2
    assert "No space left on device; it is left as it was" in result.output
    assert loose.read_text() == LOOSE
    assert [p.name for p in loose.parent.iterdir()] == ["a.route"]
