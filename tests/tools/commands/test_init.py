"""`routedsl init` writes a first policy, and never over anything."""

from pathlib import Path

from click.testing import CliRunner

from routedsl.tools.commands.init import command


def test_it_writes_the_files_and_says_what_is_next(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep"
    result = CliRunner().invoke(command, [str(folder)])
    assert result.exit_code == 0
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "requests.jsonl",
        "rules/main.route",
        "test_rules.py",
    ]
    assert f"routedsl check {folder / 'rules'}" in result.output
    assert f"cd {folder} && pytest --snapshot-update" in result.output


def test_what_exists_is_left_alone_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_text("mine")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert "requests.jsonl exists already" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["requests.jsonl"]
    assert (tmp_path / "requests.jsonl").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(command, [str(tmp_path / "file" / "below")])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
