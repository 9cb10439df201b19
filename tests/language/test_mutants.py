"""Mutants say in their edits what they are in their syntax, and are small changes of each kind."""

import pytest

from routedsl.analysis.diff import compare
from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.program import Program
from routedsl.language.mutants import Mutant, mutants
from routedsl.language.parse import parse
from routedsl.language.syntax import File
from routedsl.tools.mutating import diff_of, edited

RICH = """\
model tiny { context 8k  quality 30 }
model large { quality 90 }
pool house = first of [large, tiny]
let short = messages <= 2 and not (stream or json)
route auto, "gpt-*" {
  when short -> tiny as quick
  when time in 09:00..17:00 or draw < 5% -> house
  when tools > 0 {
    when 1k <= tokens < 4.5k -> first of [tiny, large] where up
    when user in ["ann"] and user is given -> reject 403 "no"
  }
  when stream -> split of [tiny 90%, large]
  when last contains "x" or (last like "y*" and text matches /z/) -> large
  else tiny
  fallback [large, tiny]
}
test "t" { expect tiny }
"""


def program_of(*files: File) -> Program | None:
    program, _ = compile_policy(files, builtin())
    return program


def every(text: str) -> list[Mutant]:
    file, found = parse(Source("p.route", text))
    assert found == ()
    return list(mutants([file]))


def test_edits_of_the_text_make_the_mutant() -> None:
    made = 0
    for mutant in every(RICH):
        written, _ = parse(Source("p.route", edited(mutant.edits)))
        one, other = program_of(*mutant.files), program_of(written)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            comparison = compare(one, other)
            assert (comparison.differences, comparison.undecided) == ((), ())
            made += 1
    assert made > 30


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("when chars < 200 -> a", {"chars <= 200", "chars >= 200", "chars < 199"}),
        ("when chars >= 8k -> a", {"chars > 8k", "chars < 8k", "chars >= 7k", "chars >= 9k"}),
        ("when a.errors <= 0.5% -> a", {"< 0.5%", "> 0.5%", "<= 0.4%", "<= 0.6%"}),
        ("when a.latency > 1s -> a", {">= 1s", "<= 1s", "> 0s", "> 2s"}),
        ("when time in 00:00..06:00 -> a", {"not in 00:00..06:00", "in 23:59..", "in 00:01..", "..05:59", "..06:01"}),
        ("when tools == 0 -> a", {"!= 0", "== 1"}),
        ("when stream -> a", {"not stream"}),
        ("when not stream -> a", {"when stream"}),
        ("when user is given -> a", {"is missing"}),
        ("when a and b or c -> a", {"a or b", "(a and b) and c", "not a", "not b", "not c"}),
        ("when stream -> first of [a, b] fallback [a, b]", {"first of [b]", "fallback [b, a]"}),
        ("when stream -> split of [a 90%, b]", {"split of [b 90%, a]"}),
        ("when stream -> a when json -> b", {"-> b when json", "-> a\n", "not stream", "not json", "-> b\n"}),
    ],
)
def test_each_kind_of_change_is_made(text: str, changed: set[str]) -> None:
    told = [edited(mutant.edits) for mutant in every(_whole(text))]
    assert len(set(told)) == len(told)
    assert {part for part in changed if not any(part in one for one in told)} == set()


def _whole(text: str) -> str:
    """The rules with an `else`, options behind it."""
    rules, option, rest = text.partition(" fallback")
    return f"{rules}\nelse a\n{option}{rest}\n"


def test_a_change_is_told_as_a_diff() -> None:
    (mutant,) = [mutant for mutant in every("when chars < 200 -> a\nelse a\n") if mutant.edits[0].replacement == ""]
    assert diff_of(mutant.edits) == "--- p.route\n+++ p.route\n@@ -1 +0,0 @@\n-when chars < 200 -> a\n"


def test_tests_take_no_part() -> None:
    assert {type(each).__name__ for mutant in every(RICH) for each in mutant.files[0].statements} == {
        *("Declaration", "Pool", "Let", "Route")
    }
