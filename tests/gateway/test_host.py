"""The generation that serves: swapped whole, kept where nothing better comes."""

from pathlib import Path

import pytest

from routedsl.analysis.findings import lints
from routedsl.base.diagnostic import Diagnostic
from routedsl.base.render import render_text
from routedsl.gateway.admission import with_keys
from routedsl.gateway.host import PolicyHost, Verdict
from routedsl.loading.policy import load_policy
from tests.gateway.harness import CATALOG

LOCAL = 'upstream local { url "http://127.0.0.1:1/v1" }\nmodel tiny { upstream local }\nelse tiny\n'
KEYED = 'upstream cloud { url "http://127.0.0.1:1/v1" key $CLOUD_KEY }\nmodel tiny { upstream cloud }\nelse tiny\n'
OPEN = "when chars < 9 -> tiny else large\n"
BROKEN = "else tyni timeout 10\n"


class Desk:
    """A host and a file to offer it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.path = folder / "policy.route"
        self.host = PolicyHost(with_keys(environment))
        self.told: list[tuple[Verdict, tuple[Diagnostic, ...]]] = []
        self.host.listeners.append(lambda verdict, diagnostics: self.told.append((verdict, diagnostics)))

    def offer(self, text: str) -> Verdict:
        self.path.write_text(text, encoding="utf-8")
        verdict = self.host.offer(load_policy(self.path, CATALOG, lints))
        assert self.told[-1][0] is verdict
        return verdict


def test_before_the_first_policy_there_is_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert not desk.host.ready
    with pytest.raises(LookupError):
        _ = desk.host.generation
    assert desk.offer(BROKEN) is Verdict.REFUSED
    assert not desk.host.ready


def test_a_new_text_is_a_new_generation_and_the_same_text_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.offer(LOCAL) is Verdict.SWAPPED
    first = desk.host.generation
    assert first.number == 1
    assert first.files == (str(desk.path),)
    assert desk.offer(LOCAL) is Verdict.SAME
    assert desk.host.generation is first
    assert desk.offer(f"# moved\n{LOCAL}") is Verdict.SWAPPED
    assert desk.host.generation.number == 2
    assert first.program.policy.rules, "who holds the old one can still use it"


def test_a_broken_text_keeps_the_last_good_one_until_it_is_repaired(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.offer(LOCAL)
    first = desk.host.generation
    assert desk.offer(LOCAL + BROKEN) is Verdict.REFUSED
    assert desk.host.generation is first
    assert desk.host.refusal is not None
    assert desk.host.refusal.diagnostics == desk.told[-1][1]
    assert desk.offer(LOCAL) is Verdict.SAME
    assert desk.host.refusal is None


@pytest.mark.parametrize("environment", [{}, {"CLOUD_KEY": ""}])
def test_a_key_that_the_environment_lacks_is_told_by_its_place(tmp_path: Path, environment: dict[str, str]) -> None:
    desk = Desk(tmp_path, **environment)
    desk.offer(LOCAL)
    assert desk.offer(KEYED) is Verdict.REFUSED
    assert desk.host.generation.number == 1
    (finding,) = desk.told[-1][1]
    assert finding.code == "R0802"
    shown = render_text([finding])
    assert shown.startswith(f"{desk.path}:1:")
    assert "`CLOUD_KEY`" in shown
    assert "upstream `cloud`" in shown


def test_a_key_that_is_there_lets_its_upstream_in_and_shows_nowhere(tmp_path: Path) -> None:
    desk = Desk(tmp_path, CLOUD_KEY="sk-very-secret")
    assert desk.offer(KEYED) is Verdict.SWAPPED
    assert "sk-very-secret" not in repr(desk.host.generation)


def test_a_policy_without_models_cannot_be_served(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.offer(OPEN) is Verdict.REFUSED
    assert [finding.code for finding in desk.told[-1][1]] == ["R0801"]
