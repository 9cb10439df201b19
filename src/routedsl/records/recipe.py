"""What is recorded of a request under one policy: which facts, which hashes, which predicates."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import TypeGuard

from msgspec import UNSET, UnsetType

from routedsl.base.types import Type, Value
from routedsl.base.units import WHOLE, to_json
from routedsl.engine.catalog import Catalog
from routedsl.engine.code import Test, compiled
from routedsl.engine.draw import draw_of
from routedsl.engine.facts import Facts, Reading, Readings
from routedsl.engine.features import EDITION, hashed
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.rule_of_thumb import points_of
from routedsl.engine.signal import About
from routedsl.engine.wording import wording_of
from routedsl.engine.world import World
from routedsl.language.policy import Fact, Policy
from routedsl.records.predicates import HASHED, MOST, hidden_atoms, hidden_draws, kept
from routedsl.records.record import FeaturesRecord, Shown

LARGEST_NUMBER = 2**63
"""Numbers from here on have no place in a record: JSON's readers differ on them."""
LONGEST_TEXT = 200
"""Characters of a text that is kept, such as the name of a model; a longer one is not recorded."""
DIGEST = 12
"""Digits that tell weights from others."""
MOST_RECIPES = 4
"""Recipes that are kept: requests that run may be of several policies."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """How values are hashed, and which are told after all, by the facts' names: `header["x-tier"]`, `user`.

    With `features`, what classifiers read of the wording is kept too.
    """

    key: bytes
    told: frozenset[str] = frozenset()
    features: bool = False

    @property
    def mark(self) -> str:
        """Tells this key from others, and nothing of it."""
        return self.hashed("which key is this?")

    def hashed(self, text: str) -> str:
        """The same for equal texts, and nothing to go on for others."""
        return blake2b(text.encode("utf-8", "surrogatepass"), key=self.key, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of a record that is read from the request."""

    facts: Mapping[str, Shown]
    hashed: Mapping[str, str | None]
    predicates: Mapping[str, bool | float | None]
    draw: int | None
    features: FeaturesRecord | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to read of each request."""

    readings: Readings
    facts: Mapping[str, Type]
    hashed: tuple[str, ...]
    tests: Mapping[str, Test]
    draws: Mapping[str, str]
    privacy: Privacy
    classifiers: Mapping[str, str]
    mark: str

    def read(self, request: Request, world: World, known: Mapping[str, Value]) -> Seen:
        """Read all of it; `known` are facts that the decision has read."""
        facts = Facts(self.readings, request, world, known)
        return Seen(
            facts=_storable({name: to_json(type_, facts.ask(name)) for name, type_ in self.facts.items()}),
            hashed={name: self._hash(facts.ask(name)) for name in self.hashed},
            predicates={name: bool(test(facts.values, facts.read)) for name, test in self.tests.items()}
            | {name: drawn(facts.ask(text)) for name, text in self.draws.items()},
            draw=_draw(facts),
            features=_features(request) if self.privacy.features else UNSET,
        )

    def glance(self, request: Request, world: World, known: Mapping[str, Value]) -> Seen:
        """What needs no reading: the facts that the decision has read."""
        there = (name for name in self.facts if name in known)
        facts = _storable({name: to_json(self.facts[name], known[name]) for name in there})
        return Seen(facts, {}, {}, _draw(Facts(self.readings, request, world, known)))

    def _hash(self, value: Value) -> str | None:
        return self.privacy.hashed(value) if isinstance(value, str) else None


class Recipes:
    """The recipes of the policies that serve, each made once; made and asked by threads."""

    def __init__(self, privacy: Privacy) -> None:
        """Know none yet."""
        self._privacy = privacy
        self._made: dict[str, Recipe] = {}

    def has(self, program: Program) -> bool:
        """Whether the recipe of a policy is made."""
        return program.policy.digest in self._made

    def of(self, program: Program) -> Recipe:
        """The recipe of a policy."""
        digest = program.policy.digest
        made = self._made.get(digest)
        if made is None:
            made = recipe_of(program, self._privacy)
            self._made = {**dict(list(self._made.items())[1 - MOST_RECIPES :]), digest: made}
        return made


def recipe_of(program: Program, privacy: Privacy) -> Recipe:
    """The recipe of a policy."""
    catalog, policy = program.catalog, program.policy
    told = {text: _told(text, catalog) for text in privacy.told}
    named = {**{text: reading for text, reading in told.items() if reading}, **program.readings.named}
    readings = Readings(catalog, policy.models, policy.timezone, named)
    asked = {text: _fact(reading) for text, reading in _every(catalog, named).items()}
    atoms = islice(hidden_atoms(policy, catalog).items(), MOST)
    return Recipe(
        readings=readings,
        facts={text: fact.type for text, fact in asked.items() if text in privacy.told or kept(fact, catalog)},
        hashed=tuple(text for text, fact in asked.items() if fact.signal in HASHED and text not in privacy.told),
        tests={name: compiled(atom) for name, atom in atoms},
        draws={name: fact.text for name, fact in hidden_draws(policy, catalog).items()},
        privacy=privacy,
        classifiers=weights_of(policy),
        mark=privacy.mark,
    )


def weights_of(policy: Policy) -> dict[str, str]:
    """The facts that classifiers judge, each with what tells its weights from others."""
    return {each.signal: (each.digest or "")[:DIGEST] for each in policy.classifiers.values()}


def _told(text: str, catalog: Catalog) -> Reading | None:
    """How to read a fact that the policy need not name: `header["x-tier"]`."""
    name, bracket, rest = text.partition('["')
    signal = catalog.signals.get(name)
    return Reading(signal, rest.removesuffix('"]')) if bracket and signal is not None else None


def _every(catalog: Catalog, named: Mapping[str, Reading]) -> dict[str, Reading]:
    """All facts of requests that have a name without the policy, and the keyed ones that have one in it."""
    plain = {name: Reading(signal) for name, signal in catalog.signals.items() if not signal.keyed}
    every = plain | {text: reading for text, reading in named.items() if reading.key is not None}
    return {text: reading for text, reading in every.items() if reading.signal.about is About.REQUEST}


def _fact(reading: Reading) -> Fact:
    return Fact(reading.signal.name, reading.signal.type, key=reading.key)


def _features(request: Request) -> FeaturesRecord:
    wording = wording_of(request)
    words, endings, points = hashed(wording, points_of(wording))
    return FeaturesRecord(EDITION, tuple(sorted(words)), tuple(sorted(endings)), tuple(points))


def _draw(facts: Facts) -> int | None:
    draw = facts.ask("draw")
    return draw if isinstance(draw, int) else None


def _storable(facts: Mapping[str, object]) -> dict[str, Shown]:
    """The facts whose values can stand in a record."""
    return {name: value for name, value in facts.items() if _is_shown(value)}


def _is_shown(value: object) -> TypeGuard[Shown]:
    match value:
        case None | bool():
            return True
        case int() | float():
            return abs(value) < LARGEST_NUMBER
        case str():
            return len(value) <= LONGEST_TEXT and is_text(value)
        case _:
            return False


def is_text(value: str) -> bool:
    """Whether a text can be written: clients may send halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def drawn(value: Value) -> float | None:
    """The draw that a split takes from a value, as a share; None where it is missing."""
    return None if value is None else draw_of(value if isinstance(value, str) else str(value)) / WHOLE
