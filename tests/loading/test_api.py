"""What Python programs use: `routedsl.load` and what it returns."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import routedsl

HI = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
POLICY = """\
when header["x-tier"] == "gold" and key == "team-a" -> large as gold
when tokens > 100 or not tiny.up -> reject 413 "too long"
else tiny
fallback [medium]
timeout 10s
"""


@pytest.fixture
def policy(tmp_path: Path) -> routedsl.Policy:
    (tmp_path / "one.route").write_text(POLICY)
    return routedsl.load(tmp_path)


def test_a_decision_has_a_model_a_rule_and_a_chain(policy: routedsl.Policy) -> None:
    decision = policy.decide(HI, facts={"tokens": 8})
    assert (decision.action, decision.model, decision.chain) == ("forward", "tiny", ("tiny", "medium"))
    assert (decision.route, decision.rule) == ("auto", "auto:3")
    assert decision.at is not None
    assert decision.at.endswith("one.route:3:1")


def test_it_takes_what_an_envelope_does(policy: routedsl.Policy) -> None:
    assert policy.decide(HI, headers={"X-Tier": "gold"}, key="team-a").rule == "gold"
    assert policy.decide(HI, facts={"tokens": 101}).status == 413
    down = policy.decide(HI, world={"models": {"tiny": {"up": False}}})
    assert (down.action, down.code, down.message, down.chain) == ("reject", "rejected_by_policy", "too long", ())
    assert policy.decide(json.dumps(HI), endpoint="chat").chain == ("tiny", "medium")


def test_it_explains_itself(policy: routedsl.Policy) -> None:
    assert "no   tokens > 100   tokens is 8, 93 short\n" in policy.decide(HI, facts={"tokens": 8}).explain()
    assert policy.decide(HI, facts={"tokens": 7}).to_json()["facts"] == {
        'header["x-tier"]': None,
        "tokens": 7,
        "tiny.up": True,
    }


def test_a_policy_stays_as_it_was_loaded(policy: routedsl.Policy, tmp_path: Path) -> None:
    before = repr(policy)
    (tmp_path / "one.route").write_text("else large")
    assert policy.decide(HI).model == "tiny"
    assert repr(policy) == before != repr(routedsl.load(tmp_path / "one.route"))


def test_a_policy_that_does_not_load_tells_every_finding(tmp_path: Path) -> None:
    (tmp_path / "bad.route").write_text("when charz < 5 -> tiny\nwhen chars < 5s -> tiny\nelse tiny")
    with pytest.raises(routedsl.PolicyError, match="`charz`") as error:
        routedsl.load(str(tmp_path / "bad.route"))
    assert [diagnostic.code for diagnostic in error.value.diagnostics] == ["R0201", "R0301"]


def test_a_request_that_cannot_be_read_is_an_error(policy: routedsl.Policy) -> None:
    with pytest.raises(routedsl.RequestError, match="`messages` must be a list") as error:
        policy.decide({})
    assert (error.value.code, error.value.param) == ("invalid_request", "messages")
    with pytest.raises(routedsl.RequestError, match=r"`world.models.tiny.up` must be true or false"):
        policy.decide(HI, world={"models": {"tiny": {"up": "no"}}})


def test_what_is_not_public_is_not_there() -> None:
    assert set(routedsl.__all__) <= set(dir(routedsl))
    with pytest.raises(AttributeError, match="no attribute 'unload'"):
        routedsl.unload  # type: ignore[attr-defined]  # noqa: B018 - that is the point


def test_importing_the_package_imports_nothing_of_it() -> None:
    code = "import sys, routedsl; print(*(name for name in sys.modules if name.startswith('routedsl')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["routedsl"]


def test_type_checkers_are_told_of_the_same_names() -> None:
    stub = ast.parse(Path(routedsl.__file__).with_suffix(".pyi").read_text())
    imported = [alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(imported) == routedsl.__all__
