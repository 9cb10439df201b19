"""The tables that are written by hand name what the code has: options, settings, defaults, reserved words."""

import re
from pathlib import Path

import pytest

from routedsl.base.diagnostic import Severity
from routedsl.base.source import NOWHERE
from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, Quantity, render_quantity
from routedsl.discover import builtin
from routedsl.engine.terms import terms_of
from routedsl.language.lets import LARGEST
from routedsl.language.lexis import DEEPEST
from routedsl.language.operands import LONGEST
from routedsl.language.policy import Options, Upstream
from routedsl.language.rules import MOST_RULES
from routedsl.language.settings import CLASSIFIER, DEFAULTS, MODEL, OPTIONS, UPSTREAM
from routedsl.loading.classifiers import MOST_CLASSIFIERS
from routedsl.loading.files import LARGEST_FILE, MOST_FILES
from routedsl.loading.policy import load_policy
from tests.docs.pages import ROOT

PAGE = (ROOT / "grammar" / "README.md").read_text("utf-8")
GRAMMAR = (ROOT / "grammar" / "route.lark").read_text("utf-8")
AROUND = """
upstream local { url "http://127.0.0.1:11434/v1" }
model tiny { tags [eu] } model a {} model b {}
pool house = [a, b]
route support { else tiny }
"""
"""What the tables' predicates and targets are about."""


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of a table, by what stands in backticks in their first cells."""
    lines = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def codes(text: str, folder: Path) -> list[str]:
    """The codes of the errors in a policy."""
    path = folder / "policy.route"
    path.write_text(text, "utf-8")
    return [found.code for found in load_policy(path, builtin()).diagnostics if found.severity is Severity.ERROR]


@pytest.mark.parametrize("predicate", re.split("`, `|`, ", "`, `".join(rows("predicate"))))
def test_a_predicate_can_be_written(predicate: str, tmp_path: Path) -> None:
    assert codes(f"{AROUND} route auto {{ when {predicate} -> a else b }}", tmp_path) == []


@pytest.mark.parametrize("target", rows("target"))
def test_a_target_can_be_written(target: str, tmp_path: Path) -> None:
    assert codes(f"{AROUND} route auto {{ else {target} }}", tmp_path) == []


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("option", set(OPTIONS.readers)),
        ("of an upstream", set(UPSTREAM.readers)),
        ("of a model", set(MODEL.readers)),
        ("of a classifier", set(CLASSIFIER.readers)),
        ("of `defaults`", DEFAULTS.readers.keys() - OPTIONS.readers.keys()),
    ],
)
def test_every_setting_has_its_row(heading: str, known: set[str]) -> None:
    assert set(rows(heading)) == known


def test_durations_that_are_not_written_are_as_told() -> None:
    whole, stream = terms_of(Options(), stream=False), terms_of(Options(), stream=True)

    def shown(microseconds: int) -> str:
        return f"{microseconds // DURATIONS['s']}s"

    told = {name: cells[-1] for name, cells in rows("option").items()}
    assert told["timeout"] == f"{shown(whole.timeout)}, streams {shown(stream.timeout)}"
    assert told["deadline"] == f"{shown(whole.deadline)}, streams {shown(stream.deadline)}"
    assert told["first_token"].startswith(f"{shown(stream.first_token)}, ")
    assert told["idle"] == shown(stream.idle)
    assert told["retry"] == str(whole.retry)


def test_the_connect_clock_is_as_told() -> None:
    default = Upstream("", "", span=NOWHERE).connect
    assert rows("of an upstream")["connect"][-1] == render_quantity(Quantity(Type.DURATION, default))


def test_the_limits_are_as_told() -> None:
    assert {what: cells[0] for what, cells in rows("what").items()} == {
        "one file": f"{LARGEST_FILE // 2**20} MiB",
        "files of a policy": f"{MOST_FILES}",
        "classifiers of a policy": f"{MOST_CLASSIFIERS}",
        "rules": f"{MOST_RULES:,}",
        "brackets and `not`s in each other": f"{DEEPEST}",
        "predicates that one `let` stands for": f"{LARGEST:,}",
        "an option's duration": render_quantity(Quantity(Type.DURATION, LONGEST)),
    }


def test_the_reserved_words_are_those_of_the_grammar() -> None:
    told = re.search(r"^Reserved are (.*)\.$", PAGE, re.MULTILINE)
    listed = re.search(r"\(\?: (when .*?)\)", GRAMMAR, re.DOTALL)
    assert told is not None
    assert listed is not None
    assert [*re.findall(r"`(\w+)`", told[1]), "expect"] == [word.strip() for word in listed[1].split("|")]


def test_each_link_of_the_contents_is_a_heading_in_its_order() -> None:
    contents = re.findall(r"^- \[(.+)\]\(#", PAGE, re.MULTILINE)
    assert contents == re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
