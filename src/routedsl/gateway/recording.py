"""What the gateway knows of a decided request and of its end, handed to whoever keeps it."""

import asyncio
from dataclasses import dataclass, field

from routedsl.engine.decision import Decision
from routedsl.engine.program import Program
from routedsl.engine.request import Request
from routedsl.engine.world import World
from routedsl.gateway.host import Generation
from routedsl.gateway.relay import End
from routedsl.gateway.reply import AttemptRecord
from routedsl.records.making import Happened, maybe_seconds, seconds
from routedsl.records.recipe import Privacy, Recipes
from routedsl.records.record import Attempt
from routedsl.records.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A request that was decided, in its world, by the policy of a generation."""

    request: Request
    world: World
    decision: Decision
    generation: Generation


@dataclass(slots=True, kw_only=True)
class Ending:
    """What became of it, written as it becomes known.

    `began` is the time of the decision, by the monotonic clock. `status` is HTTP's, None until there is one. `model` is
    the declared one that answered. `attempts` are told by whoever makes them. `first_token` and `took` are microseconds
    from the decision: until the first piece of a stream goes to the client, and to the end.
    """

    began: int
    attempts: list[AttemptRecord] = field(default_factory=list)
    status: int | None = None
    end: End = End.WHOLE
    model: str | None = None
    first_token: int | None = None
    took: int = 0

    def answering(self, now: int) -> None:
        """The first piece of a stream goes to the client."""
        self.first_token = now - self.began

    @property
    def word(self) -> str:
        """The status, or how the answer failed to be whole."""
        return str(self.status) if self.end is End.WHOLE else self.end.value


class Recording:
    """Has a record made of each ending, a little later."""

    def __init__(self, recorder: Recorder, privacy: Privacy) -> None:
        """Hand all to the recorder."""
        self.recorder = recorder
        self._recipes = Recipes(privacy)

    def prepare(self, program: Program) -> None:
        """Have ready what records of a policy are made with, before it serves: that takes long."""
        self._recipes.of(program)

    def note(self, decided: Decided, ending: Ending) -> None:
        """A decided request has ended; its record is made once the event loop has sent what it has to send."""
        asyncio.get_running_loop().call_soon(
            self.recorder.note,
            Happened(
                request=decided.request,
                world=decided.world,
                decision=decided.decision,
                program=decided.generation.program,
                generation=decided.generation.number,
                recipes=self._recipes,
                attempts=tuple(map(_attempt, ending.attempts)),
                status=ending.status,
                end=ending.end.value,
                served_by=ending.model,
                took=ending.took,
                first_token=ending.first_token,
            ),
        )


def _attempt(attempt: AttemptRecord) -> Attempt:
    return Attempt(
        model=attempt.model,
        outcome=attempt.outcome,
        detail=attempt.detail,
        started=seconds(attempt.started),
        connected=maybe_seconds(attempt.connected),
        headers=maybe_seconds(attempt.headers),
        first_token=maybe_seconds(attempt.first_token),
        took=seconds(attempt.took),
        status=attempt.status,
        tokens=attempt.usage,
        wasted=attempt.wasted,
        hedged=attempt.hedged,
        stale=attempt.stale,
        malformed=attempt.malformed,
        maybe_billed=attempt.maybe_billed,
        config_fault=attempt.config_fault,
    )
