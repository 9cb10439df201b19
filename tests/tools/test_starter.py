"""The files of a first policy check, are in canonical form, decide, and pass their own snapshot test."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from routedsl.analysis.findings import lints
from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.language.format import format_source
from routedsl.loading.envelope import now_utc, read_case, split_cases
from routedsl.loading.policy import load_policy
from routedsl.tools.starter import HOSTED, FoundModel, FoundUpstream, guess_quality, starter_files
from routedsl.tools.verdicts import trials_of, verdicts_of

OLLAMA = FoundUpstream(
    name="ollama",
    url="http://127.0.0.1:11434/v1",
    key=None,
    models=(FoundModel(id="qwen3:8b", quality=55), FoundModel(id='odd "name"', quality=50)),
    kind="ollama",
)


@pytest.mark.parametrize("found", [(), (OLLAMA,), HOSTED, (OLLAMA, *HOSTED), (OLLAMA, OLLAMA)[:1]])
def test_the_policy_checks_without_a_finding_and_decides_its_requests(
    found: Sequence[FoundUpstream], tmp_path: Path
) -> None:
    for name, text in starter_files(found).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    loading = load_policy(tmp_path / "rules", builtin(), lints)
    assert loading.diagnostics == ()
    assert loading.program is not None
    cases = [read_case(line, builtin(), now_utc()) for line in split_cases((tmp_path / "requests.jsonl").read_bytes())]
    chosen = [loading.program.decide(case.request, case.world).model for case in cases]
    assert None not in chosen
    verdicts = verdicts_of(loading.program, trials_of(loading.program, tmp_path / "rules"))
    assert [verdict.passed for verdict in verdicts] == [True] * len(verdicts) != []
    models = [model for upstream in found for model in upstream.models]
    assert (chosen[0] == chosen[1]) is (len(models) == 1)


@pytest.mark.parametrize("found", [(), (OLLAMA,), HOSTED])
def test_the_policy_is_in_canonical_form(found: Sequence[FoundUpstream]) -> None:
    text = starter_files(found)["rules/main.route"]
    assert format_source(Source("main.route", text)) == text


@pytest.mark.parametrize(
    ("id_", "quality"),
    [("llama3.2:1b", 30), ("qwen3:8b", 55), ("llama-3.3-70B-instruct", 82), ("phi4", 50), ("smollm2-0.135b", 6)],
)
def test_quality_is_guessed_from_the_size_in_the_name(id_: str, quality: int) -> None:
    assert guess_quality(id_) == quality
