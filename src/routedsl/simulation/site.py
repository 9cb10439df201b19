"""All that requests have in common: servers, what the gateway measures of models, chance, and what is counted."""

from collections.abc import Mapping
from random import Random

from msgspec.structs import replace

from routedsl.base.units import DURATIONS, WHOLE
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
        self._places = {name: _Place(self, name) for name in machines}
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

    def states(self, now: int) -> Mapping[str, ModelState]:
        """What decisions may know of models now."""
        return {name: place.state(now) for name, place in self._places.items()}

    def line_of(self, upstream: str, slots: int | None) -> Line[object]:
        """The one line of an upstream."""
        return self._lines.setdefault(upstream, Line(slots))


class _Place:
    """Where a model lies: its upstream's line, and what the server last told."""

    def __init__(self, site: Site, model: str) -> None:
        declared = site.policy.models.get(model)
        upstream = None if declared is None else site.policy.upstreams.get(declared.upstream or "")
        self._gauge, self._server = site.gauges[model], site.servers[model]
        self._kind = "" if upstream is None else upstream.kind
        self._slots = None if upstream is None else upstream.slots
        self.line = site.line_of("" if upstream is None else upstream.name, self._slots)
        self._asked = self._server.reading(self._kind) != SILENT
        self._told: Reading = SILENT
        self._at: int | None = None
        self._calls_then = 0

    def state(self, now: int) -> ModelState:
        state = self._gauge.state(now)
        if self._slots is None and not self._asked:
            return state
        if self._asked and (self._at is None or now - self._at >= EVERY):
            self._at, self._told, self._calls_then = now, self._server.reading(self._kind), self.line.taken
        slots, line, told = self._slots or self._told.slots, self.line, self._told
        return replace(
            state,
            load=load_of(told, slots, line.taken + line.waiting, self._calls_then),
            queue=line.waiting + (told.queue or 0),
            slots=slots,
            loaded=told.loaded,
        )
