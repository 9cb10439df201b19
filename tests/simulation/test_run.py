"""Simulations: what queueing theory says comes out, every request ends once, and outages are got over."""

from math import log
from random import Random

import pytest
from msgspec.structs import astuple, replace

from routedsl.engine.world import ModelState
from routedsl.simulation.machines import SECOND, Machine
from routedsl.simulation.run import Door, simulate
from routedsl.simulation.site import Site
from routedsl.simulation.tally import Outcome, Tally
from routedsl.simulation.traffic import Asked, Synthetic
from tests.simulation.sites import MINUTE, QUICK, asked, program_of_text

PAIR = """
upstream one { url "http://127.0.0.1:1/v1" }
upstream two { url "http://127.0.0.1:2/v1" }
model a { upstream one  input_price $1  output_price $10 }
model b { upstream two }
else first of [a, b]
"""
ALONE = 'upstream one { url "http://127.0.0.1:1/v1" }\nmodel a {}\nelse a timeout 20h deadline 20h retry 0'


def outcome_of(policy: str, traffic: list[Asked], **machines: Machine) -> Outcome:
    return simulate(program_of_text(policy), machines, traffic, traffic[-1].at if traffic else 0)


# ── what is known ───────────────────────────────────────────────────────────────────────────────


def test_one_server_of_one_slot_waits_as_mm1_does() -> None:
    """In M/M/1 the time to the end is exponential with the rate `service - arrival` (Kleinrock, volume 1, 3.2)."""
    chance, at, traffic = Random(7), 0.0, []
    arrival, service = 0.5, 1.0
    for _ in range(8_000):
        at += chance.expovariate(arrival) * SECOND
        traffic.append(asked(int(at), answer=round(chance.expovariate(service) * 1_000), stream=False))
    outcome = outcome_of(ALONE, traffic, a=Machine(speed=1_000, first_token=0, slots=1))
    assert outcome.took is not None
    assert outcome.took.median == pytest.approx(log(2) / (service - arrival), rel=0.08)
    assert outcome.took.p99 == pytest.approx(log(100) / (service - arrival), rel=0.15)


def test_an_idle_machine_takes_its_own_time() -> None:
    machine = replace(QUICK, prompt_speed=1_000.0)
    outcome = outcome_of(PAIR, [asked(at * MINUTE) for at in range(3)], a=machine, b=QUICK)
    assert outcome.first_token is not None
    assert (outcome.first_token.median, outcome.first_token.p99) == (0.3, 0.3)
    assert outcome.took is not None
    assert (outcome.took.median, outcome.took.p99) == (1.3, 1.3)
    assert outcome.cost == pytest.approx(3 * (100 * 1 + 100 * 10) / 1e6)


def test_a_bound_on_the_answer_bounds_it() -> None:
    outcome = outcome_of(PAIR, [asked(0, answer=1_000, max_tokens=50)], a=QUICK, b=QUICK)
    assert outcome.took is not None
    assert outcome.took.median == 0.7


# ── outages ─────────────────────────────────────────────────────────────────────────────────────


def test_in_an_outage_the_breaker_opens_and_the_next_model_answers() -> None:
    traffic = [asked(at * SECOND) for at in range(180)]
    outcome = outcome_of(PAIR, traffic, a=replace(QUICK, down=((MINUTE, 2 * MINUTE),)), b=QUICK)
    a, b = outcome.models["a"], outcome.models["b"]
    assert outcome.ends["answered"] + outcome.ends["broken"] == 180
    assert outcome.ends["broken"] <= 1
    assert 5 <= a.failed <= 20, "five failures open the breaker; from then on only probes find out"
    assert 55 <= b.answered <= 80, "a minute's requests, and those until a probe finds it well again"


def test_silence_costs_the_first_tokens_clock_until_the_breaker_opens() -> None:
    traffic = [asked(at * SECOND) for at in range(180)]
    outcome = outcome_of(PAIR, traffic, a=replace(QUICK, silent=((MINUTE, 2 * MINUTE),)), b=QUICK)
    assert outcome.ends["answered"] >= 178
    assert outcome.first_token is not None
    assert outcome.first_token.median == 0.2
    assert outcome.first_token.p99 > 10


def test_nobody_is_well_and_that_is_told() -> None:
    down = replace(QUICK, down=((0, MINUTE),))
    outcome = outcome_of(PAIR, [asked(SECOND)], a=down, b=down)
    assert (outcome.ends["unavailable"], outcome.took) == (1, None)


def test_a_stream_that_breaks_is_broken_and_its_tokens_are_paid() -> None:
    outcome = outcome_of(PAIR, [asked(0)], a=replace(QUICK, down=((SECOND * 7 // 10, MINUTE),)), b=QUICK)
    assert outcome.ends["broken"] == 1
    assert outcome.cost == pytest.approx((100 * 1 + 50 * 10) / 1e6)


def test_a_stream_that_is_held_back_goes_on_with_the_next_model() -> None:
    machine = replace(QUICK, down=((SECOND * 7 // 10, MINUTE),))
    outcome = outcome_of(f"{PAIR}buffer whole", [asked(0)], a=machine, b=QUICK)
    assert (outcome.ends["answered"], outcome.models["b"].answered) == (1, 1)


# ── what the gateway does ───────────────────────────────────────────────────────────────────────


def test_a_hedge_asks_beside_and_the_first_token_wins() -> None:
    slow = replace(QUICK, first_token=8 * SECOND)
    outcome = outcome_of(f"{PAIR}hedge 1s", [asked(0)], a=slow, b=QUICK)
    assert outcome.models["b"].answered == 1
    assert outcome.first_token is not None
    assert outcome.first_token.median == 1.2
    assert (outcome.models["a"].calls, outcome.models["a"].failed) == (1, 1)


def test_declared_slots_let_few_through_and_the_rest_go_on() -> None:
    policy = PAIR.replace(':1/v1"', ':1/v1"  slots 1')
    outcome = outcome_of(policy, [asked(0, answer=1_000) for _ in range(10)], a=QUICK, b=QUICK)
    assert outcome.models["a"].peak == 1
    assert outcome.models["b"].answered == 9
    assert outcome.first_token is not None
    assert outcome.first_token.p99 == 1.2, "four wait a second for the slot, and go on"


def test_a_rule_that_rejects_ends_a_request_at_once() -> None:
    outcome = outcome_of(
        PAIR.replace("else", 'when tokens > 50 -> reject 413 "no"\nelse'), [asked(0)], a=QUICK, b=QUICK
    )
    assert outcome.ends["rejected"] == 1
    assert outcome.models["a"].calls == 0


# ── laws ────────────────────────────────────────────────────────────────────────────────────────

STRATEGIES = ("first", "fastest", "least_busy", "cheapest")


def wild(chance: Random) -> Machine:
    """Any machine, with outages at any time."""
    times = sorted(chance.randrange(10 * MINUTE) for _ in range(4))
    return Machine(
        speed=chance.choice((1, 20, 500)),
        first_token=chance.choice((0, SECOND, 20 * SECOND)),
        prompt_speed=chance.choice((None, 100.0)),
        slots=chance.choice((None, 1, 3)),
        down=((times[0], times[1]),) if times[0] < times[1] else (),
        silent=((times[2], times[3]),) if times[2] < times[3] else (),
    )


def wild_policy(chance: Random) -> str:
    options = " ".join(
        chance.choice(("", option))
        for option in ("hedge 2s", "retry 3", "timeout 3s", "deadline 30s", "buffer whole", "fallback [b]", "sticky 1m")
    )
    slots, kind = chance.choice(("", "slots 2")), chance.choice(("", "kind llamacpp", "kind vllm"))
    return (
        PAIR.replace(':1/v1"', f':1/v1" {slots} {kind}').replace("first of", f"{chance.choice(STRATEGIES)} of")
        + options
    )


@pytest.mark.parametrize("seed", range(40))
def test_every_request_ends_once_and_always_alike(seed: int) -> None:
    chance = Random(seed)
    policy, machines = wild_policy(chance), {"a": wild(chance), "b": wild(chance)}
    rate = chance.choice((0.2, 1, 5))
    made = [
        replace(one, request=replace(one.request, stream=chance.random() < 0.7), session=str(chance.randrange(9)))
        for one in Synthetic(requests=200, rate=rate, seed=seed).arrivals()
    ]
    once, again = (outcome_of(policy, made, **machines) for _ in range(2))
    assert once == again, "the same traffic comes to the same"
    assert sum(once.ends.values()) == once.requests == len(made)
    assert once.ends["answered"] == sum(served.answered for served in once.models.values())
    assert all(served.calls >= served.answered + served.failed for served in once.models.values())


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_left_behind(seed: int) -> None:
    chance = Random(seed)
    program, machines = program_of_text(wild_policy(chance)), {"a": wild(chance), "b": wild(chance)}
    site = Site(program.policy, machines, Tally(machines, program.policy.models, MINUTE))
    Door(program, site, Synthetic(requests=200, rate=2, seed=seed).arrivals()).open()
    site.agenda.run()
    assert [gauge.inflight for gauge in site.gauges.values()] == [0, 0]
    assert [server.calls for server in site.servers.values()] == [0, 0]
    assert [(site.line(name).taken, site.line(name).waiting) for name in machines] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("seed", range(5))
def test_a_place_has_each_field_of_a_state_as_the_gauge_has_it(seed: int) -> None:
    """Where no slots are declared and servers tell nothing, there is nothing else to know."""
    chance = Random(seed)
    program, machines = program_of_text(PAIR), {"a": wild(chance), "b": wild(chance)}
    site = Site(program.policy, machines, Tally(machines, program.policy.models, MINUTE))
    Door(program, site, Synthetic(requests=100, rate=1, seed=seed).arrivals()).open()
    site.agenda.run()
    for name, state in site.states.items():
        measured = site.gauges[name].state(site.now)
        assert [getattr(state, field) for field in ModelState.__struct_fields__] == list(astuple(measured))


def test_no_traffic_comes_to_nothing() -> None:
    outcome = outcome_of(PAIR, [], a=QUICK, b=QUICK)
    assert (outcome.requests, outcome.cost, outcome.took) == (0, 0.0, None)
