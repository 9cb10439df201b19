"""A model's server at work: so many answers at once, the others in the order in which they came, and its outages."""

from collections import OrderedDict
from enum import Enum
from typing import Protocol

from routedsl.engine.outcome import Failed, Kind
from routedsl.engine.probe import SILENT, Reading
from routedsl.simulation.agenda import Agenda
from routedsl.simulation.machines import Machine

REFUSED = Failed(kind=Kind.REFUSED)
RESET = Failed(kind=Kind.RESET)


class Mode(Enum):
    """How a server is."""

    WELL = "well"
    DOWN = "down"
    SILENT = "silent"


class Job(Protocol):
    """A call, as its server sees it."""

    def starts(self, now: int) -> None:
        """It is its turn."""
        ...

    def hangs(self, now: int) -> None:
        """Nothing is done for it: it waits for its turn, or its server is silent."""
        ...

    def breaks(self, failed: Failed, now: int) -> None:
        """Its connection is gone; `failed` says how, if it has no token yet."""
        ...


class Server:
    """One model's server."""

    def __init__(self, machine: Machine, agenda: Agenda) -> None:
        """It is well, idle, and will have the machine's outages."""
        self.machine = machine
        self._mode = Mode.WELL
        self._working: dict[Job, None] = {}
        self._waiting: OrderedDict[Job, None] = OrderedDict()
        for mode, outages in ((Mode.DOWN, machine.down), (Mode.SILENT, machine.silent)):
            for begin, end in outages:
                agenda.put(begin, self._turns, mode)
                agenda.put(end, self._turns, Mode.WELL)

    @property
    def calls(self) -> int:
        """Calls that it works on or lets wait."""
        return len(self._working) + len(self._waiting)

    def take(self, job: Job, now: int) -> None:
        """A call comes."""
        if self._mode is Mode.DOWN:
            job.breaks(REFUSED, now)
        elif self._mode is Mode.WELL and self._is_free():
            self._working[job] = None
            job.starts(now)
        else:
            self._waiting[job] = None
            job.hangs(now)

    def leave(self, job: Job, now: int) -> None:
        """A call is over, or given up."""
        if job in self._waiting:
            del self._waiting[job]
        elif job in self._working:
            del self._working[job]
            if self._waiting and self._mode is Mode.WELL and self._is_free():
                following, _ = self._waiting.popitem(last=False)
                self._working[following] = None
                following.starts(now)

    def reading(self, kind: str) -> Reading:
        """What a server of a kind tells of itself."""
        if self._mode is not Mode.WELL:
            return SILENT
        busy, queue, slots = len(self._working), len(self._waiting), self.machine.slots
        match kind:
            case "llamacpp":
                return Reading(loaded=True, slots=slots, busy=busy, queue=queue)
            case "vllm":
                return Reading(loaded=True, busy=busy, queue=queue)
            case "ollama":
                return Reading(loaded=True)
            case _:
                return SILENT

    def _is_free(self) -> bool:
        return self.machine.slots is None or len(self._working) < self.machine.slots

    def _turns(self, mode: Mode, _stage: int, now: int) -> None:
        hanging, self._mode = self._mode is Mode.SILENT, mode
        if mode is Mode.SILENT:
            for job in self._working:
                job.hangs(now)
        elif mode is Mode.DOWN or hanging:
            jobs = (*self._working, *self._waiting)
            self._working.clear()
            self._waiting.clear()
            for job in jobs:
                job.breaks(RESET, now)
