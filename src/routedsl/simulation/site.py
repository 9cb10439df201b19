"""All that requests have in common: servers, what the gateway measures of models, chance, and what is counted."""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import cast

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine.breaker import error_share
from routedsl.engine.gauge import Gauge
from routedsl.engine.load import load_of
from routedsl.engine.probe import SILENT, Reading
from routedsl.engine.terms import Terms, terms_of
from routedsl.engine.world import ModelState
from routedsl.language.policy import Options, Policy
from routedsl.simulation.agenda import Agenda
from routedsl.simulation.line import Line
from routedsl.simulation.machines import Machine
from routedsl.simulation.server import Server
from routedsl.simulation.tally import Tally

SEED = 1
EVERY = 2 * DURATIONS["s"]
"""How often servers are asked about themselves."""


class Site:
    """A gateway's surroundings, and its memory of them."""

    def __init__(self, policy: Policy, machines: Mapping[str, Machine], tally: Tally) -> None:
        """Nothing has happened yet."""
        self.policy = policy
        self.agenda = Agenda()
        self.tally = tally
        self.gauges = {name: Gauge() for name in machines}
        self.servers = {name: Server(machine, self.agenda) for name, machine in machines.items()}
        self._chance = Random(SEED)  # noqa: S311 - it jitters, and keeps no secret
        self._terms: dict[tuple[int, bool], Terms] = {}
        self._lines: dict[str, Line[object]] = {}
        self.now = 0
        self._places = {name: Place(self, name) for name in machines}
        self.states: Mapping[str, ModelState] = {
            name: cast("ModelState", place) for name, place in self._places.items()
        }
        """What decisions may know of models now."""
        self.sessions: dict[str, tuple[str, int]] = {}

    def draw(self) -> int:
        """Chance."""
        return self._chance.randrange(WHOLE)

    def line(self, model: str) -> Line[object]:
        """The slots of a model's upstream."""
        return self._places[model].line

    def terms(self, options: Options, *, stream: bool) -> Terms:
        """The terms of a rule's options, which live as long as the policy."""
        found = self._terms.get((id(options), stream))
        if found is None:
            found = self._terms[id(options), stream] = terms_of(options, stream=stream)
        return found

    def line_of(self, upstream: str, slots: int | None) -> Line[object]:
        """The one line of an upstream."""
        return self._lines.setdefault(upstream, Line(slots))


class Place:
    """A model at its upstream's line and server. It stands for its `ModelState`, each field as of when it is asked.

    Most are asked for little but whether they are up.
    """

    memory_free = success = None
    success_by_rule: Mapping[str, int] = MappingProxyType({})

    def __init__(self, site: Site, model: str) -> None:
        """The server was asked nothing yet."""
        declared = site.policy.models.get(model)
        upstream = None if declared is None else site.policy.upstreams.get(declared.upstream or "")
        self._site, self._gauge, self._server = site, site.gauges[model], site.servers[model]
        self._kind = "" if upstream is None else upstream.kind
        self._slots = None if upstream is None else upstream.slots
        self.line = site.line_of("" if upstream is None else upstream.name, self._slots)
        self._asked = self._server.reading(self._kind) != SILENT
        self._reading: Reading = SILENT
        self._at: int | None = None
        self._calls_then = 0

    @property
    def _told(self) -> Reading:
        """What the server told last."""
        now = self._site.now
        if self._asked and (self._at is None or now - self._at >= EVERY):
            self._at, self._reading, self._calls_then = now, self._server.reading(self._kind), self.line.taken
        return self._reading

    @property
    def up(self) -> bool:
        return self._gauge.is_up(self._site.now)

    @property
    def latency(self) -> int | None:
        return self._gauge.latencies.median(self._site.now)

    @property
    def first_token(self) -> int | None:
        return self._gauge.first_tokens.median(self._site.now)

    @property
    def speed(self) -> int | None:
        return self._gauge.speeds.median(self._site.now)

    @property
    def errors(self) -> int:
        return error_share(self._gauge.breaker, self._site.now)

    @property
    def inflight(self) -> int:
        return self._gauge.inflight

    @property
    def queue(self) -> int:
        return self.line.waiting + (self._told.queue or 0)

    @property
    def slots(self) -> int | None:
        return self._slots or self._told.slots

    @property
    def loaded(self) -> bool | None:
        return self._told.loaded

    @property
    def load(self) -> int:
        if self._slots is None and not self._asked:
            return self._gauge.load
        told = self._told
        return load_of(told, self._slots or told.slots, self.line.taken + self.line.waiting, self._calls_then)

    @property
    def typical_output(self) -> int | None:
        return self._gauge.lengths.typical

    @property
    def typical_outputs(self) -> Mapping[str, int]:
        return self._gauge.lengths.typical_of
