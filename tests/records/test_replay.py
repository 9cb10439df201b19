"""A record is worth replaying: decided again from it alone, a request goes where it went."""

from random import Random

import pytest
from msgspec.structs import replace

from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.decision import Decision
from routedsl.engine.example import NOON
from routedsl.engine.program import Program, program_of
from routedsl.engine.request import Message, Request
from routedsl.engine.world import UNMEASURED, ModelState, World
from routedsl.language.parse import parse
from routedsl.records.making import Happened, world_to_json
from routedsl.records.recipe import Privacy, Recipes
from routedsl.records.record import Record, StateRecord, decode, encode
from routedsl.records.replay import replayer_of, world_of
from tests.effort import TORTURE
from tests.engine.weights import classifier
from tests.records.scenes import MODELS, moved, scene_policy, scene_request, scene_world

CATALOG = builtin()
PRIVACY = Privacy(b"k" * 32)
POLICIES, REQUESTS = (2_000, 25) if TORTURE else (50, 8)


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
        told = world_to_json(world, MODELS, world.draw, "quick")
        measured = {name: state for name, state in world.models.items() if state != UNMEASURED}
        back = world_of(told)
        states = {
            name: ModelState(**{each: getattr(state, each) for each in ModelState.__struct_fields__})
            for name, state in back.models.items()
        }
        assert replace(back, models=states) == replace(world, models=measured)


def test_of_what_rules_rank_by_a_record_has_what_the_deciding_one_did() -> None:
    state = ModelState(typical_output=7, typical_outputs={"quick": 3, "slow": 9})
    told = world_to_json(World(now=NOON, models={"tiny": state}), ["tiny"], None, "slow")
    assert told.models["tiny"] == StateRecord(typical_output=7, typical_outputs={"slow": 9})


def test_all_that_is_measured_of_a_model_is_kept() -> None:
    assert StateRecord.__struct_fields__ == ModelState.__struct_fields__


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


# ── under other rules ───────────────────────────────────────────────────────────────────────────

BEFORE = """
when text contains ["refund", "invoice"] -> tiny as money
when user == "ann" -> large as ann
else tiny as rest
"""
ASKED = Request(
    endpoint="chat",
    model="auto",
    messages=(Message(role="user", text="where is my invoice"),),
    id="r1",
    user="bob",
    session="s-1",
)
NOW = World(now=NOON)


def compiled(text: str) -> Program:
    file, _ = parse(Source("rules.route", text))
    program, found = compile_policy([file], CATALOG)
    assert program is not None, found
    return program


def replayed(text: str, request: Request = ASKED, privacy: Privacy | None = None) -> tuple[str | None, tuple[str, ...]]:
    _, record = recorded(compiled(BEFORE), request, NOW)
    result = replayer_of(compiled(text).policy, CATALOG, privacy).decide(record)
    return result.decision.rule, result.unrecorded


@pytest.mark.parametrize(
    ("text", "rule", "unrecorded"),
    [
        (BEFORE, "money", ()),
        ('when text contains "invoice" -> tiny as bills else tiny as rest', "bills", ()),
        ('when text contains ["refund"] -> tiny as money else tiny as rest', "rest", ()),
        ('when text contains ["refund", "receipt"] -> tiny else tiny as rest', "rest", ('text contains "receipt"',)),
        ('when text contains ["invoice", "receipt"] -> tiny as money else tiny', "money", ()),
        ("when chars > 10 -> tiny as long else tiny", "long", ()),
        ("when user is given -> tiny as known else tiny", "known", ()),
        ('when metadata["team"] == "a" -> tiny else tiny as rest', "rest", ('metadata["team"] == "a"',)),
        ('when header["x-new"] is missing -> tiny as old else tiny', "old", ('header["x-new"] is given',)),
    ],
)
def test_other_rules_decide_a_record_or_say_what_it_does_not_have(
    text: str, rule: str, unrecorded: tuple[str, ...]
) -> None:
    assert replayed(text) == (rule, unrecorded)


def test_with_the_key_of_the_hashes_equality_is_decided_too() -> None:
    text = 'when user in ["bob", "eve"] -> tiny as them else tiny as rest'
    assert replayed(text)[1] != ()
    assert replayed(text, privacy=PRIVACY) == ("them", ())
    assert replayed(text, replace(ASKED, user="carol"), PRIVACY) == ("rest", ())


def test_a_split_by_a_hashed_value_draws_as_it_drew() -> None:
    text = "else split of [tiny 50%, large 50%] by user as drawn"
    program = compiled(text)
    replayer = replayer_of(program.policy, CATALOG)
    for user in ("ann", "bob", "carol", "dave", None):
        decision, record = recorded(program, replace(ASKED, user=user), NOW)
        assert replayer.decide(record).decision.chain == decision.chain


def test_what_a_key_might_not_ask_for_is_not_guessed() -> None:
    program = compiled(BEFORE)
    _, record = recorded(program, replace(ASKED, key="team-a"), NOW)
    kept_out = replace(record, code="model_not_found", action="reject", rule=None)
    assert replayer_of(program.policy, CATALOG).decide(kept_out).unrecorded == ("the models of key",)


def test_told_values_answer_whatever_is_asked() -> None:
    told = Privacy(b"k" * 32, frozenset({"user", 'header["x-team"]'}))
    request = replace(ASKED, headers={"x-team": "search"})
    _, record = recorded(compiled(BEFORE), request, NOW, told)
    text = 'when header["x-team"] like "sea*" and user matches /^b/ -> tiny as both else tiny as rest'
    result = replayer_of(compiled(text).policy, CATALOG).decide(record)
    assert (result.decision.rule, result.unrecorded) == ("both", ())


def test_numbers_and_names_that_have_no_place_in_a_record_are_left_out() -> None:
    odd = replace(ASKED, model="\udcff", max_tokens=10**30, user="\ud800", id="r-2")
    _, record = recorded(compiled(BEFORE), odd, NOW)
    assert {"model", "max_tokens", "total_tokens"}.isdisjoint(record.facts)
    assert record.facts["messages"] == 1
    assert record.hashed["user"] is not None


def test_another_key_of_hashes_says_nothing_of_these() -> None:
    text = 'when user in ["bob", "eve"] -> tiny as them else tiny as rest'
    assert replayed(text, privacy=Privacy(b"another")) == ("rest", ('user == "bob"', 'user == "eve"'))


@pytest.mark.parametrize("name", ["difficulty", "toughness"])
def test_what_other_weights_judged_is_not_taken_for_what_these_would(name: str) -> None:
    text = f'classifier {name} {{ file "w.json" }} when {name} > 50 -> large as hard else tiny as easy'
    one, other = (weighed(text, name, {word: 3}) for word in ("invoice", "where"))
    decision, record = recorded(one, ASKED, NOW)
    assert shape(replayer_of(one.policy, CATALOG).decide(record).decision) == shape(decision)
    assert replayer_of(one.policy, CATALOG).decide(record).unrecorded == ()
    assert replayer_of(other.policy, CATALOG).decide(record).unrecorded == (name,)
    _, by_thumb = recorded(compiled(BEFORE), ASKED, NOW)
    assert replayer_of(one.policy, CATALOG).decide(by_thumb).unrecorded == (name,)
    thumb = compiled("when difficulty > 50 -> large else tiny")
    expected = () if name == "toughness" else ("difficulty",)
    assert replayer_of(thumb.policy, CATALOG).decide(record).unrecorded == expected


def weighed(text: str, name: str, words: dict[str, int]) -> Program:
    """A program whose fact of that name is judged by these weights."""
    file, _ = parse(Source("rules.route", text))
    weights = replace(classifier(words), digest=f"{sorted(words)[0]:x<64}")
    program, found = compile_policy([file], CATALOG, classifiers={name: weights})
    assert program is not None, found
    return program
