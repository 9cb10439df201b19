"""Facts of one request: read when first asked, kept from then on, in the order asked."""

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from types import MappingProxyType

from msgspec import Struct, field

from routedsl.base.types import Type, Value
from routedsl.engine.catalog import Catalog
from routedsl.engine.request import Request
from routedsl.engine.signal import Moment, Signal
from routedsl.engine.world import World
from routedsl.language.policy import Fact, Model, undeclared

Read = Callable[[str], Value]
"""From a fact's canonical text to its value, None where it is missing."""

NOTHING_PINNED: Mapping[str, Value] = MappingProxyType({})
_HELD: Mapping[Type, type | tuple[type, ...]] = {
    Type.COUNT: int,
    Type.NUMBER: (int, float),
    Type.DURATION: int,
    Type.MONEY: int,
    Type.SHARE: int,
    Type.TEXT: str,
    Type.TIME: int,
    Type.BOOL: bool,
    Type.TEXTS: tuple,
}
"""How a value of each type is held."""


class Reading(Struct, frozen=True):
    """How a fact is read: its signal, the name in brackets, the model that it is about."""

    signal: Signal
    key: str | None = None
    model: Model | None = None


class Readings(Struct, frozen=True):
    """How each fact is read that a policy, a signal or a strategy can ask for.

    `named` are those that the policy names, by their canonical text. `found` are others that were asked for: there
    are no more of them than there are signals and models.
    """

    catalog: Catalog
    models: Mapping[str, Model]
    timezone: str
    named: Mapping[str, Reading]
    found: dict[str, Reading] = field(default_factory=dict)

    def find(self, text: str) -> Reading:
        """The reading of a fact; raises LookupError where the policy and the catalog know none."""
        found = self.named.get(text) or self.found.get(text)
        if found is None:
            found = self.found[text] = self._found(text)
        return found

    def _found(self, text: str) -> Reading:
        if text in self.catalog.signals:
            return Reading(self.catalog.signals[text])
        model, _, name = text.rpartition(".")
        return _about(model, name, self.catalog, self.models)


def readings(catalog: Catalog, models: Mapping[str, Model], timezone: str, named: Mapping[str, Fact]) -> Readings:
    """The readings of a policy: its declared models, its time zone, the facts that it names."""
    return Readings(catalog, models, timezone, {text: _reading(fact, catalog, models) for text, fact in named.items()})


def _reading(fact: Fact, catalog: Catalog, models: Mapping[str, Model]) -> Reading:
    if fact.model is None:
        return Reading(catalog.signals[fact.signal], fact.key)
    return _about(fact.model, fact.signal, catalog, models)


def _about(model: str, name: str, catalog: Catalog, models: Mapping[str, Model]) -> Reading:
    return Reading(catalog.model_facts[name], model=models.get(model) or undeclared(model))


class Facts:
    """The facts of one request.

    `values` has every fact that the policy names, None until it is read and where it is missing: a
    plain dict, since the generated code looks into it first. `asked` has what the policy has asked, in
    the order asked. What is read only in passing (one signal from another, by a strategy, for the
    chain) goes through `ask` and is not in it.
    """

    __slots__ = ("_known", "_pinned", "_readings", "_request", "_world", "asked", "values")

    def __init__(
        self, readings: Readings, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED
    ) -> None:
        """Know how to read, read nothing; pinned facts are taken as given."""
        self.values: dict[str, Value] = dict.fromkeys(readings.named)
        self.asked: dict[str, Value] = {}
        self._readings = readings
        self._pinned = pinned
        self._known: dict[str, Value] = dict(pinned)
        self._request = request
        self._world = world

    def read(self, text: str) -> Value:
        """The value of a fact that the policy asks."""
        self.asked[text] = self.values[text] = value = self.ask(text)
        return value

    def ask(self, text: str) -> Value:
        """A fact's value, which does not count as asked by the policy; one that nobody knows is missing."""
        if text not in self._known:
            self._known[text] = None  # for a signal that asks for itself
            self._known[text] = self._read(text)
        return self._known[text]

    def known(self, text: str) -> bool:
        """Whether a fact was read or pinned."""
        return text in self._known

    def parts(self, text: str) -> Mapping[str, float]:
        """What the value of a fact is made of where it is read, as far as its signal tells."""
        try:
            reading = self._readings.find(text)
            return {} if reading.signal.parts is None else reading.signal.parts(self._moment(reading))
        except Exception:  # noqa: BLE001 - as for values: an extension's failure is nobody's error
            return {}

    def ask_model(self, model: str, fact: str, rule: str | None = None) -> Value:
        """A model's fact, for strategies: as it is where this rule ranks its candidates."""
        return self._ask_for(rule, f"{model}.{fact}")

    def _ask_for(self, rule: str | None, text: str) -> Value:
        if rule is None or text in self._pinned or not self._is_by_rule(text):
            return self.ask(text)
        name = f"{text} of {rule}"
        if name not in self._known:
            self._known[name] = self._read(text, rule)
        return self._known[name]

    def _is_by_rule(self, text: str) -> bool:
        try:
            return self._readings.find(text).signal.by_rule
        except LookupError:
            return False

    def _read(self, text: str, rule: str | None = None) -> Value:
        try:
            reading = self._readings.find(text)
            value = reading.signal.read(self._moment(reading, rule))
            return value if _is_held(value, reading.signal.type) else None
        except Exception:  # noqa: BLE001 - a signal that cannot be read is missing, whatever an extension raises
            return None

    def _moment(self, reading: Reading, rule: str | None = None) -> Moment:
        # Made for each reading: one that was kept here would hold these facts, and the body, in a cycle.
        return Moment(
            request=self._request,
            world=self._world,
            fact=self.ask if rule is None else partial(self._ask_for, rule),
            key=reading.key,
            timezone=self._readings.timezone,
            model=reading.model,
            rule=rule,
        )


def _is_held(value: Value, type_: Type) -> bool:
    """Whether a value is one of a type: comparing it with another of that type cannot fail."""
    if isinstance(value, tuple):
        return type_ is Type.TEXTS and all(isinstance(item, str) for item in value)
    return isinstance(value, _HELD[type_]) and (not isinstance(value, float) or isfinite(value))
