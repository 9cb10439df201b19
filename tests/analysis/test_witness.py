"""Witnesses: what is shown is decided so by the policy itself, from the JSON that a person would be given."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from routedsl.analysis.space import space_of
from routedsl.analysis.witness import BUILT, Trial, witness
from routedsl.base.diagnostic import Witness
from routedsl.base.types import Type
from routedsl.engine.address import Destination, ToModel, ToRoute
from routedsl.engine.catalog import Catalog
from routedsl.engine.decision import Decision
from routedsl.engine.program import Program
from routedsl.engine.reference import select
from routedsl.engine.signal import About, Signal
from routedsl.language.policy import And, Compare, Fact, Matches, Op
from routedsl.loading.envelope import read_case
from tests.analysis.questions import CATALOG, boxes_of, laid_out, program_of, random_condition
from tests.policies import SPAN

LATER = datetime(2031, 7, 2, 3, 4, tzinfo=UTC)
"""Whenever a person tries the witness."""
AUTO = ToRoute("auto")
MOST_BOXES = 4


def rule_of(program: Program, trial: Trial) -> int:
    rule = select(program.policy, "auto", trial.facts.read)
    assert rule is not None
    return rule.number


def decided(shown: Witness, program: Program, catalog: Catalog = CATALOG) -> Decision:
    """What `decide` says of the envelope, written as a line and read again."""
    case = read_case(json.dumps(shown.envelope).encode(), catalog, LATER)
    return program.decide(case.request, case.world, case.pinned)


def witnesses(condition: str) -> Iterator[tuple[Program, int, Witness]]:
    """A witness of some boxes of a condition, and of its opposite, with the number of the rule that is to decide."""
    program = program_of(condition)
    asked, space = laid_out(program)
    for number, holds in enumerate((True, False)):
        for box in boxes_of(asked, space, holds=holds)[:MOST_BOXES]:

            def check(trial: Trial, number: int = number) -> bool:
                return rule_of(program, trial) == number

            yield program, number, witness(box, space, program, AUTO, check)


def only(condition: str, to: Destination = AUTO) -> Witness:
    """A witness of the condition's first box, whatever the policy does with it."""
    program = program_of(condition)
    asked, space = laid_out(program)
    return witness(boxes_of(asked, space)[0], space, program, to, lambda trial: True)


# ── what is claimed ─────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 10**9))
def test_what_is_shown_is_decided_so(seed: int) -> None:
    for program, number, found in witnesses(random_condition(Random(seed))):
        if found.shown:
            assert decided(found, program).rule == program.policy.rules[number].name


def test_nearly_all_witnesses_can_be_shown() -> None:
    """Some boxes have no request at all: a text and a length that it does not have."""
    found = [shown for seed in range(150) for _, _, shown in witnesses(random_condition(Random(seed)))]
    assert sum(one.shown for one in found) > 0.95 * len(found) > 400


def test_a_box_is_held_against_the_request_itself() -> None:
    """What passes the check but lies elsewhere is no witness."""
    assert not only('text == "hi" and chars > 2').shown
    assert not only("tokens < 3").shown
    assert not only('last == "hi" and turns == 0').shown


def test_what_fails_the_check_is_not_shown() -> None:
    program = program_of('chars > 10 and header["x-tier"] matches /^g.ld$/')
    asked, space = laid_out(program)
    tried = []

    def check(trial: Trial) -> bool:
        tried.append(trial)
        return False

    (box,) = boxes_of(asked, space)
    found = witness(box, space, program, AUTO, check)
    assert tried
    assert found == Witness(False, None, {"chars": 11, 'header["x-tier"]': "gald"})


# ── what it looks like ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        ("always", {}),
        ('tiny.up and not json and weekday in ["mon"]', {"world": {"time": "2026-01-05T06:30:00Z"}}),
        ('header["X-Tier"] == "gold" and key like "team-*"', {"headers": {"x-tier": "gold"}, "key": "team-"}),
        ('header["x"] is missing and not key == "a"', {}),
        ("time == 09:30 and draw < 5%", {"world": {"time": "2026-01-05T04:00:00Z", "draw": 0.0}}),
        (
            'not tiny.up and tiny.latency > 2s and "all".load == 50%',
            {"world": {"models": {"tiny": {"up": False, "latency": "2000001us"}, "all": {"load": 0.5}}}},
        ),
    ],
)
def test_an_envelope_says_no_more_than_it_has_to(condition: str, more: dict[str, object]) -> None:
    plain = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
    assert only(condition).envelope == {**more, "body": plain}


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("stream and json", {"stream": True, "response_format": {"type": "json_object"}}),
        ('effort == "low" and user is given', {"reasoning_effort": "low", "user": "a"}),
        ('session contains "x" and metadata["team"] == ""', {"prompt_cache_key": "x", "metadata": {"team": ""}}),
        ("temperature == 0.7 and max_tokens >= 100", {"temperature": 0.7, "max_tokens": 100}),
        ("total_tokens > 100k", {"max_tokens": 100_001}),
        ('model like "gpt-4*"', {"model": "gpt-4"}),
        ("tools == 1", {"tools": [{"type": "function", "function": {"name": "tool_1"}}]}),
    ],
)
def test_a_body_says_no_more_than_it_has_to(condition: str, fields: dict[str, object]) -> None:
    envelope = only(condition).envelope
    assert envelope is not None
    assert envelope["body"] == {"model": "auto", "messages": [{"role": "user", "content": "hi"}], **fields}


@pytest.mark.parametrize(
    "condition",
    [
        "messages == 7 and turns == 3 and last_chars == 20 and system_chars == 30 and chars == 500 and words == 100",
        "messages == 1 and turns == 0 and system_chars > 10",
        "words == 0 and chars == 10",
        "messages >= 1k",
        "chars >= 1M",
        "tokens == 300k",
        "total_tokens == 100k",
        'weekday == "sun" and time == 00:00',
        'weekday == "thu" and time == 23:59',
        "tokens <= 1k and chars >= 100k and images in [2, 5]",
        "tokens > 5k and chars < 50",
        "tokens > 5k and chars < 50 and tools == 0",
        "tokens > 5k and 1k < chars < 5k and tools == 0 and tool_calls == 0",
        "tiny.cost > $0.05",
        "tiny.cost == $0.0051 and max_tokens > 100",
        '$0.0001 < "all".cost <= $0.0005',
        "tool_calls == 2 and messages == 1",
        r"text matches /^[a-z]{300}$/ and chars == 300",
        'text like "a*z" and chars == 500 and messages == 1',
        'text matches /\\bdef |#include/ and text contains "bug" and not last contains "bug"',
        'system like "*-mini" and system_chars == 10k',
        'text matches /^sum/ and last matches /end$/ and system contains "error" and not text contains "a"',
        r"text matches /(?i)^(foo|bar)+\s*[^\W\d_]{2,4}?\x41\p{Greek}[[:upper:]]$/",
    ],
)
def test_what_is_hard_to_find_is_shown(condition: str) -> None:
    assert only(condition).shown


# ── where it goes ───────────────────────────────────────────────────────────────────────────────


def test_a_declared_model_is_asked_for_by_its_name() -> None:
    shown = only('header["x-data"] == "private"', to=ToModel("tiny"))
    assert shown.envelope == {
        "headers": {"x-data": "private"},
        "body": {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]},
    }
    assert not only('model != "tiny"', to=ToModel("tiny")).shown


def test_a_model_that_leads_elsewhere_is_no_witness() -> None:
    assert not only('model == "tiny"').shown
    assert not only('model like "a?c*"').shown


# ── signals that others bring ───────────────────────────────────────────────────────────────────


def with_signal(signal: Signal) -> tuple[Program, Catalog]:
    """A program that has one signal more."""
    catalog = replace(CATALOG, signals={**CATALOG.signals, signal.name: signal})
    program = replace(program_of("always"), catalog=catalog)
    return replace(program, readings=replace(program.readings, catalog=catalog)), catalog


def derived(name: str, type_: Type) -> Signal:
    return Signal(name=name, type=type_, read=lambda moment: None, optional=True, doc="Derived.", since="0.1")


def test_what_is_derived_is_pinned() -> None:
    program, catalog = with_signal(derived("difficulty", Type.NUMBER))
    hard = Compare(Fact("difficulty", Type.NUMBER, optional=True), Op.GT, 80, span=SPAN)
    space = space_of([hard], catalog.vocabulary().signals)
    (box,) = boxes_of(hard, space)
    shown = witness(box, space, program, AUTO, lambda trial: trial.facts.ask("difficulty") == 81)
    assert shown.envelope is not None
    assert shown.envelope["facts"] == {"difficulty": 81}
    assert decided(shown, program, catalog).rule == "auto:1"


def test_nothing_is_pinned_that_the_box_does_not_hold() -> None:
    program, catalog = with_signal(derived("topic", Type.TEXT))
    topic = Fact("topic", Type.TEXT, optional=True)
    both = And(tuple(Matches(topic, f"^{letter}$", False, span=SPAN) for letter in "ab"), span=SPAN)
    space = space_of([both], catalog.vocabulary().signals)
    (box,) = boxes_of(both, space)
    assert witness(box, space, program, AUTO, lambda trial: True) == Witness(shown=False)


def test_requests_are_made_for_every_signal_of_our_own() -> None:
    asked = {**CATALOG.signals, **{n: one for n, one in CATALOG.model_facts.items() if not one.declared}}
    # A difficulty is judged from words: a witness pins it, as an envelope may, and writes none to fit it.
    assert set(asked) - {"difficulty"} == BUILT
    assert all(signal.about in About for signal in asked.values())
