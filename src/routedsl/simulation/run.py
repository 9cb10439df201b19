"""Traffic through a policy: the real program decides each request in the world as it is then."""

from collections.abc import Callable, Iterable, Mapping

from routedsl.engine.decision import Action
from routedsl.engine.program import Program
from routedsl.engine.world import World
from routedsl.simulation.course import Course
from routedsl.simulation.machines import Machine
from routedsl.simulation.site import Site
from routedsl.simulation.tally import End, Outcome, Tally
from routedsl.simulation.traffic import Asked

Told = Callable[[], None]
"""Is called for each request."""


def _nobody() -> None:
    """Nobody is told."""


def simulate(
    program: Program, machines: Mapping[str, Machine], traffic: Iterable[Asked], length: int, told: Told = _nobody
) -> Outcome:
    """What traffic comes to that goes on for about `length` microseconds; the same for the same arguments."""
    tally = Tally(machines, program.policy.models, length)
    site = Site(program.policy, machines, tally)
    Door(program, site, traffic, told).open()
    site.agenda.run()
    return tally.outcome()


class Door:
    """Where requests come in, one after the other."""

    def __init__(self, program: Program, site: Site, traffic: Iterable[Asked], told: Told = _nobody) -> None:
        """Nobody has come yet."""
        self._program, self._site, self._told = program, site, told
        self._traffic = iter(traffic)

    def open(self) -> None:
        """Let the first one come."""
        asked = next(self._traffic, None)
        if asked is not None:
            self._site.agenda.put(asked.at, self._comes, asked)

    def _comes(self, asked: Asked, _stage: int, now: int) -> None:
        self._site.now = now
        decision = self._program.decide(asked.request, self._world(asked, now), asked.pinned)
        if decision.action is Action.FORWARD:
            Course(self._site, asked, decision, now).go(now)
        else:
            self._site.tally.ended(End.REJECTED, None, 0, None, now)
        self._told()
        self.open()

    def _world(self, asked: Asked, now: int) -> World:
        sticky, at = self._site.sessions.get(asked.session or "", (None, now))
        return World(
            now=asked.world.now,
            draw=asked.world.draw,
            models=self._site.states,
            sticky=sticky,
            sticky_age=now - at,
        )
