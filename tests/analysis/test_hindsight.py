"""What an explanation adds: the effective condition is sound, and no nearer change of a fact flips the rule."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routedsl.analysis.effective import effective
from routedsl.analysis.flip import nearest_flip
from routedsl.analysis.hindsight import hindsight, hindsight_to_json, hindsight_to_text
from routedsl.analysis.points import holds_point
from routedsl.analysis.space import Space
from routedsl.analysis.survey import survey
from routedsl.base.types import Type, Value
from routedsl.engine.address import ToRoute
from routedsl.engine.example import chat
from routedsl.engine.explain import explain
from routedsl.engine.facts import Read
from routedsl.engine.program import Program
from routedsl.engine.reference import select
from routedsl.language.policy import Rule
from tests.analysis.variations import program_of, random_request, random_variation, random_world

SEEDS = st.integers(0, 2**32)
EXAMPLES = settings().max_examples // 4
OTHERS = 60


@settings(max_examples=EXAMPLES)
@given(SEEDS.map(Random))
def test_the_effective_condition_holds_the_request_and_only_such_as_the_rule_takes(rng: Random) -> None:
    program = program_of(random_variation(rng).text())
    surveyed = survey(program)
    cases = [(random_request(rng), random_world(rng)) for _ in range(OTHERS)]
    boxes = []
    for request, world in cases[:10]:
        explanation = explain(program, request, world)
        held = [tried.rule for tried in explanation.tried if tried.result]
        if held:
            facts = program.facts(request, world)
            box = effective(surveyed, held, facts.ask, tuple(explanation.decision.facts))
            assert box is not None
            assert holds_point(box, surveyed.space, facts.ask)
            boxes.append((held[0].route, held[-1].name, box))
    for request, world in cases:
        to, facts = program.addresses.find(request.model), program.facts(request, world)
        for route, rule, box in boxes:
            if to == ToRoute(route) and holds_point(box, surveyed.space, facts.ask):
                assert program.decide(request, world).rule == rule


@settings(max_examples=EXAMPLES)
@given(SEEDS.map(Random))
def test_a_flip_flips_and_nothing_nearer_does(rng: Random) -> None:
    program = program_of(random_variation(rng).text())
    surveyed = survey(program)
    for _ in range(5):
        request, world = random_request(rng), random_world(rng)
        to, facts = program.addresses.find(request.model), program.facts(request, world)
        if not isinstance(to, ToRoute):
            continue
        asked = tuple(explain(program, request, world).decision.facts)
        flip = nearest_flip(program, to.route, surveyed.space, facts, asked)
        decided = select(program.policy, to.route, facts.ask)
        if flip is not None:
            change = {flip.fact.text: flip.change.value}
            assert decided_with(program, to.route, facts.ask, change) == flip.rule
            assert flip.rule != decided
        counts = [name for name in asked if program.types[name] is Type.COUNT and facts.ask(name) is not None]
        for name in [name for name in counts if name not in bound_by_others(surveyed.space)]:
            now = facts.ask(name)
            assert isinstance(now, int)
            for value in range(2 * now + 2):
                if value != now and decided_with(program, to.route, facts.ask, {name: value}) != decided:
                    assert flip is not None
                    assert flip.change.distance <= abs(value - now) / max(value, now)


def bound_by_others(space: Space) -> set[str]:
    """The facts that cannot go anywhere without others."""
    return {space.dimensions[at].fact.text for law in space.laws for at in (law.lesser, law.greater)}


def decided_with(program: Program, route: str, read: Read, change: Mapping[str, Value]) -> Rule | None:
    return select(program.policy, route, lambda name: change[name] if name in change else read(name))


POLICY = 'route auto, "gpt-*" {{ when {} -> a as first else b as rest }}'


@pytest.mark.parametrize(
    ("condition", "flip", "effect"),
    [
        ("chars >= 200", "chars 200 (now 2) -> first", "chars < 200"),
        ("chars < 2", "chars 1 (now 2) -> first", "chars >= 2"),
        ("chars == 9 or messages > 1", "messages 2 (now 1) -> first", "chars != 9 and messages <= 1"),
        ("stream", "stream yes (now no) -> first", "not stream"),
        ("temperature > 0.5", "temperature above 0.5 (now 0.4) -> first", "not temperature > 0.5"),
        ("temperature >= 0.5", "temperature 0.5 (now 0.4) -> first", "not temperature >= 0.5"),
        ('user != "ann"', 'user "ann" (now missing) -> rest', 'user != "ann"'),
        ('key == "a"', 'key "a" (now "k") -> first', 'key != "a"'),
        ('key == "k"', 'key missing (now "k") -> rest', 'key == "k"'),
        ('text == "hi"', 'text any other, such as "a" (now "hi") -> rest', 'text == "hi"'),
        ("text matches /code/i", "text matches /code/i (now not) -> first", "not text matches /code/i"),
        ('text contains "h"', 'not text contains "h" (now so) -> rest', 'text contains "h"'),
        ('model like "gpt-*"', 'model like "gpt-*" (now not) -> first', 'not model like "gpt-*"'),
        ('model == "gpt-4"', 'model "gpt-4" (now "auto") -> first', 'model != "gpt-4"'),
        ("a.up", "a.up no (now yes) -> rest", "a.up"),
        ("messages >= 3 and turns >= 3", "", "messages < 3"),
        ("turns >= 3 or messages > 9", "messages 10 (now 1) -> first", "turns < 3 and messages <= 9"),
        ("temperature > 0.4", "temperature above 0.4 (now 0.4) -> first", "not temperature > 0.4"),
        ("temperature >= 0.4", "temperature below 0.4 (now 0.4) -> rest", "temperature >= 0.4"),
    ],
)
def test_what_is_told(condition: str, flip: str, effect: str) -> None:
    surveyed = survey(program_of(POLICY.format(condition)))
    moment = chat("hi", temperature=0.4, key="k")
    explanation = explain(surveyed.program, moment.request, moment.world)
    told = hindsight_to_text(hindsight(surveyed, explanation, moment.request, moment.world)).splitlines()
    assert told == ["", f"effective     {effect}", *([f"nearest flip  {flip}"] if flip else [])]


def test_of_a_model_asked_for_by_name_there_is_nothing_to_tell() -> None:
    surveyed = survey(program_of("model a {} when chars < 2 -> a else a"))
    moment = chat("hi", model="a")
    explanation = explain(surveyed.program, moment.request, moment.world)
    looked_back = hindsight(surveyed, explanation, moment.request, moment.world)
    assert (hindsight_to_text(looked_back), hindsight_to_json(looked_back)) == ("", {"effective": None, "flip": None})


def test_a_rule_that_hands_over_is_part_of_what_was_asked() -> None:
    surveyed = survey(
        program_of("when stream -> route b when chars < 2 -> x else y route b { when tools > 0 -> x else y }")
    )
    moment = chat("hi", stream=True)
    explanation = explain(surveyed.program, moment.request, moment.world)
    looked_back = hindsight(surveyed, explanation, moment.request, moment.world)
    assert looked_back.effective == "stream and tools == 0"
    assert looked_back.flip is not None
