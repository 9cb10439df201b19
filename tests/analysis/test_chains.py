"""Lints of chains: what is told of them, and that no request which gets a model is told to get none."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.analysis.capacity import misfits
from routedsl.analysis.chains import chain_findings, filter_findings
from routedsl.analysis.survey import survey
from routedsl.base.diagnostic import in_order
from routedsl.base.render import render_text
from routedsl.base.source import Source
from routedsl.engine.address import ToRoute
from routedsl.engine.chain import unfit
from routedsl.engine.program import Program
from routedsl.engine.reference import select
from tests.analysis.promised import Asked, compiled, random_asked, random_text
from tests.language.golden import cases, check

REQUESTS = 40


def all_told(source: Source) -> str:
    return render_text(in_order(chain_findings(survey(compiled(source.text, source.name)))))


@pytest.mark.parametrize("name", cases("chains"))
def test_what_is_told_of_chains(name: str) -> None:
    check("chains", name, ".txt", all_told)


# ── held against decisions ──────────────────────────────────────────────────────────────────────


def fits_nobody(program: Program, asked: Asked) -> str | None:
    """The rule whose chain has no model that can take the request, were all of them up; None where one can."""
    if not isinstance(program.addresses.find(asked.request.model), ToRoute):
        return None
    decision = program.decide(asked.request, asked.world, asked.pinned)
    facts = program.facts(asked.request, asked.world, asked.pinned)
    reasons = [unfit(name, facts, asked.request, asked.world, program.fleet) for name in decision.chain]
    return decision.rule if reasons and all(reasons) and "down" not in reasons else None


@given(st.integers(min_value=0, max_value=2**64))
def test_no_request_that_nobody_takes_is_left_out(seed: int) -> None:
    rng = Random(seed)
    program = compiled(random_text(rng))
    laid_out = survey(program)
    told = {misfit.rule.name for route in laid_out.routes.values() for misfit in misfits(route, laid_out)}
    capped = {rule.name for rule in program.policy.rules if rule.options.max_output is not None}
    for _ in range(REQUESTS):
        rule = fits_nobody(program, random_asked(rng))
        assert rule is None or rule in told | capped


def test_requests_that_nobody_takes_are_shown() -> None:
    # Few policies have many of the witnesses that are not shown, so that fewer policies would tell little.
    found = [one for seed in range(100) for one in chain_findings(survey(compiled(random_text(Random(seed)))))]
    misfitted = [one.witness for one in found if one.code == "R0514" and one.witness is not None]
    assert len(misfitted) > 200
    assert sum(proof.shown for proof in misfitted) > 0.8 * len(misfitted)


@given(st.integers(min_value=0, max_value=2**64))
def test_a_filter_that_is_told_to_keep_nobody_keeps_nobody(seed: int) -> None:
    rng = Random(seed)
    program = compiled(random_text(rng))
    laid_out = survey(program)
    found = [one for route in laid_out.routes.values() for one in filter_findings(route, laid_out)]
    never = {one.span.start for one in found if "never" in one.message}
    for rule in program.policy.rules:
        contest = program.contests.get(rule.number)
        if contest is None or contest.target.candidates[0].where is None:
            continue
        if contest.target.candidates[0].where.span.start in never:
            for _ in range(REQUESTS):
                asked = random_asked(rng)
                facts = program.facts(asked.request, asked.world, asked.pinned)
                # The finding speaks of the requests that reach the rule: what stands before it may rule the others out.
                if rule in [select(program.policy, route, facts.ask) for route in program.policy.routes]:
                    assert not any(test is not None and test(facts.values, facts.read) for test in contest.tests)
