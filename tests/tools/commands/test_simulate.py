"""`routedsl simulate`: what a person sees, what a program gets, and what is told where it cannot run."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.records.record import Attempt
from routedsl.records.store import Rows, Store
from routedsl.tools.commands.simulate import command
from tests.records.samples import a_record

POLICY = """
upstream one { url "http://127.0.0.1:1/v1" }
upstream two { url "http://127.0.0.1:2/v1"  slots 2 }
model tiny { upstream one }
model large { upstream two  input_price $1  output_price $4 }
else first of [tiny, large]
"""
HARDWARE = """
[tiny]
speed = 50
first_token = "500ms"
prompt_speed = 800
slots = 2
down = ["1m..2m"]

[large]
speed = 100
first_token = 0.2
silent = "3m..4m"
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("policy.route").write_text(POLICY)
    Path("hardware.toml").write_text(HARDWARE)
    return tmp_path


GOLDEN = """\
300 made-up requests in 5m, 1 a second; machines as `hardware.toml` has it

model  speed  first token  prompt speed  slots  outages
tiny   50/s   500ms        800/s         2      down 1m..2m
large  100/s  200ms        -             -      silent 3m..4m

strategy    answered  broken  no answer  cost   first token, median  99 %    whole, median  99 %
as written  167       3       130        $0.18  6.50s                11.05s  10.35s         23.03s
fastest     205       4       91         $0.23  0.68s                10.54s  3.60s          20.03s

strategy    model  share  calls  failed  most at once  cost
as written  tiny   41.9%  187    117     19            $0.00
as written  large  58.1%  103    6       2             $0.18
fastest     tiny   33.2%  137    69      16            $0.00
fastest     large  66.8%  144    7       2             $0.23
"""


MADE_UP = ("--synthetic", "--hardware", "hardware.toml", "--requests", 300, "--strategies", "fastest")


def test_a_person_sees_three_tables(folder: Path) -> None:
    ran = run("policy.route", *MADE_UP)
    assert (ran.exit_code, ran.output) == (0, GOLDEN)


def test_a_program_gets_all_of_it(folder: Path) -> None:
    ran = run("policy.route", "--synthetic", "--hardware", "hardware.toml", "--requests", 50, "--json")
    told = json.loads(ran.output)
    assert told["requests"] == 50
    assert told["machines"]["tiny"]["down"] == [[60, 120]]
    (outcome,) = told["strategies"].values()
    assert sum(outcome["ends"].values()) == 50
    assert set(outcome["took"]) == {"median", "p99"}
    assert sum(served["share"] for served in outcome["models"].values()) == pytest.approx(1)


def test_without_hardware_machines_are_typical_and_that_is_told(folder: Path) -> None:
    ran = run("policy.route", "--synthetic", "--requests", 20)
    assert ran.exit_code == 0
    assert "nothing tells how fast all models are" in ran.stderr
    assert "large  50/s   500ms        -             2 " in ran.stdout, "slots are as declared"


def test_recorded_traffic_comes_as_it_came_and_tells_how_fast_models_are(folder: Path) -> None:
    answered = Attempt(model="tiny", outcome="ok", first_token=0.5, took=2.5, status=200, tokens=(12, 100))
    facts = {"tokens": 12, "model": "auto", "max_tokens": None, "tools": 0, "images": 0, "audio": 0, "files": 0}
    records = [a_record(n, attempts=(answered,), tokens_out=100, facts={**facts, "json": False}) for n in (9, 0, 5)]
    store = Store(folder / "records.db")
    store.write([*map(Rows().of, records)])
    store.close()
    ran = run("policy.route", "--traffic", "records.db")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("3 recorded requests in 9s, 0.333 a second; machines as the records tell\n")
    assert "tiny   50/s   500ms" in ran.stdout
    assert ran.stderr == "nothing tells how fast `large` are: they are taken for typical; say it with --hardware\n"


WRONG = {
    "": "say whose requests: either --traffic FILE or --synthetic",
    "--synthetic --traffic records.db": "say whose requests",
    "--traffic none.db": "there are no records at `none.db`",
    "--traffic none.db --rate 3": "--rate is for requests that are made up",
    "--synthetic --rate nan": "'nan' is no number",
    "--synthetic --strategies fastets": "there is no strategy `fastets` to rank by; did you mean `fastest`?",
    "--synthetic --strategies split": "there is no strategy `split`",
    "--synthetic --hardware none.toml": "`none.toml` cannot be read: no such file",
    "--synthetic --hardware policy.route": "`policy.route` cannot be used: it is no TOML",
    "--synthetic --plot picture.gif": "must end in `.png` or `.svg`",
    "--synthetic --plot none/picture.svg": "there is no folder `none`",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_cannot_run_is_told_in_a_sentence(folder: Path, arguments: str) -> None:
    ran = run("policy.route", *arguments.split())
    assert ran.exit_code == 2
    assert WRONG[arguments] in ran.stderr
    assert "Traceback" not in ran.stderr


HARDWARE_WRONG = {
    "[tiny]": "`tiny` has no `speed`",
    "[tinny]\nspeed = 1": "the policy has no model `tinny`; did you mean `tiny`?",
    "[tiny]\nspeed = 1\nfirst_token = 1": "it has no table `[large]`",
    "tiny = 1": "`tiny` is to be a table",
    "[tiny]\nspede = 1": "`tiny` has no setting `spede`; did you mean `speed`?",
    "[tiny]\nspeed = -1": "`speed` of `tiny` must be tokens a second",
    "[tiny]\nslots = 0": "`slots` of `tiny` must be a whole number of at least 1",
    '[tiny]\nfirst_token = "soon"': "`first_token` of `tiny` must be a duration",
    '[tiny]\ndown = "1m"': "`down` of `tiny` must be a range of durations",
    '[tiny]\ndown = "2m..1m"': "must be ranges of which each ends after it begins",
    '[tiny]\ndown = ["1m..3m", "2m..4m"]': "must be ranges of which each ends after it begins",
    "[tiny]\ndown = [[[[1]]]]": "`down` of `tiny` must be a range of durations",
}


@pytest.mark.parametrize("text", HARDWARE_WRONG)
def test_a_hardware_file_that_cannot_be_used_is_told_where_and_why(folder: Path, text: str) -> None:
    Path("wrong.toml").write_text(text)
    ran = run("policy.route", "--synthetic", "--hardware", "wrong.toml")
    assert ran.exit_code == 2
    assert HARDWARE_WRONG[text] in ran.stderr


def test_a_policy_that_ranks_nothing_has_nothing_to_compare(folder: Path) -> None:
    Path("one.route").write_text("when chars < 200 -> tiny else large")
    ran = run("one.route", "--synthetic", "--strategies", "fastest")
    assert ran.exit_code == 2
    assert "no rule ranks several models" in ran.stderr
    assert run("one.route", "--synthetic", "--requests", 5).exit_code == 0


def test_a_picture_is_drawn_and_always_the_same(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("one.svg", "two.svg"):
        run("policy.route", "--synthetic", "--hardware", "hardware.toml", "--requests", 30, "--plot", name)
    assert Path("one.svg").read_text().startswith("<?xml")
    assert Path("one.svg").read_bytes() == Path("two.svg").read_bytes()


def test_without_matplotlib_a_picture_is_refused_with_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "routedsl.tools.plotting", raising=False)
    ran = run("policy.route", "--synthetic", "--plot", "picture.svg")
    assert ran.exit_code == 2
    assert "a picture needs matplotlib: `pip install 'routedsl-gateway[plot]'`" in ran.stderr
