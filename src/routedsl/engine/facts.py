"""Facts of one request: read when first asked, kept from then on, in the order asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from routedsl.base.types import Value
from routedsl.engine.catalog import Catalog
from routedsl.engine.request import Request
from routedsl.engine.signal import Moment, Signal
from routedsl.engine.world import World
from routedsl.language.policy import Fact, Model

NOTHING_PINNED: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reading:
    """How a fact is read: its signal, the name in brackets, the model that it is about."""

    signal: Signal
    key: str | None = None
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """How each fact that a policy can ask for is read, by the fact's canonical text."""

    catalog: Catalog
    models: Mapping[str, Model]
    timezone: str
    named: Mapping[str, Fact]

    def find(self, text: str) -> Reading:
        """The reading of a fact; raises LookupError where the policy and the catalog know none."""
        fact = self.named.get(text)
        if fact is not None and fact.model is None:
            return Reading(self.catalog.signals[fact.signal], fact.key)
        if text in self.catalog.signals:
            return Reading(self.catalog.signals[text])
        model, _, name = text.rpartition(".")
        return Reading(self.catalog.model_facts[name], model=self.models.get(model) or Model(name=model, id=model))


class Facts(dict[str, Value]):
    """The facts that the policy asked of one request: a plain mapping whose values are read on demand.

    What is read only in passing (one signal from another, by a strategy, for the chain) is asked through
    `ask` and does not count as asked by the policy.
    """

    __slots__ = ("_asked", "_readings", "_request", "_world")

    def __init__(
        self, readings: Readings, request: Request, world: World, pinned: Mapping[str, Value] = NOTHING_PINNED
    ) -> None:
        """Know how to read, read nothing; pinned facts are taken as given."""
        super().__init__()
        self._readings = readings
        self._request = request
        self._world = world
        self._asked: dict[str, Value] = dict(pinned)

    def __missing__(self, text: str) -> Value:
        """Read a fact that the policy asks for the first time."""
        self[text] = value = self.ask(text)
        return value

    def ask(self, text: str) -> Value:
        """A fact's value, which does not count as asked by the policy."""
        if text not in self._asked:
            self._asked[text] = self._read(self._readings.find(text))
        return self._asked[text]

    def known(self, text: str) -> bool:
        """Whether a fact was read or pinned."""
        return text in self._asked

    def ask_model(self, model: str, fact: str) -> Value:
        """A model's fact, for strategies."""
        return self.ask(f"{model}.{fact}")

    def _read(self, reading: Reading) -> Value:
        moment = Moment(
            request=self._request,
            world=self._world,
            fact=self.ask,
            key=reading.key,
            timezone=self._readings.timezone,
            model=reading.model,
        )
        try:
            return reading.signal.read(moment)
        except Exception:  # noqa: BLE001 - a signal that cannot be read is missing, whatever an extension raises
            return None
