"""A loaded policy: its digest, and that no finding only follows from another."""

import shutil
from pathlib import Path

import pytest

from routedsl.analysis.findings import lints
from routedsl.base.diagnostic import PolicyError
from routedsl.discover import builtin
from routedsl.loading.policy import Loading, load_policy, require_policy
from tests.loading.test_files import put

FILES = {"main.route": 'import "sub/m.route"\nelse a\n', "sub/m.route": "model a {}\n"}


def load(path: Path) -> Loading:
    return load_policy(path, builtin(), lints)


def codes(text: str, tmp_path: Path) -> list[str]:
    return [d.code for d in load(put(tmp_path, {"a.route": text})).diagnostics]


# ── digest ──────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_is_the_same_wherever_the_folder_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = put(tmp_path / "here", FILES)
    there = tmp_path / "some" / "where" / "else"
    shutil.copytree(here, there)
    (tmp_path / "link").symlink_to(there)
    monkeypatch.chdir(there)
    places = [here, there, tmp_path / "link", Path(), here / "main.route", tmp_path / "here" / ".." / "here"]
    assert len({load(place).digest for place in places}) == 1


def test_a_digest_looks_at_names_and_not_at_where_links_lead(tmp_path: Path) -> None:
    plain = put(tmp_path / "plain", FILES)
    put(tmp_path / "linked" / "..1", FILES)
    for name in ("main.route", "sub"):
        (tmp_path / "linked" / name).symlink_to(f"..1/{name}")
    assert load(plain).digest == load(tmp_path / "linked").digest


@pytest.mark.parametrize(
    "change",
    [
        {"main.route": 'import "sub/m.route"\nelse a\n '},
        {"main.route": 'import "sub/m.route"\r\nelse a\n'},
        {"sub/m.route": "model a {}\n#"},
        {"more.route": ""},
    ],
)
def test_a_digest_changes_with_a_byte(change: dict[str, str], tmp_path: Path) -> None:
    before = load(put(tmp_path, FILES)).digest
    assert load(put(tmp_path, change)).digest != before


def test_a_digest_tells_names_from_contents(tmp_path: Path) -> None:
    one = put(tmp_path / "one", {"a.route": "#b.route#"})
    other = put(tmp_path / "other", {"a.route": "#", "b.route": "#"})
    assert load(one).digest != load(other).digest


def test_the_digest_is_the_policys(tmp_path: Path) -> None:
    loading = load(put(tmp_path, FILES))
    assert loading.program is not None
    assert loading.program.policy.digest == loading.digest
    assert [source.name for source in loading.sources] == [str(tmp_path / "main.route"), str(tmp_path / "sub/m.route")]


# ── causes without their consequences ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "let short = chars <\nwhen short -> a\nelse b",  # the `let` is lost
        "model tiny {}\nmodel large { { }\nwhen large.up -> large\nelse tiny { fallback [large] }",
        "model tiny {}\nmodel big {}\npool house = [tiny, , big\nwhen chars < 1 -> house\nelse first of house",
        'upstream u { url\nupstream v { url "http://x" }\nmodel a { upstream u }\nelse a',
        "model tiny {}\nwhen chars < 1 -> tiny\nelse ->-> ] tiny",  # the `else` is lost
        "let unused = chars < 1\nwhen unused ] ] -> a\nelse b",  # the use is lost
        "when chars < 1 { when < -> a }\nelse b",
        "?",
    ],
)
def test_a_lost_statement_is_not_told_as_missing(text: str, tmp_path: Path) -> None:
    found = codes(text, tmp_path)
    assert found
    assert all(code.startswith("R01") for code in found)


def test_a_file_that_cannot_be_read_hides_no_other_mistakes(tmp_path: Path) -> None:
    text = 'import "gone.route"\nmodel tiny {}\nwhen short and chars < 5s -> large { timeout 10 }'
    assert codes(text, tmp_path) == ["R0601", "R0301", "R0402"]


def test_a_mistake_that_loses_nothing_hides_nothing(tmp_path: Path) -> None:
    assert codes("model tiny {}\nwhen chars = 1 && wrds > 1 -> tiny\nelse mini", tmp_path) == [
        "R0102",
        "R0102",
        "R0201",
        "R0202",
    ]


def test_nothing_is_told_as_unused_while_something_is_wrong(tmp_path: Path) -> None:
    assert codes("let small = chars < 1\nwhen smal -> a\nelse b", tmp_path) == ["R0201"]
    assert codes("let small = chars < 1\nelse b", tmp_path) == ["R0208"]


# ── what a caller gets ──────────────────────────────────────────────────────────────────────────


def test_a_policy_with_errors_has_no_program(tmp_path: Path) -> None:
    assert load(put(tmp_path, {"a.route": "else a as b else c"})).program is None
    with pytest.raises(PolicyError, match="no request reaches a rule after `else`"):
        require_policy(tmp_path, builtin())


def test_a_policy_with_warnings_has_one(tmp_path: Path) -> None:
    assert require_policy(put(tmp_path, {"a.route": "let b = stream else a"}), builtin()).policy.open


def test_nothing_to_read_is_no_policy(tmp_path: Path) -> None:
    loading = load(tmp_path / "gone.route")
    assert (loading.program, loading.sources, loading.paths) == (None, (), (tmp_path / "gone.route",))


def test_gaps_are_told_in_any_case_and_dead_rules_where_lints_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.route"
    path.write_text("when chars < 5 -> a\nwhen chars < 3 -> b\nelse c\n")
    assert [found.code for found in load_policy(path, builtin(), lints).diagnostics] == ["R0511"]
    assert load_policy(path, builtin()).diagnostics == ()
    path.write_text("when chars < 5 -> a\n")
    assert [found.code for found in load_policy(path, builtin()).diagnostics] == ["R0502"]
