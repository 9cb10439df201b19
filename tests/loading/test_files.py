"""Files of a policy: what is read, in which order, and everything that can be wrong with a file."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from routedsl.language.syntax import Declaration
from routedsl.loading.files import LARGEST_FILE, MOST_FILES, Reading, read_policy


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, which is returned."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def models(reading: Reading) -> str:
    """The names of the declared models in the order of the statements."""
    return " ".join(s.name.text for file in reading.files for s in file.statements if isinstance(s, Declaration))


def told(reading: Reading) -> list[tuple[str, str]]:
    return [(d.code, d.span.at) for d in reading.diagnostics]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    files = {"b.route": "model b {}", "a.route": "model a {}", "c.txt": "no", "sub/d.route": "no", ".e.route": "no"}
    reading = read_policy(put(tmp_path, files))
    assert (models(reading), told(reading)) == ("a b", [])


def test_an_import_puts_statements_where_it_stands(tmp_path: Path) -> None:
    files = {
        "main.route": 'model a {} import "x/b.route" model e {} import "x/b.route" model f {}',
        "x/b.route": 'model b {} import "c.route" model d {}',
        "x/c.route": "model c {}",
    }
    reading = read_policy(put(tmp_path, files) / "main.route")
    assert (models(reading), told(reading)) == ("a b c d e f", [])
    assert list(reading.sources) == ["main.route", "x/b.route", "x/c.route"]


def test_a_file_of_the_folder_that_is_imported_too_is_read_once(tmp_path: Path) -> None:
    reading = read_policy(put(tmp_path, {"a.route": 'model a {} import "./b.route"', "b.route": "model b {}"}))
    assert (models(reading), told(reading)) == ("a b", [])


def test_messages_call_files_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"rules/main.route": 'import "x/y.route"', "rules/x/y.route": "model {"})
    monkeypatch.chdir(tmp_path)
    assert {d.span.source.name for d in read_policy(Path("rules")).diagnostics} == {"rules/x/y.route"}


# ── links ───────────────────────────────────────────────────────────────────────────────────────


def test_a_link_inside_the_policy_is_followed_and_read_once(tmp_path: Path) -> None:
    put(tmp_path, {"main.route": 'import "a.link" import "a.route"', "a.route": "model a {}"})
    (tmp_path / "a.link").symlink_to("a.route")
    reading = read_policy(tmp_path / "main.route")
    assert (models(reading), told(reading)) == ("a", [])


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    put(tmp_path, {"policy/main.route": 'import "away.route" import "sub/x.route"', "secret.route": "model a {}"})
    (tmp_path / "policy" / "away.route").symlink_to(tmp_path / "secret.route")
    (tmp_path / "policy" / "sub").symlink_to(tmp_path)
    reading = read_policy(tmp_path / "policy" / "main.route")
    assert [code for code, _ in told(reading)] == ["R0602", "R0602"]
    assert reading.paths == [tmp_path / "policy" / "main.route"] * 2


def test_links_may_not_lead_outside_together(tmp_path: Path) -> None:
    put(tmp_path, {"away/main.route": 'import "x.route"', "away/x.route": "model x {}", "policy/notes.txt": ""})
    for name in ("main.route", "x.route"):
        (tmp_path / "policy" / name).symlink_to(f"../away/{name}")
    assert [code for code, _ in told(read_policy(tmp_path / "policy" / "main.route"))] == ["R0602"]


def test_a_folder_of_links_is_read_as_a_mounted_config_map_is(tmp_path: Path) -> None:
    put(tmp_path, {"..2026_01/main.route": 'import "models.route"', "..2026_01/models.route": "model a {}"})
    (tmp_path / "..data").symlink_to("..2026_01")
    for name in ("main.route", "models.route"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    reading = read_policy(tmp_path)
    assert (models(reading), told(reading)) == ("a", [])
    assert list(reading.sources) == ["main.route", "models.route"]


def test_a_link_to_itself_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop.route").symlink_to("loop.route")
    for path in (tmp_path, tmp_path / "loop.route"):
        assert [code for code, _ in told(read_policy(path))] == ["R0601"]


# ── what is wrong with a file ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["gone.route", "gone/main.route", "x" * 5000, ""])
def test_what_is_not_there_cannot_be_read(name: str, tmp_path: Path) -> None:
    codes = [code for code, _ in told(read_policy(tmp_path / name))]
    assert codes == (["R0601"] if name else ["R0604"])


def test_a_folder_without_policies_is_told(tmp_path: Path) -> None:
    put(tmp_path, {"notes.txt": "else a", "sub/a.route": "else a", ".#a.route": "else a", "b.route/c.txt": ""})
    (found,) = read_policy(tmp_path).diagnostics
    assert found.code == "R0604"
    assert found.help == "policy files end in `.route`; those of folders inside are only read by `import`"


def test_a_pipe_is_no_policy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.route")
    (found,) = read_policy(tmp_path / "pipe.route").diagnostics
    assert found.message == f"`{tmp_path / 'pipe.route'}` cannot be read: it is no file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_may_be_locked(tmp_path: Path) -> None:
    put(tmp_path, {"a.route": "else a"})
    (tmp_path / "a.route").chmod(0)
    (found,) = read_policy(tmp_path / "a.route").diagnostics
    assert found.message.endswith("cannot be read: permission denied")


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"else a\n# caf\xe9", "byte 13 of the file is no UTF-8", "2:6"),
        ("else a".encode("utf-16"), "byte 1 of the file is no UTF-8", "1:1"),
        (b"# \xed\xa0\x80", "byte 3 of the file is no UTF-8", "1:3"),
    ],
)
def test_text_that_is_no_utf8(content: bytes, message: str, place: str, tmp_path: Path) -> None:
    (found,) = read_policy(put(tmp_path, {"a.route": content})).diagnostics
    assert (found.code, found.message) == ("R0603", message)
    assert found.span.at == f"{tmp_path / 'a.route'}:{place}"


@pytest.mark.parametrize("text", ["\ufeffmodel a {}", "model a {\r\n}\r\n", "model a {}"])
def test_a_mark_at_the_start_and_any_line_breaks_are_taken(text: str, tmp_path: Path) -> None:
    reading = read_policy(put(tmp_path, {"a.route": text}))
    assert (models(reading), told(reading)) == ("a", [])


def test_a_file_may_be_a_mebibyte_and_no_more(tmp_path: Path) -> None:
    fits = "#" * (LARGEST_FILE - 1) + "\n"
    assert told(read_policy(put(tmp_path, {"a.route": fits}))) == []
    assert told(read_policy(put(tmp_path, {"a.route": fits + "\n"}))) == [("R0108", f"{tmp_path / 'a.route'}:1:1")]


def test_two_megabytes_of_noise_are_told_once(tmp_path: Path) -> None:
    noise = bytes(range(256)) * 8000
    assert [code for code, _ in told(read_policy(put(tmp_path, {"a.route": noise})))] == ["R0108"]


def test_a_folder_may_have_so_many_files_and_no_more(tmp_path: Path) -> None:
    put(tmp_path, {f"{n}.route": f"model m{n} {{}}" for n in range(MOST_FILES)})
    reading = read_policy(tmp_path)
    assert (len(models(reading).split()), told(reading)) == (MOST_FILES, [])
    put(tmp_path, {"one-more.route": ""})
    assert told(read_policy(tmp_path)) == [("R0108", f"{tmp_path}:1:1")]


def test_imports_may_be_so_many_one_inside_the_other_and_no_more(tmp_path: Path) -> None:
    put(tmp_path, {f"{n}.route": f'model m{n} {{}} import "{n + 1}.route"' for n in range(MOST_FILES)})
    reading = read_policy(tmp_path / "0.route")
    assert len(models(reading).split()) == MOST_FILES
    assert [code for code, _ in told(reading)] == ["R0108"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("../up.route", "R0602"),
        ("/etc/passwd", "R0602"),
        ("..", "R0602"),
        ("", "R0602"),
        ("\\u{0}", "R0602"),
        (".", "R0601"),
        ("sub", "R0601"),
        ("gone.route", "R0601"),
        ("x" * 5000, "R0601"),
    ],
)
def test_what_cannot_be_imported(written: str, code: str, tmp_path: Path) -> None:
    put(tmp_path, {"policy/main.route": f'import "{written}"', "policy/sub/x.route": "", "up.route": "model a {}"})
    reading = read_policy(tmp_path / "policy" / "main.route")
    assert told(reading) == [(code, f"{tmp_path / 'policy' / 'main.route'}:1:8")]


def test_a_file_below_may_not_import_from_above(tmp_path: Path) -> None:
    put(tmp_path, {"main.route": 'import "sub/x.route"', "sub/x.route": 'import "../up.route"', "up.route": ""})
    assert told(read_policy(tmp_path / "main.route")) == [("R0602", f"{tmp_path / 'sub' / 'x.route'}:1:8")]


def test_imports_in_a_circle_are_told_where_they_close(tmp_path: Path) -> None:
    put(tmp_path, {"a.route": 'import "b.route"', "b.route": 'model b {} import "a.route"'})
    reading = read_policy(tmp_path)
    assert told(reading) == [("R0206", f"{tmp_path / 'b.route'}:1:19")]
    assert reading.diagnostics[0].message == "files import each other: `a.route` → `b.route` → `a.route`"


def test_all_that_was_looked_for_is_named_so_that_a_watch_sees_it_come(tmp_path: Path) -> None:
    put(tmp_path, {"main.route": 'import "gone.route"'})
    assert read_policy(tmp_path).paths == [tmp_path, tmp_path / "main.route", tmp_path / "gone.route"]
