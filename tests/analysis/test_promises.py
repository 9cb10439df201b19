"""Asserts: what is proved is never broken by any decision, and what is told to break it does."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.analysis.breaches import breaches
from routedsl.analysis.promises import broken_promises
from routedsl.analysis.survey import survey
from routedsl.base.diagnostic import Diagnostic, in_order
from routedsl.base.render import render_text
from routedsl.base.source import Source
from routedsl.engine.program import Program
from routedsl.engine.reference import holds
from routedsl.loading.envelope import read_case
from tests.analysis.promised import CATALOG, MODELS, Asked, compiled, keeps, random_asked, random_text
from tests.language.golden import cases, check

REQUESTS = 40
SHOWN = 30


def all_told(source: Source) -> str:
    return render_text(in_order(broken_promises(survey(compiled(source.text, source.name)))))


@pytest.mark.parametrize("name", cases("promises"))
def test_what_is_told_of_promises(name: str) -> None:
    check("promises", name, ".txt", all_told)


# ── held against decisions ──────────────────────────────────────────────────────────────────────


def broken(program: Program) -> dict[int, Diagnostic]:
    """What is told of the asserts of a program, by their places."""
    starts = {promised.span.start: place for place, promised in enumerate(program.policy.asserts)}
    return {starts[found.span.start]: found for found in broken_promises(survey(program))}


def proved(program: Program) -> list[int]:
    """The asserts of which nothing is told."""
    laid_out = survey(program)
    return [n for n, promised in enumerate(program.policy.asserts) if next(breaches(promised, laid_out), None) is None]


def breaks(program: Program, place: int, asked: Asked) -> bool:
    promised = program.policy.asserts[place]
    facts = program.facts(asked.request, asked.world, asked.pinned)
    if not holds(promised.condition, facts.ask):
        return False
    decision = program.decide(asked.request, asked.world, asked.pinned)
    return not keeps(promised, promised.span.text, decision, asked, dict(program.policy.models))


@given(st.integers(min_value=0, max_value=2**64))
def test_what_is_proved_is_broken_by_nothing(seed: int) -> None:
    rng = Random(seed)
    text = random_text(rng)
    program = compiled(text)
    kept = proved(program)
    for _ in range(REQUESTS):
        asked = random_asked(rng)
        for place in kept:
            told = program.policy.asserts[place].span.text
            assert not breaks(program, place, asked), f"{text}\n{told}\n{asked}"


def shown(program: Program, found: dict[int, Diagnostic]) -> Iterator[tuple[int, Asked]]:
    for place, diagnostic in found.items():
        if diagnostic.witness is not None and diagnostic.witness.shown:
            line = json.dumps(diagnostic.witness.envelope).encode()
            case = read_case(line, CATALOG, datetime(2031, 7, 2, tzinfo=UTC))
            facts = program.facts(case.request, case.world, case.pinned)
            yield place, Asked(case.request, case.world, {**case.pinned, "tokens": facts.ask("tokens")})


def test_what_is_shown_to_break_a_promise_does() -> None:
    told = proved_wrong = 0
    for seed in range(SHOWN):
        text = random_text(Random(seed))
        program = compiled(text)
        found = broken(program)
        told += len(found)
        for place, asked in shown(program, found):
            proved_wrong += 1
            promised = program.policy.asserts[place]
            facts = program.facts(asked.request, asked.world, asked.pinned)
            decision = program.decide(asked.request, asked.world, asked.pinned)
            assert holds(promised.condition, facts.ask), text
            wait = promised.span.text.partition("-> ")[2].startswith("wait")  # of streams and of whole answers
            assert wait or breaks(program, place, asked), f"{text}\n{promised.span.text}\n{asked}\n{decision}"
    assert told > SHOWN
    assert proved_wrong / told > 0.9


# ── one by one ──────────────────────────────────────────────────────────────────────────────────


def told(rules: str, promise: str) -> list[str]:
    """The messages about one promise, without the words that all have."""
    program = compiled(f"{MODELS}defaults {{ explicit auto }}\n{rules}\n{promise}")
    return [found.message.removeprefix("this promise does not hold: ") for found in broken_promises(survey(program))]


@pytest.mark.parametrize(
    ("rules", "kept", "broken_"),
    [
        # each model once, and as often again as `retry` says
        ("else tiny", "attempts <= 2", "attempts <= 1"),
        ("else tiny { retry 0 }", "attempts <= 1", None),
        ("else first of [tiny, large] { fallback [large, medium] }", "attempts <= 6", "attempts <= 5"),
        # a split has one, and never one without a share
        ("else split of [tiny 50%, large]", "attempts <= 2", "attempts <= 1"),
        ("else split of [tiny 100%, large 0%]", "never [large]", "never [tiny]"),
        ("else split of [tiny 100%, large 0%] by user", "never [large]", "never [tiny]"),
        # filters that exclude each other
        ("else first of [tiny, large] where quality >= max_tokens", "attempts <= 4", "attempts <= 3"),
        ("when tokens > 8k -> all_\nelse tiny\npool all_ = [large]", "attempts <= 2", "attempts <= 1"),
        # twice 3 s and 15 s streamed, 3 s and 60 s whole, which the deadline of 120 s ends
        ("else tiny", "wait <= 120s", "wait <= 119s"),
        ("else tiny { retry 0 }", "wait <= 63s", "wait <= 62s"),
        ("else large { retry 0  timeout 2s }", "wait <= 4s", "wait <= 3s"),
        ("else large { retry 0  timeout 2s  first_token 9s }", "wait <= 11s", "wait <= 10s"),
        ("else large { deadline 7s }", "wait <= 7s", "wait <= 6s"),
        # twice 128k at $2 and 128k at $10 a million
        ("else large", "cost <= $3.072", "cost <= $3.0719"),
        ("else large { max_output 1k  retry 0 }", "cost <= $0.266", "cost <= $0.26599"),
        ("when tokens > 1k -> tiny\nelse large { max_output 1k  retry 0 }", "cost <= $0.012", "cost <= $0.0119"),
        (
            "when max_tokens is given and total_tokens <= 1k -> open { retry 0 }\nelse tiny",
            "cost <= $0.001",
            "cost <= $0",
        ),
        ("else tiny", "cost <= $0", None),
    ],
)
def test_limits_are_exact(rules: str, kept: str, broken_: str | None) -> None:
    assert told(rules, f"assert always -> {kept}") == []
    assert broken_ is None or told(rules, f"assert always -> {broken_}")


def test_what_nothing_bounds_cannot_be_proved() -> None:
    message = "this promise cannot be proved: nothing bounds the answer of `open`, in the chain of `auto:1`"
    assert told("else open", "assert always -> cost <= $100") == [message]
    assert told("else open { max_output 1k }", "assert always -> cost <= $100") == []
    assert told("else open", "assert max_tokens < 1k -> cost <= $100") == []
    assert told("else open", "assert total_tokens < 1k -> cost <= $100") == [message]  # a bound that is not given


def test_what_takes_too_long_cannot_be_proved() -> None:
    large = " and ".join(f'(header["a{n}"] == "x" or header["b{n}"] == "x")' for n in range(16))
    promise = "assert always -> never [large]"
    assert told(f"when {large} -> tiny\nelse large", promise) == ["it could not be decided whether this promise holds"]
    assert told(f"when {large} -> tiny\nelse medium", promise) == []


@pytest.mark.parametrize(
    ("rules", "promise", "kept"),
    [
        # rules that take the requests before, and the address
        ("when chars > 5 -> tiny\nelse large", "chars > 9 -> only [tiny]", True),
        ("when chars > 5 -> tiny\nelse large", "chars > 4 -> only [tiny]", False),
        ('route auto { else tiny }\nroute b, "gpt-*" { else large }', 'model == "auto" -> only [tiny]', True),
        ('route auto { else tiny }\nroute b, "gpt-*" { else large }', 'model like "gpt-4*" -> never [tiny]', True),
        ('route auto, "gpt-4" { else tiny }\nroute b, "gpt-*" { else large }', 'model == "gpt-4" -> only [tiny]', True),
        ('route auto, "*-4" { else tiny }\nroute b, "gpt-*" { else large }', 'model == "gpt-4" -> only [tiny]', True),
        ('route auto, "*-4" { else tiny }\nroute b, "gpt-*" { else large }', 'model == "gpt-5" -> only [tiny]', False),
        ("route auto { else tiny }\nroute b { else large }", 'model == "dynamic" -> only [tiny]', True),
        ("route auto { else tiny }\nroute b { else large }", 'model == "large" -> only [tiny]', True),
        # what is handed over
        (
            "route auto { when chars > 5 -> route b\nelse tiny }\nroute b { else large }",
            'model == "b" -> only [large]',
            True,
        ),
        (
            "route auto { when chars > 5 -> route b\nelse tiny }\nroute b { else large }",
            'model == "auto" -> only [tiny]',
            False,
        ),
        (
            "route auto { when chars > 5 -> route b\nelse tiny }\nroute b { else large }",
            'model == "auto" and chars < 3 -> only [tiny]',
            True,
        ),
        (
            'route auto, "x*" { else tiny }\nroute b, "y*" { else tiny }\nroute c, "*" { else large }',
            'model like "x?" -> only [tiny]',
            True,
        ),
        # splits
        ("else split of [tiny 20%, large]", "draw < 20% -> only [tiny]", True),
        ("else split of [tiny 20%, large]", "draw >= 20% -> only [large]", True),
        ("else split of [tiny 20%, large]", "draw < 20% and draw > 19.9998% -> never [tiny]", False),
        ("else split of [tiny 20%, large]", "draw >= 20% -> never [large]", False),
        ("else split of [tiny 20%, large] by user", "draw < 20% -> only [tiny]", False),
        ("else split of [tiny 20%, large] by user", "draw < 20% and user is missing -> only [tiny]", True),
        # candidates, fallback, refusals, and models that are left out in all but the worst case
        ("else first of all where quality >= 50", "always -> never [tiny, open]", True),
        ("else first of all where up", "not large.up -> never [large]", True),
        ("else first of all where up\nfallback [large]", "not large.up -> never [large]", False),
        ('else reject 400 "no"', "always -> never all", True),
        ("else first of [tiny, large]", "tools > 0 -> only [large]", False),
    ],
)
def test_the_whole_way_of_a_request_counts(rules: str, promise: str, kept: bool) -> None:
    assert (told(rules, f"assert {promise}") == []) is kept


def test_who_asks_for_a_model_gets_around_the_rules() -> None:
    program = compiled(f"{MODELS}else tiny\nassert always -> only [tiny]")
    (found,) = broken_promises(survey(program))
    assert found.message == "this promise does not hold: a client may ask for `medium` by name"
    assert found.help == "`defaults { explicit auto }` lets the rules decide where clients ask for a model"
    assert found.witness is not None
    assert found.witness.envelope == {"body": {"model": "medium", "messages": [{"role": "user", "content": "hi"}]}}
