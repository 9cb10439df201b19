"""`routedsl explain-code`: every code has a page whose example is told by that code, and mended is not."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from routedsl.analysis.findings import lints
from routedsl.base.codes import CODES
from routedsl.base.diagnostic import Diagnostic, has_errors
from routedsl.discover import builtin
from routedsl.loading.policy import load_policy
from routedsl.tools.cli import main
from routedsl.tools.commands.explain_code import page

WITHOUT_EXAMPLE = {
    "R0108", "R0209", "R0518", "R0603", "R0604", "R0605", "R0702", "R0801", "R0802", "R0803", "R0804",
    "R1002", "R1105",
}  # fmt: skip
"""Codes that no short text has: they are about folders, bytes, sizes, serving, or what takes long to decide."""


def examples(code: str) -> list[str]:
    return re.findall(r"^```route\n(.*?)^```$", page(code), re.MULTILINE | re.DOTALL)


def told(text: str, folder: Path) -> tuple[Diagnostic, ...]:
    path = folder / "policy.route"
    path.write_text(text, "utf-8")
    return load_policy(path, builtin(), lints).diagnostics


def test_there_is_a_page_for_each_code_and_no_other() -> None:
    names = {Path(entry.name).stem for entry in files("routedsl.tools").joinpath("pages").iterdir()}
    assert names == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_it_means_and_why(code: str) -> None:
    title, means, why, *_ = page(code).split("\n\n")
    assert title == f"# {code}: {CODES[code]}"
    assert means.endswith(".")
    assert why.strip().endswith(".")


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_EXAMPLE))
def test_the_example_is_told_and_mended_it_is_not(code: str, tmp_path: Path) -> None:
    wrong, mended = examples(code)
    assert [finding.code for finding in told(wrong, tmp_path)] == [code]
    left = told(mended, tmp_path)
    assert not has_errors(left)
    assert code not in {finding.code for finding in left}


def test_the_page_is_printed_in_whatever_case_the_code_is_asked() -> None:
    result = CliRunner().invoke(main, ["explain-code", "r0203"])
    assert (result.exit_code, result.output) == (0, page("R0203"))


def test_without_a_code_all_are_listed() -> None:
    result = CliRunner().invoke(main, ["explain-code"])
    assert result.exit_code == 0
    assert result.output.splitlines() == [f"{code}  {title}" for code, title in CODES.items()]


def test_an_unknown_code_is_answered_with_a_close_one() -> None:
    result = CliRunner().invoke(main, ["explain-code", "R021"])
    assert result.exit_code == 2
    assert "there is no code `R021`; did you mean `R020" in result.output
