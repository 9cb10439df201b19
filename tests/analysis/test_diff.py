"""What two policies decide differently: no difference is missed, none is made up, and what is shown is so."""

import json
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routedsl.analysis.declared import declared_changes
from routedsl.analysis.diff import Comparison, compare
from routedsl.analysis.parts import Part, joined
from routedsl.analysis.proof import differ, prove
from routedsl.analysis.survey import survey
from routedsl.base.types import Value
from routedsl.discover import builtin
from routedsl.engine.address import ToRoute
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.loading.envelope import read_case
from tests.analysis.variations import PREDICATES, changed, program_of, random_request, random_variation, random_world

SEEDS = st.integers(0, 2**32)
REQUESTS = 60
EXAMPLES = settings().max_examples // 6
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def is_told(comparison: Comparison, old: Program, new: Program, request: Request, world: World) -> bool:
    """Whether a request lies in a region that is told."""
    here, there = old.facts(request, world), new.facts(request, world)
    ways = tuple(program.addresses.find(request.model) for program in (old, new))

    def read(name: str) -> Value:
        """From the program that names the fact; one that means another thing in the new one has its own name."""
        if name.startswith("new "):
            return there.ask(name.removeprefix("new "))
        return (here if name in old.types else there).ask(name)

    return any(
        ways == tuple(map(ToRoute, difference.asked)) and part.holds(comparison.space, read)
        for difference in comparison.differences
        for part in difference.parts
    )


@settings(max_examples=EXAMPLES)
@given(SEEDS.map(Random))
def test_no_difference_is_missed_and_what_is_shown_is_one(rng: Random) -> None:
    variation = random_variation(rng)
    texts = variation.text(), changed(variation, rng).text()
    old, new = map(program_of, texts)
    comparison = compare(old, new)
    for _ in range(REQUESTS):
        request, world = random_request(rng), random_world(rng)
        if differ(old.decide(request, world), new.decide(request, world)):
            explicit = not isinstance(old.addresses.find(request.model), ToRoute)
            assert (explicit and declared_changes(old, new)) or is_told(comparison, old, new, request, world), texts
    for difference in comparison.differences[:3]:
        proof = prove(difference, comparison.space, old, new)
        if proof.witness.shown:
            case = read_case(json.dumps(proof.witness.envelope).encode(), builtin(), NOW)
            decisions = [program.decide(case.request, case.world, case.pinned) for program in (old, new)]
            assert differ(*decisions), (texts, proof.witness.envelope)
            assert decisions[0].rule in [rule.name for rule in difference.old]
            assert decisions[1].rule in [rule.name for rule in difference.new]


# ── what is no difference, and what is ──────────────────────────────────────────────────────────

BASE = """
model tiny   { context 8k  quality 30 }
model medium { context 32k quality 60 supports [tools] }
model large  { quality 90 input_price $1 }
let short = messages <= 2 and chars < 200
pool house = least_busy of [tiny, medium]
"""
RULES = """
when header["x-data"] == "private" -> house
when tools > 0 {
  when tokens <= 16k -> medium
  else large
}
when short -> tiny { timeout 3s }
when files > 0 -> reject 415 "no files"
when stream or temperature > 0.5 -> best of [tiny, medium] where tokens < 4k
else cheapest of [large, medium]
fallback [large, tiny]
timeout 10s
"""
SAME = {
    "a let is renamed": ("short", "brief"),
    "a let is put in": ("when short", "when messages <= 2 and not (chars >= 200)"),
    "a pool is put in": ("-> house", "-> least_busy of [tiny, medium]"),
    "a rule has a name": ("-> medium", "-> medium as tools"),
    "a block is made flat": (
        "when tools > 0 {\n  when tokens <= 16k -> medium\n  else large\n}",
        "when tools > 0 and tokens <= 16k -> medium\nwhen tools >= 1 -> large",
    ),
    "rules that exclude each other change places": (
        "when tokens <= 16k -> medium\n  else large",
        "when tokens > 16k -> large\n  else medium",
    ),
    "an option moves to the rules": ("\ntimeout 10s\n", "\ntimeout 10000ms\n"),
    "the ablest are listed by hand": (
        "best of [tiny, medium] where tokens < 4k",
        "first of [medium, tiny] where not (tokens >= 4k)",
    ),
    "a rule that nothing reaches is gone": ("when short ->", "when tools > 0 and stream -> large\nwhen short ->"),
    "a fallback is in the ranking anyway": (
        "else cheapest of [large, medium]",
        "else cheapest of [large, medium] { fallback [tiny, medium] }",
    ),
    "a declared fact is decided before": ("when stream", "when stream and large.quality > 50"),
    "who is declared never to be kept": (
        "best of [tiny, medium] where tokens < 4k",
        "best of [tiny, large, medium] where tokens < 4k and quality < 80",
    ),
    "quality is only compared": ("quality 30 }", "quality 31 }"),
}


def both(old: tuple[str, str], new: tuple[str, str]) -> Comparison:
    return compare(program_of("".join(old)), program_of("".join(new)))


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=SAME)
def test_what_changes_no_decision_is_no_difference(before: str, after: str) -> None:
    assert before in BASE + RULES
    comparison = both((BASE, RULES), (BASE.replace(before, after), RULES.replace(before, after)))
    assert (comparison.differences, comparison.undecided) == ((), ())


def test_a_witness_tells_the_draw_where_models_are_drawn() -> None:
    old, new = program_of("else split of [a 50%, b 50%]"), program_of("else split of [b 50%, a 50%]")
    comparison = compare(old, new)
    (difference,) = comparison.differences
    proof = prove(difference, comparison.space, old, new)
    assert proof.witness.envelope is not None
    assert proof.witness.envelope["world"] == {"draw": 0.0}


@given(SEEDS.map(Random))
def test_parts_that_are_joined_hold_the_same(rng: Random) -> None:
    conditions = [rng.choice(PREDICATES) for _ in range(4)]
    program = program_of(" ".join(f"when {condition} -> a" for condition in conditions) + " else b")
    space = survey(program).space
    sides = [(at, 1 << cell) for at, dimension in enumerate(space.dimensions) for cell in range(len(dimension.values))]
    parts = [Part(dict(rng.sample(sides, 2)), (dict(rng.sample(sides, 2)),) * rng.randrange(2)) for _ in range(6)]
    fewer = joined(parts, space)
    for _ in range(20):
        facts = program.facts(random_request(rng), random_world(rng))
        assert any(part.holds(space, facts.ask) for part in parts) is any(
            part.holds(space, facts.ask) for part in fewer
        )


def test_which_route_decides_is_a_difference() -> None:
    comparison = both((BASE, RULES), (BASE, f"route other {{ {RULES} }} else route other"))
    assert {difference.asked for difference in comparison.differences} == {("auto", "auto")}


def test_names_that_move_to_another_route_are_told_with_what_it_decides() -> None:
    routes = 'route auto {{ else tiny }} route other, "{}" {{ else medium }}'
    comparison = both((BASE, routes.format("x")), (BASE.replace("tiny   {", "tiny {"), routes.format("y")))
    assert comparison.differences == ()  # nobody can ask for `x` and `y` of both
    comparison = both(
        (BASE, 'route auto, "x" { else tiny }'), (BASE, 'route auto { else tiny } route b, "x" { else large }')
    )
    assert [(one.asked, one.parts[0].text(comparison.space)) for one in comparison.differences] == [
        (("auto", "b"), "always")
    ]


DIFFERENT = {
    "a bound": (("chars < 200", "chars < 300"), ["messages <= 2 and 200 <= chars < 300"]),
    "an operator": (("tokens <= 16k", "tokens < 16k"), ["tokens == 16k"]),
    "a where": (("tokens < 4k", "tokens <= 4k"), ["tokens == 4k"]),
    "an option": (("timeout 3s", "timeout 4s"), ["messages <= 2 and chars < 200"]),
    "a missing value": (("temperature > 0.5", "not temperature <= 0.5"), ["temperature is missing"]),
    "a refusal's status": (("415", "400"), ["files > 0"]),
    "a refusal's words": (("no files", "no file"), ["files > 0"]),
    "who comes after a filter": (
        ("where tokens < 4k", "where tokens < 4k { fallback [large, medium, tiny] }"),
        ["tools == 0 and files == 0"],
    ),
    "a list": (('== "private"', 'in ["private", "secret"]'), ['header["x-data"] == "secret"']),
    "what a model takes": (("context 32k", "context 16k"), ["16k < total_tokens <= 32k"]),
    "what it supports": (("supports [tools]", "supports [tools, images]"), ["images > 0"]),
}


@pytest.mark.parametrize(("change", "words"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_difference_is_told_where_it_is(change: tuple[str, str], words: list[str]) -> None:
    comparison = both((BASE, RULES), (BASE.replace(*change), RULES.replace(*change)))
    texts = [part.text(comparison.space) for difference in comparison.differences for part in difference.parts]
    assert texts
    assert all(word in text for word in words for text in texts), texts


# ── facts that mean another thing ───────────────────────────────────────────────────────────────

HOURS = """
model a {{ input_price {} }} model b {{}}
defaults {{ timezone "{}" }}
when time >= 12:00 -> b
when a.cost > $0.01 -> b
else a
"""


@pytest.mark.parametrize(
    ("price", "zone", "asked"),
    [("$1", "UTC", []), ("$1", "Asia/Tokyo", ['time["Asia/Tokyo"]']), ("$2", "UTC", ['"new a".cost'])],
)
def test_a_fact_that_means_another_thing_is_not_taken_for_the_same(price: str, zone: str, asked: list[str]) -> None:
    old, new = program_of(HOURS.format("$1", "UTC")), program_of(HOURS.format(price, zone))
    comparison = compare(old, new)
    texts = [part.text(comparison.space) for difference in comparison.differences for part in difference.parts]
    assert bool(texts) is bool(asked)
    assert all(word in text for word in asked for text in texts)
    shown = [prove(difference, comparison.space, old, new).witness.shown for difference in comparison.differences]
    assert any(shown) is zone.startswith("Asia")  # for a price, the request would have to be of one certain length


# ── what could not be decided ───────────────────────────────────────────────────────────────────


def test_what_took_too_long_is_not_called_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routedsl.analysis.diff.MOST_PAIRS", 0)
    comparison = both((BASE, RULES), (BASE, RULES.replace("else large", "else tiny")))
    assert comparison.undecided


PAST = " and ".join(f'(header["a{n}"] == "x" or header["b{n}"] == "y")' for n in range(20))
"""A condition of a million boxes."""


def test_a_condition_past_the_budget_is_not_called_the_same() -> None:
    comparison = both((BASE, f"when {PAST} -> tiny else large"), (BASE, f"when not ({PAST}) -> large else tiny"))
    assert "auto:1" in comparison.undecided


def test_a_condition_past_the_budget_is_the_same_where_nothing_changed() -> None:
    rules = f"when {PAST} -> tiny else large"
    assert both((BASE, rules), (f"let brief = chars < 9\n{BASE}", rules)).undecided == ()
    assert both((BASE, rules), (BASE, rules.replace("else large", "else medium"))).undecided == ("auto:1",)
