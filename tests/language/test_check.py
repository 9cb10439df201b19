"""What golden cases cannot show of the checker: limits, bounds on its work, and that its changes help."""

import shutil
import time
from pathlib import Path

import pytest

from routedsl.base.diagnostic import Diagnostic, Edit, Severity
from routedsl.base.source import Source
from routedsl.language.check import check
from routedsl.language.findings import MOST
from routedsl.language.lets import DEEPEST, LARGEST
from routedsl.language.parse import parse
from routedsl.language.policy import Policy
from tests.language.test_check_cases import POLICIES, VOCABULARY, checked


def checked_text(text: str) -> tuple[Policy | None, tuple[Diagnostic, ...]]:
    file, found = parse(Source("a.route", text))
    assert found == ()
    return check([file], VOCABULARY)


def codes(text: str) -> list[str]:
    return [found.code for found in checked_text(text)[1]]


# ── changes that programs may make ──────────────────────────────────────────────────────────────


def found_with_edits(folder: Path) -> list[tuple[Path, Diagnostic, Edit]]:
    found: list[tuple[Path, Diagnostic, Edit]] = []
    for case in POLICIES:
        if case.is_file():
            path = Path(shutil.copy(case, folder))
            found += [(path, diagnostic, diagnostic.edit) for diagnostic in checked(path)[1] if diagnostic.edit]
    return found


def test_every_change_mends_what_it_is_about(tmp_path: Path) -> None:
    edits = found_with_edits(tmp_path)
    assert len(edits) >= 40
    for path, diagnostic, edit in edits:
        text = path.read_text("utf-8")
        unread = sum(d.code.startswith("R01") for d in checked(path)[1])
        path.write_text(text[: edit.span.start] + edit.replacement + text[edit.span.end :], "utf-8")
        left = {(d.code, d.span.start) for d in checked(path)[1]}
        path.write_text(text, "utf-8")
        assert (diagnostic.code, diagnostic.span.start) not in left, diagnostic
        assert sum(code.startswith("R01") for code, _ in left) <= unread, diagnostic


def test_every_message_keeps_its_manners() -> None:
    for case in POLICIES:
        for diagnostic in checked(case)[1]:
            for text in (diagnostic.message, diagnostic.help or "a", *(label.text for label in diagnostic.labels)):
                assert text[0].islower() or not text[0].isalpha(), text
                assert not text.endswith("."), text
                assert "\n" not in text
                assert text.count("`") % 2 == 0, text


# ── limits ──────────────────────────────────────────────────────────────────────────────────────


def rules(number: int) -> str:
    return "\n".join([*(f"when chars < {n} -> a" for n in range(number - 1)), "else a"])


def test_a_policy_may_have_so_many_rules_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routedsl.language.rules.MOST_RULES", 10)
    assert codes(f"{rules(5)} route b {{ {rules(5)} }}") == []
    (found,) = checked_text(f"{rules(5)}\nroute b {{ {rules(5)} }}\nroute c {{ else a }}")[1]
    assert (found.code, found.message) == ("R0108", "the policy has more than 10 rules")
    assert found.span.at == "a.route:11:11"


def test_lets_may_stand_in_each_other_so_deep_and_no_deeper() -> None:
    def chain(length: int) -> str:
        lets = [f"let l{n} = stream or l{n - 1}" for n in range(1, length)]
        return "\n".join(["let l0 = stream", *lets, f"when l{length - 1} -> a", "else b"])

    assert codes(chain(DEEPEST)) == []
    assert codes(chain(DEEPEST + 1)) == ["R0108"]
    assert codes(chain(DEEPEST + 50)) == ["R0108"]


def test_lets_that_double_each_other_are_stopped() -> None:
    lets = [f"let l{n} = l{n - 1} and l{n - 1}" for n in range(1, 60)]
    (found,) = checked_text("\n".join(["let l0 = stream", *lets, "when l59 -> a", "else b"]))[1]
    assert found.code == "R0108"
    assert found.message.startswith("`l14` stands for too much: 16384 predicates")
    assert str(LARGEST) in (found.help or "")


def test_lets_that_need_each_other_may_be_many() -> None:
    lets = [f"let l{n} = l{n - 1}" for n in range(1, 5000)]
    assert codes("\n".join(["let l0 = stream", *lets, "when l4999 -> a", "else b"])) == []


def test_errors_end_where_more_would_help_nobody() -> None:
    policy, found = checked_text(
        "model a {}\n" + "\n".join(f"when chars < {n} -> b{n}" for n in range(MOST * 2)) + "\nelse a"
    )
    assert policy is None
    assert [d.code for d in found] == ["R0202"] * MOST
    assert sum(d.severity is Severity.ERROR for d in found) == MOST


# ── values that a text could not have, and odd ones ─────────────────────────────────────────────


@pytest.mark.parametrize("text", ["", "# nothing", "edition 1"])
def test_nothing_said_is_an_error(text: str) -> None:
    assert codes(text) == ["R0107"]


def test_no_file_at_all_is_an_empty_policy() -> None:
    policy, found = check([], VOCABULARY)
    assert policy is not None
    assert (policy.routes, policy.rules, found) == ({}, (), ())


def test_rules_point_at_their_keyword() -> None:
    policy, _ = checked_text("when chars < 1 -> a\n  else b")
    assert policy is not None
    assert [rule.at for rule in policy.rules] == ["a.route:1:1", "a.route:2:3"]
    assert [rule.number for rule in policy.rules] == [0, 1]


def test_a_thousand_rules_take_well_under_a_second() -> None:
    lets = "let short = messages <= 2 and chars < 200\n"
    many = "\n".join(
        f'when short and header["x"] == "v{n}" or tokens in {n}..{n + 9} -> first of [a, b] {{ timeout {n + 1}ms }}'
        for n in range(1000)
    )
    file, _ = parse(Source("a.route", f"{lets}{many}\nelse a"))
    begun = time.process_time()
    assert check([file], VOCABULARY)[1] == ()
    assert time.process_time() - begun < 1.0
