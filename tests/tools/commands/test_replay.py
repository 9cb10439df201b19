"""`routedsl replay`: what it tells of recorded requests, as text, as JSON and as a page, and how it ends."""

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from routedsl.records.record import Record, encode
from routedsl.tools.cli import main
from routedsl.tools.progress import with_bar
from tests.docs.pages import ROOT
from tests.records.past import MODELS, NEW, OLD, Past, asked, program_of_text, scene, write_db, write_lines

CASES = Path(__file__).parents[2] / "cases" / "replay"
UPDATE = "UPDATE_CASES" in os.environ
UNRECORDED = OLD.replace("when tools > 0", 'when header["x-new"] == "a" -> tiny as new\nwhen tools > 0')


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with policies and records."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("old", OLD), ("new", NEW), ("unrecorded", UNRECORDED)):
        Path(f"{name}.route").write_text(text)
    Path("state").mkdir()
    write_db(Path("state/records.db"), scene())
    write_lines(Path("records.jsonl"), scene())
    return tmp_path


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["replay", *arguments], input=given)


def check(name: str, text: str) -> None:
    """Compare with a golden file, or write it anew."""
    path = CASES / name
    if UPDATE:
        CASES.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


# ── what is told ────────────────────────────────────────────────────────────────────────────────


def test_the_same_policy_moves_nothing() -> None:
    result = run("old.route", "state")
    assert (result.exit_code, result.stdout) == (0, "17 records: 0 moved, 17 kept\n")


@pytest.mark.parametrize(("policy", "code"), [("new", 1), ("unrecorded", 1)])
def test_the_table_tells_what_moves(policy: str, code: int) -> None:
    result = run(f"{policy}.route", "state")
    check(f"{policy}.txt", result.stdout)
    assert (result.exit_code, result.stderr) == (code, "")


def test_json_has_all_of_it() -> None:
    told = json.loads(run("new.route", "state", "--json").stdout)
    told.pop("policy")
    check("new.json", json.dumps(told, indent=2) + "\n")
    assert told["records"] == told["replayed"] + told["unreplayed"] == 17
    assert told["moved"] == sum(move["requests"] for move in told["moves"])


@pytest.mark.parametrize("records", ["state", "state/records.db", "records.jsonl", "-"])
def test_all_forms_of_records_say_the_same(records: str) -> None:
    result = run("new.route", records, given=Path("records.jsonl").read_bytes() if records == "-" else None)
    assert result.stdout == run("new.route", "state").stdout


def test_several_files_are_added_up() -> None:
    assert run("new.route", "state", "records.jsonl").stdout.startswith("34 records: 14 moved, 20 kept\n")


def moves(policy: str, *records: Record) -> list[dict[str, object]]:
    Path("policy.route").write_text(policy)
    write_lines(Path("some.jsonl"), records)
    found: list[dict[str, object]] = json.loads(run("policy.route", "some.jsonl", "--json").stdout)["moves"]
    return found


def test_what_nobody_told_is_not_made_up() -> None:
    past = Past(program_of_text(OLD))
    (move,) = moves(NEW, past.record(asked(150)), past.record(asked(150), told=False))
    assert move["requests"] == 2
    assert move["cost"] == {"requests": 1, "old": 0.0, "new": 7e-05}
    assert move["seconds"] == {"old": 0.2, "new": None}, "no record has an answer of medium"


def test_a_rule_that_is_renamed_moves_nothing_and_an_option_moves_all_that_it_is_for() -> None:
    past = Past(program_of_text(OLD)).record(asked(150))
    assert moves(OLD.replace("as quick", "as fast"), past) == []
    (move,) = moves(OLD.replace("timeout 10s", "timeout 5s"), past)
    assert (move["old"], move["new"]) == (
        {"rule": "quick", "chain": ["tiny", "large"], "options": {"timeout": 10.0}, "status": None, "code": None},
        {"rule": "quick", "chain": ["tiny", "large"], "options": {"timeout": 5.0}, "status": None, "code": None},
    )


def test_options_are_told_in_their_units() -> None:
    write_db(Path("state/option.db"), [Past(program_of_text(OLD)).record(asked(150))])
    Path("option.route").write_text(OLD.replace("timeout 10s", "timeout 500ms explore 2.5%"))
    table = run("option.route", "state/option.db").stdout
    assert "tiny, then large (timeout 10s)" in table
    assert "tiny, then large (explore 2.5%, timeout 0.5s)" in table


def test_a_client_that_left_before_a_refusal_had_a_status_is_refused_all_the_same() -> None:
    refused = replace(Past(program_of_text(OLD)).record(asked(500, text="a secret")), status=None, end="gone")
    assert moves(OLD, refused) == []


def test_a_model_that_no_record_knows_is_named() -> None:
    Path("huge.route").write_text(OLD.replace("model tiny ", "model huge { upstream here }\nmodel tiny "))
    result = run("huge.route", "state")
    assert "no record knows `huge`: it is taken to be up" in result.stdout
    assert result.exit_code == 0


def test_equality_with_hashed_values_is_decided_with_the_key_beside_the_records() -> None:
    past = Past(program_of_text(OLD))
    write_db(Path("state/more.db"), [past.record(asked(50, user=user)) for user in ("ann", "bob", "ann")])
    Path("ann.route").write_text(OLD.replace("\nwhen chars", '\nwhen user == "ann" -> large as ann\nwhen chars', 1))
    assert run("ann.route", "state/more.db").stdout.startswith("3 records: 0 moved, 0 kept, 3 not replayed")
    Path("state/hash-key").write_text("k" * 32)
    assert run("ann.route", "state/more.db").stdout.startswith("3 records: 2 moved, 1 kept\n")


# ── the page ────────────────────────────────────────────────────────────────────────────────────


def page(*arguments: str) -> str:
    assert run(*arguments, "--html", "page.html").exit_code in (0, 1)
    return Path("page.html").read_text("utf-8")


class Tags(HTMLParser):
    """The tags of a page and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("policy", ["new", "unrecorded", "old"])
def test_the_page_shows_it(policy: str) -> None:
    check(f"{policy}.html", page(f"{policy}.route", "state"))


def test_the_page_runs_and_loads_nothing() -> None:
    text = page("new.route", "state")
    tags = Tags(text).seen
    assert {tag for tag, _ in tags}.isdisjoint({"script", "iframe", "img", "link", "object", "a", "form"})
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "style"]
    (policy,) = (told["content"] for tag, told in tags if tag == "meta" and "http-equiv" in told)
    style = re.findall("<style>(.*?)</style>", text, re.DOTALL)[0]
    mark = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style


def test_names_of_others_are_text_on_the_page_and_no_order_to_the_terminal() -> None:
    evil = "<script>alert(1)</script>\x1b[2J"
    odd = replace(Past(program_of_text(OLD)).record(asked(150)), rule=evil, chain=(evil, "tiny"))
    write_lines(Path("odd.jsonl"), [odd])
    text = page("new.route", "odd.jsonl")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert "\x1b" not in run("new.route", "odd.jsonl").stdout


# ── what cannot be done ─────────────────────────────────────────────────────────────────────────


def test_what_is_no_record_is_told_with_its_line() -> None:
    good = encode(scene()[0])
    for name, lines in {
        "cut": good[:-30],
        "other": b'{"messages": []}',
        "noise": b"\xff\xfe\x00",
        "later": good.replace(b'{"v":1,', b'{"v":2,'),
        "wrong": good.replace(b'"chars":10', b'"chars":"ten"'),
        "time": re.sub(rb'"time":"[^"]*"', b'"time":"noon"', good),
        "options": re.sub(rb'"options":\{[^}]*\}', b'"options":[1]', good),
    }.items():
        Path("bad.jsonl").write_bytes(b"\n".join([good, b"", lines]))
        result = run("new.route", "bad.jsonl")
        assert (name, result.exit_code, result.stdout) == (name, 2, "")
        assert "bad.jsonl:3: this is no record" in result.stderr, name
        assert "standard input:1: this" in run("new.route", "-", given=lines + b"\n" + good).stderr


@pytest.mark.parametrize("text", [b"", b"\n\n"])
def test_nothing_to_replay_is_no_success(text: bytes) -> None:
    Path("empty.jsonl").write_bytes(text)
    for records, given in (("empty.jsonl", None), ("-", text)):
        result = run("new.route", records, given=given)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "there are no records in" in result.stderr


def test_what_cannot_be_read_or_written_is_told() -> None:
    Path("broken.route").write_text("when chras < 1 -> a else b\n")
    Path("nothing").mkdir()
    for arguments, told in (
        (("new.route", "absent"), "there are no records at `absent`"),
        (("new.route", "nothing"), "there are no records at `nothing`"),
        (("broken.route", "state"), "`chras` is no signal"),
        (("absent.route", "state"), "absent.route"),
        (("new.route", "state", "--html", "nowhere/page.html"), "`nowhere/page.html` cannot be written"),
        (("new.route", "-", "--fleet", "local"), "a fleet reads files"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert told in result.stderr


def test_a_bar_is_only_begun_where_somebody_has_to_wait(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = iter(range(100))
    assert list(with_bar(range(5), 5, "replaying", clock=lambda: next(ticks))) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == "", "nobody looks"


def test_the_page_about_it_shows_what_is_told() -> None:
    page = (ROOT / "docs" / "replay.md").read_text("utf-8")
    shown = re.findall("```text\n(.*?)```", page, re.DOTALL)
    told = "".join(path.read_text("utf-8") for path in sorted(CASES.glob("*.txt")))
    assert len(shown) == 2
    assert all(each in told for each in shown)


# ── beside diff ─────────────────────────────────────────────────────────────────────────────────


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments])


def test_diff_puts_traffic_on_its_regions() -> None:
    check("diff.txt", diff("old.route", "new.route", "--records", "state").stdout)
    told = json.loads(diff("old.route", "new.route", "--records", "state", "--json").stdout)
    assert [region["traffic"]["requests"] for region in told["regions"]] == [3, 1, 3]
    assert told["traffic"]["moved"] == 7


def test_diff_counts_what_moves_by_declarations_and_what_it_cannot_tell() -> None:
    past = Past(program_of_text(OLD))
    records = [past.record(replace(asked(50), model=name)) for name in ("large", "auto", "nobody")]
    write_lines(Path("some.jsonl"), records)
    Path("explicit.route").write_text(f"{OLD}\ndefaults {{ explicit auto }}\n")
    result = diff("old.route", "explicit.route", "--records", "some.jsonl")
    assert "3 records: 1 decided differently (33.3 %), 1 of them by what is declared" in result.stdout
    result = diff("old.route", "unrecorded.route", "--records", "state")
    assert 'could not be replayed, for want of: header["x-new"] == "a"' in result.stdout
    assert diff("old.route", "new.route", "--records", "absent").exit_code == 2


def test_it_starts_without_what_only_serving_needs() -> None:
    code = "import sys; from routedsl.tools import replaying, replay_page; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"aiohttp", "asyncio", "distributed", "lark", "pydantic", "routedsl.gateway"}.isdisjoint(loaded)


def test_models_are_declared_for_the_scene() -> None:
    assert MODELS in OLD != NEW
