"""What servers tell of themselves, as long as it is fresh, put into what decisions may know of their models."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec.structs import replace

from routedsl.engine.load import load_of
from routedsl.engine.probe import SILENT, Reading, Readings
from routedsl.engine.world import UNMEASURED, ModelState
from routedsl.gateway.clock import SECOND, Clock
from routedsl.gateway.settings import is_loopback
from routedsl.gateway.slots import Slots
from routedsl.language.policy import Model, Policy, Upstream

FRESH = 6 * SECOND
"""How long a server's word holds: three times as long as it is between two questions."""
STARTING = 60 * SECOND
"""A model that is being loaded may be told to be loaded so long before it answers."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model lies: at which upstream, called how. `slots` are declared; `local` is on this machine."""

    upstream: str
    id: str
    slots: int | None
    local: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """What an upstream told, when, and how many calls of ours it had then."""

    readings: Readings
    at: int
    calls: int


class Hardware:
    """The servers of the policy that serves, by what they tell and by our own calls. It outlives every reload."""

    def __init__(self, clock: Clock, slots: Callable[[str], Slots]) -> None:
        """Know nothing of any server; `slots` has the calls in flight of an upstream."""
        self._clock = clock
        self._slots = slots
        self._places: Mapping[str, _Place] = {}
        self._told: dict[str, _Told] = {}
        self._starting: dict[str, int] = {}
        self._memory: tuple[int, int] | None = None

    def place(self, policy: Policy, asked: Collection[str]) -> None:
        """Take note of where the models of a policy lie; `asked` are the upstreams that are asked about themselves."""
        models = ((model, policy.upstreams.get(model.upstream or "")) for model in policy.models.values())
        self._places = {
            model.name: _placed(model, upstream, asked=upstream.name in asked)
            for model, upstream in models
            if upstream is not None and (upstream.name in asked or upstream.slots is not None)
        }
        self._starting = {name: until for name, until in self._starting.items() if name in self._places}

    def forget(self, upstream: str) -> None:
        """Nobody asks this upstream any more, or its name stands for another one."""
        self._told.pop(upstream, None)

    def tell(self, upstream: str, readings: Readings) -> None:
        """An upstream told this now."""
        now, calls = self._clock.monotonic(), self._slots(upstream).taken
        for name, place in self._places.items():
            if place.upstream == upstream:
                self._watch_start(name, readings.of(place.id), calls, now)
        self._told[upstream] = _Told(readings, now, calls)

    def tell_memory(self, free: int | None) -> None:
        """So much of the memory of this machine's graphics cards is free now, in parts per million."""
        self._memory = None if free is None else (free, self._clock.monotonic())

    def is_cold(self, model: str) -> bool:
        """Whether a call of the model may have to wait until it is loaded."""
        place, now = self._places.get(model), self._clock.monotonic()
        if place is None:
            return False
        return self._reading(place, now).loaded is False or self._starting.get(model, 0) > now

    def merged(self, states: Mapping[str, ModelState]) -> Mapping[str, ModelState]:
        """What was measured of models, with what their servers tell."""
        now = self._clock.monotonic()
        told = {name: self._merged(states.get(name, UNMEASURED), place, now) for name, place in self._places.items()}
        return {**states, **told}

    def _merged(self, state: ModelState, place: _Place, now: int) -> ModelState:
        told, reading, own = self._told.get(place.upstream), self._reading(place, now), self._slots(place.upstream)
        calls_then = 0 if told is None else told.calls
        return replace(
            state,
            load=load_of(reading, place.slots or reading.slots, own.taken + own.waiting, calls_then),
            queue=own.waiting + (reading.queue or 0),
            slots=place.slots or reading.slots,
            loaded=reading.loaded,
            memory_free=self._memory_free(now) if place.local else None,
        )

    def _reading(self, place: _Place, now: int) -> Reading:
        told = self._told.get(place.upstream)
        return SILENT if told is None or now - told.at > FRESH else told.readings.of(place.id)

    def _memory_free(self, now: int) -> int | None:
        return None if self._memory is None or now - self._memory[1] > FRESH else self._memory[0]

    def _watch_start(self, model: str, reading: Reading, calls: int, now: int) -> None:
        """A server may tell that a model is loaded as soon as it begins with that: who waits, waits on for a while."""
        if not reading.loaded or not calls:
            self._starting.pop(model, None)
        elif self.is_cold(model):
            self._starting.setdefault(model, now + STARTING)


def _placed(model: Model, upstream: Upstream, *, asked: bool) -> _Place:
    return _Place(upstream.name, model.id, upstream.slots, asked and is_local(upstream))


def is_local(upstream: Upstream) -> bool:
    """Whether an upstream is on this machine."""
    return is_loopback(urlsplit(upstream.url).hostname or "")
