"""Explanations: they come to the decision that is made, and tell what a person wants to know."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

import pytest

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.explain import Explanation, explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.plan import named_facts
from routedsl.engine.program import program_of
from routedsl.language.parse import parse
from routedsl.loading.envelope import case_from
from tests.policies import random_facts, random_policy

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HI = {"messages": [{"role": "user", "content": "hi"}]}
POLICY = """\
model small { context 50 quality 30 }
model large { quality 90 tags [paid] }
model spare {}
let short = 2 <= messages < 10 and chars not in 1..9
route auto {
  when header["x-tier"] != "gold" and max_tokens is missing and short -> small as quick
  when stream {
    when time in 22:00..06:00 or small.latency > 500ms -> small
    when not (tools > 0 or draw < 5%) -> route support
  }
  else reject 413 "too long"
}
route support {
  else first of [small, large, spare] where quality >= 50 or up { fallback [spare] timeout 90s }
}
"""


def explained(policy: str, body: Mapping[str, object] = HI, **envelope: object) -> Explanation:
    file, _ = parse(Source("one.route", policy))
    program, _ = compile_policy([file], builtin())
    assert program is not None
    case = case_from(body, builtin(), NOW, envelope)
    return explain(program, case.request, case.world, case.pinned)


@pytest.mark.parametrize("seed", range(40))
def test_an_explanation_comes_to_the_decision(seed: int) -> None:
    rng = Random(seed)
    policy = random_policy(rng, total=True)
    program = program_of(policy, builtin())
    case = case_from(HI, builtin(), NOW, {})
    for _ in range(5):
        pinned = random_facts(rng, named_facts(policy).values())
        explanation = explain(program, case.request, case.world, pinned)
        assert explanation.decision == program.decide(case.request, case.world, pinned)
        assert explanation_to_text(explanation)
        assert explanation_to_json(explanation, None)["rule"] == explanation.decision.rule


def test_every_rule_tried_is_told_with_its_predicates_as_they_are_written() -> None:
    explanation = explained(
        POLICY,
        {"messages": [{"role": "user", "content": "hello"}], "stream": True},
        headers={"x-tier": "silver"},
        facts={"messages": 10, "small.latency": "480ms", "draw": 0.5},
        world={"models": {"large": {"up": False}, "spare": {"up": False}}},
    )
    assert (
        explanation_to_text(explanation)
        == """\
asked for  no model

no   rule quick  (one.route:6:3)
       yes  header["x-tier"] != "gold"   header["x-tier"] is "silver"
       yes  max_tokens is missing        max_tokens is missing
       no   2 <= messages < 10           messages is 10, 1 over

no   rule auto:2  (one.route:8:5)
       yes  stream                  stream is yes
       no   time in 22:00..06:00    time is 12:00
       no   small.latency > 500ms   small.latency is 480ms, 20ms short

yes  rule auto:3  (one.route:9:5)
       yes  stream      stream is yes
       no   tools > 0   tools is 0, 1 short
       no   draw < 5%   draw is 50%, 45% over
     it hands over to the route support

yes  rule support:1  (one.route:14:3)

yes  candidate small
       no   quality >= 50   small.quality is 30, 20 short
       yes  up              small.up is yes
yes  candidate large
       yes  quality >= 50   large.quality is 90
no   candidate spare
       no   quality >= 50   spare.quality is missing
       no   up              spare.up is no

ranking    small, large
           small   quality 30, up yes
           large   quality 90
left out   spare: filtered out by `where`, quality missing, up no
left out   large: down
left out   spare: down
chain      small
options    timeout 90s
"""
    )


def test_models_that_are_kept_for_want_of_others_are_told() -> None:
    text = explanation_to_text(
        explained("else a { fallback [b] }", world={"models": {"a": {"up": False}, "b": {"up": False}}})
    )
    assert "kept       a: down, and nobody else is left\n" in text
    assert text.endswith("chain      a, then b\n")


def test_a_split_is_told_with_its_draw() -> None:
    explanation = explained("else split of [a 90%, b]", world={"draw": 0.95})
    assert """\
ranking    b  (the draw is 95%)
           b   share 10%
left out   a: not drawn, share 90%
chain      b
""" in explanation_to_text(explanation)
    assert explanation_to_json(explanation, None)["draw"] == 0.95


FLEET = """\
upstream here { url "http://127.0.0.1:1/v1" }
upstream there { url "http://127.0.0.1:2/v1"  protocol anthropic }
model tiny  { upstream here  context 50  quality 30 }
model text  { upstream here  supports []  quality 60  input_price $1  output_price $4 }
model large { upstream here  quality 90  input_price $2.50  output_price $10 }
model opus  { upstream there  quality 95 }
"""
IDLE = {"inflight": 0, "queue": 0}
SEEING = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]}


def test_a_ranking_is_told_with_the_numbers_it_went_by_and_why_others_were_left_out() -> None:
    policy = f"{FLEET}else fastest of all where quality >= difficulty {{ fallback [large] }}"
    world = {
        "models": {
            "text": {"latency": "300ms"},
            "large": {"latency": 0.8123456, "up": False},
            "opus": {"latency": "1s"},
        }
    }
    explanation = explained(policy, SEEING, facts={"difficulty": 31, "tokens": 51}, world=world)
    assert explanation_to_text(explanation).endswith(
        """\
ranking    text, large, opus
           text    latency 300ms, inflight 0, queue 0, quality 60
           large   latency 812ms, inflight 0, queue 0, quality 90
           opus    latency 1s, inflight 0, queue 0, quality 95
left out   tiny: filtered out by `where`, quality 30
kept       text: does not support images, and nobody else is left
kept       large: down, and nobody else is left
left out   opus: is asked at /v1/messages
chain      text, then large
"""
    )
    assert explanation_to_json(explanation, None)["candidates"] == [
        {"model": "text", "place": 1, "numbers": {"latency": 0.3, **IDLE, "quality": 60}, "left_out": None},
        {"model": "large", "place": 2, "numbers": {"latency": 0.812346, **IDLE, "quality": 90}, "left_out": None},
        {
            "model": "opus",
            "place": 3,
            "numbers": {"latency": 1.0, **IDLE, "quality": 95},
            "left_out": "is asked at /v1/messages",
        },
        {"model": "tiny", "place": None, "numbers": {"quality": 30}, "left_out": "filtered out by `where`"},
    ]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (
            "cheapest of [large, text]",
            """\
ranking    text, large
           text    cost $0.002051
           large   cost $0.0051275
""",
        ),
        (
            "least_busy of [text, large]",
            """\
ranking    large, text
           large   load 10%, slots 4
           text    load 50%, slots missing
""",
        ),
        (
            "best of [text, large] by success",
            """\
ranking    large, text
           large   success 91.2%
           text    success missing
""",
        ),
        (
            "fastest of [text, large]",
            """\
ranking    text, large
           text    latency missing, inflight 0, queue 0
           large   latency missing, inflight 1, queue 0
""",
        ),
        ("first of [text, large]", "ranking    text, large\n"),
        ("large", "ranking    large\n"),
    ],
)
def test_each_strategy_is_told_with_its_own_numbers(target: str, told: str) -> None:
    measured = {
        "large": {"load": 0.1, "slots": 4, "success": 0.912, "inflight": 1},
        "text": {"load": 0.5},
    }
    explanation = explained(f"{FLEET}else {target}", facts={"tokens": 51}, world={"models": measured})
    text = explanation_to_text(explanation)
    assert f"\n{told}chain      {', then '.join(explanation.decision.chain)}\n" in text


def test_a_context_that_is_too_small_is_told_with_what_is_wanted() -> None:
    text = explanation_to_text(explained(f"{FLEET}else first of [tiny, large]", facts={"tokens": 51}))
    assert "left out   tiny: has a context of 50 tokens, and the request wants 51\n" in text


def test_who_goes_first_by_an_option_is_told() -> None:
    policy = f"{FLEET}else cheapest of [text, large] {{ sticky 10m  explore 10% }}"
    ages = {"sticky": "text", "sticky_age": 28.736178, "sticky_before": {"large": "5m"}}
    held = explained(policy, id="r-6", world={"draw": 0.25, **ages})
    assert "ranking    text, large  (sticky: text answered this conversation 28s ago)\n" in explanation_to_text(held)
    shown = explanation_to_json(held, None)
    assert (shown["ahead"], shown["sticky_age"]) == ("sticky", 28.736178)

    explored = explained(policy, id="r-6", world={"draw": 0.25})
    assert "ranking    large, text  (explore 10%: large goes first, the draw is 3.1437%)\n" in explanation_to_text(
        explored
    )
    shown = explanation_to_json(explored, None)
    assert (shown["ahead"], shown["explore"]) == ("explore", 0.031437)

    usual = explained(policy, id="r-1", world={"draw": 0.25})
    assert "ranking    text, large  (explore 10%: not this time, the draw is " in explanation_to_text(usual)
    assert explanation_to_json(usual, None)["ahead"] is None


def test_an_empty_chain_is_told() -> None:
    text = explanation_to_text(explained("else first of [a] where up", world={"models": {"a": {"up": False}}}))
    assert "ranking    nobody: every candidate was filtered out\n" in text
    assert text.endswith("chain      nobody: the answer is 503\n")


def test_who_is_not_routed_by_a_rule_is_told() -> None:
    model = "model tiny {}\nelse tiny"
    assert (
        explanation_to_text(explained(model, {**HI, "model": "tiny"}))
        == """\
asked for  the model `tiny`

explicit   the client's own choice is kept: no rule, no fallback
chain      tiny
"""
    )
    assert (
        explanation_to_text(explained(model, {**HI, "model": "tinny"}))
        == """\
asked for  the model `tinny`

rejected   404 model_not_found: there is no model `tinny`; did you mean `tiny`?
"""
    )


def test_what_a_client_wrote_cannot_move_the_cursor_nor_fill_the_screen() -> None:
    text = explanation_to_text(
        explained(
            'when last contains "x" -> a else b',
            {"messages": [{"role": "user", "content": "\x1b[2J\n" + "a" * 10_000}]},
        )
    )
    assert "\x1b" not in text
    unknown = explanation_to_text(explained("model a {}\nelse a", {**HI, "model": "\x1b[2J"}))
    assert unknown.endswith(
        "rejected   404 model_not_found: there is no model `\ufffd[2J`; there is `dynamic`, `a`, `auto`\n"
    )
    assert max(map(len, text.splitlines())) < 160


def test_json_has_each_predicate_with_its_facts() -> None:
    shown = explanation_to_json(explained(POLICY, facts={"messages": 3, "chars": 10}), "r1")
    assert shown["id"] == "r1"
    assert shown["asked"] is None
    assert shown["tried"] == [
        {
            "rule": "quick",
            "at": "one.route:6:3",
            "result": True,
            "predicates": [
                {"text": 'header["x-tier"] != "gold"', "facts": {'header["x-tier"]': None}, "result": True},
                {"text": "max_tokens is missing", "facts": {"max_tokens": None}, "result": True},
                {"text": "2 <= messages < 10", "facts": {"messages": 3}, "result": True},
                {"text": "chars not in 1..9", "facts": {"chars": 10}, "result": True},
            ],
        }
    ]
    assert (shown["ranking"], shown["unfit"]) == (["small"], {})
