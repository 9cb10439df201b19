"""A record is worth replaying: decided again from it alone, a request goes where it went."""

from random import Random

import pytest

from routedsl.discover import builtin
from routedsl.engine.decision import Decision
from routedsl.engine.program import Program, program_of
from routedsl.engine.request import Request
from routedsl.engine.world import UNMEASURED, World
from routedsl.records.making import Happened, world_to_json
from routedsl.records.recipe import Privacy, Recipes
from routedsl.records.record import Record, decode, encode
from routedsl.records.replay import replayer_of, world_of
from tests.records.scenes import MODELS, moved, scene_policy, scene_request, scene_world

CATALOG = builtin()
PRIVACY = Privacy(b"k" * 32)
POLICIES, REQUESTS = 50, 8


def recorded(program: Program, request: Request, world: World, privacy: Privacy = PRIVACY) -> tuple[Decision, Record]:
    """A decision, and the record of it as it is read from a file."""
    decision = program.decide(request, world)
    happened = Happened(
        request=request,
        world=world,
        decision=decision,
        program=program,
        generation=1,
        recipes=Recipes(privacy),
        attempts=(),
        status=200,
        end="whole",
        served_by=None,
        took=1_000,
        first_token=None,
    )
    return decision, decode(encode(happened.record()))


def shape(decision: Decision) -> tuple[object, ...]:
    return (decision.action, decision.route, decision.rule, decision.chain, decision.status, decision.code)


def comparable(request: Request) -> bool:
    """Whether all of it can be recorded: numbers and names have their bounds."""
    return request.max_tokens != 10**30 and request.model != "\udcff"


@pytest.mark.parametrize("seed", range(POLICIES))
def test_the_same_policy_decides_a_record_as_it_decided_the_request(seed: int) -> None:
    rng = Random(seed)
    program = program_of(scene_policy(rng), CATALOG)
    replayer = replayer_of(program.policy, CATALOG)
    for _ in range(REQUESTS):
        request, world = scene_request(rng), scene_world(rng)
        decision, record = recorded(program, request, world)
        replayed = replayer.decide(record)
        if comparable(request):
            assert (shape(replayed.decision), replayed.unrecorded) == (shape(decision), ())
        else:
            assert replayed.unrecorded or shape(replayed.decision) == shape(decision)


def test_a_world_comes_back_as_it_was() -> None:
    rng = Random(1)
    for _ in range(300):
        world = scene_world(rng)
        told = world_to_json(world, MODELS, world.draw)
        measured = {name: state for name, state in world.models.items() if state != UNMEASURED}
        back = world_of(told)
        assert back == World(
            now=world.now, draw=world.draw, models=measured, sticky=world.sticky, sticky_age=world.sticky_age
        )


@pytest.mark.parametrize("seed", range(POLICIES))
def test_moved_thresholds_decide_a_record_as_they_would_have_decided_the_request(seed: int) -> None:
    rng = Random(seed)
    program = program_of(scene_policy(rng), CATALOG)
    other = moved(program.policy)
    replayer, changed = replayer_of(other, CATALOG), program_of(other, CATALOG)
    for _ in range(REQUESTS):
        request, world = scene_request(rng), scene_world(rng)
        if comparable(request):
            _, record = recorded(program, request, world)
            replayed = replayer.decide(record)
            assert (shape(replayed.decision), replayed.unrecorded) == (shape(changed.decide(request, world)), ())
