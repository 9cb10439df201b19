"""Tests that are suggested parse, check and pass, and leave no threshold that can be touched untouched."""

from pathlib import Path

import pytest

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.language.format import format_source
from routedsl.language.parse import parse
from routedsl.tools.suggesting import suggested
from routedsl.tools.verdicts import trials_of, verdicts_of

MODELS = "model tiny { context 8k  quality 30 }\nmodel large { quality 90 }\n"
POLICIES = {
    "counts": "when messages <= 2 and chars < 200 -> tiny else large",
    "laws": "when turns > 3 and messages < 6 -> tiny when words > 40 -> large else large",
    "ranges": "when 100 < chars <= 900 -> tiny when tokens in 2k..4k -> large else tiny",
    "units": "when tiny.latency > 800ms or tiny.errors < 5% -> large when tiny.cost > $0.05 -> large else tiny",
    "clocks": "when time in 22:00..06:00 -> tiny when draw < 0.1% -> large else tiny",
    "numbers": "when temperature > 0.7 -> large when difficulty >= 50 -> large else tiny",
    "blocks": 'when header["x"] == "a" { when tools > 2 -> tiny when not stream and images < 1 -> large } else tiny',
    "where": "else cheapest of [tiny, large] where quality >= difficulty and latency < 2s fallback [large]",
    "routes": 'route a { when chars < 5 -> tiny else route b } route b, "gpt-*" { when chars > 9 -> large else tiny }',
    "texts": 'when last contains "fix" and last_chars < 20 or text matches /`/ and tokens > 2k -> large else tiny',
    "money": "when spent_today > $5 and requests_per_minute >= 10 -> tiny else large",
    "dead": "when chars < 200 -> tiny when chars < 100 -> large else large",
    "none": "when stream -> tiny else large",
}


def program_of(text: str) -> Program:
    file, found = parse(Source("p.route", text))
    program, more = compile_policy([file], builtin())
    assert program is not None, [*found, *more]
    return program


@pytest.mark.parametrize("name", POLICIES)
def test_suggestions_hold_and_are_enough(name: str) -> None:
    text = f"{MODELS}{POLICIES[name]}\n"
    written = suggested(program_of(text), [])
    assert (written == "") == (name == "none")
    if written:
        assert format_source(Source("s.route", written)) == written
    program = program_of(text + written)
    trials = trials_of(program, Path("p.route"))
    assert all(verdict.passed for verdict in verdicts_of(program, trials))
    again = suggested(program, [trial.case for trial in trials])
    assert again == ""


def test_no_more_is_stated_than_is_needed_to_get_there() -> None:
    rules = 'when spent_today > $5 and not header["x"] == "a" -> tiny when draw < 5% -> large else tiny'
    written = suggested(program_of(rules), [])
    assert "{ draw 4.9%  expect large }" in written
    assert "spent_today $5.00000" not in written


def test_what_lies_beside_a_decimal_is_written_as_a_person_would() -> None:
    written = suggested(program_of("when temperature < 0.3 -> tiny else large"), [])
    assert [word in written for word in ("temperature 0.2 ", "temperature 0.3 ", "temperature 0.4 ")] == [True] * 3


def test_each_end_of_a_threshold_is_told_with_what_is_decided_now() -> None:
    written = suggested(program_of('when chars < 200 -> tiny as quick else reject 413 "long"'), [])
    assert (
        written
        == """\
# What is decided now below, at and above thresholds: keep what is meant.
test "quick: chars 199" { chars 199  expect tiny  expect rule quick }
test "quick: chars 200" { chars 200  expect reject 413 }
test "quick: chars 201" { chars 201  expect reject 413 }
"""
    )


def test_what_a_test_touches_is_not_suggested_and_names_are_not_taken_twice() -> None:
    text = 'when chars < 200 -> tiny as quick else large\ntest "quick: chars 201" { chars 200  expect large }\n'
    program = program_of(text)
    written = suggested(program, [trial.case for trial in trials_of(program, Path("p.route"))])
    assert [line.partition(" {")[0] for line in written.splitlines()[1:]] == [
        'test "quick: chars 199"',
        'test "quick: chars 201 (2)"',
    ]
