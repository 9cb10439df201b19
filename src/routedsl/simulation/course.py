"""One request on its way along its chain, call after call, as the gateway's dispatcher goes it."""

from enum import Enum

from routedsl.engine.attempts import Ending, Stop, Try, after, begin, beside, denied
from routedsl.engine.decision import Decision
from routedsl.engine.gauge import last_resort
from routedsl.engine.outcome import Answered, Failed, Kind
from routedsl.engine.terms import begins_within
from routedsl.engine.waiting import FULL, LONGEST_WAIT
from routedsl.simulation.site import Site
from routedsl.simulation.tally import End
from routedsl.simulation.traffic import Asked

OPEN = Failed(kind=Kind.OPEN)
SLOW = Failed(kind=Kind.TIMEOUT)
CUT = Failed(kind=Kind.CUT)
LATE = Failed(kind=Kind.LATE)
LOST = Failed(kind=Kind.LOST)
_ENDS = {Ending.OUT_OF_TIME: End.OUT_OF_TIME, Ending.EXHAUSTED: End.UNAVAILABLE, Ending.PASSED_ON: End.UNAVAILABLE}


class Course:
    """One request: it ends once."""

    __slots__ = (
        "_attempts", "_calls", "_last_resort", "_turned", "answer", "asked", "began", "committed", "decision", "first",
        "over", "site", "terms",
    )  # fmt: skip

    def __init__(self, site: Site, asked: Asked, decision: Decision, now: int) -> None:
        """It was decided, and nothing is done yet."""
        self.site, self.asked, self.decision, self.began = site, asked, decision, now
        options, chain = decision.options, decision.chain
        bounds = (bound for bound in (asked.request.max_tokens, options.max_output) if bound is not None)
        self.answer = min((asked.answer, *bounds))
        self.terms = site.terms(options, stream=asked.request.stream)
        models = site.policy.models
        contexts = {name: models[name].context for name in chain if name in models}
        self._attempts = begin(chain, self.terms, contexts, now)
        self._last_resort = last_resort(((name, site.gauges[name]) for name in chain), now)
        self._calls: list[Call] = []
        self.committed: Call | None = None
        self.first: int | None = None
        self.over = False

    @property
    def deadline(self) -> int:
        """When all must be over."""
        return self._attempts.deadline

    def go(self, now: int) -> None:
        """Do what the turn says."""
        while isinstance(turn := self._attempts.turn, Try):
            if turn.extra and not self.site.gauges[turn.model].take_extra(now):
                self._attempts = denied(self._attempts, now)
                continue
            self._call(turn, now)
            return
        if isinstance(turn, Stop):
            self._end(_ENDS[turn.ending], None, now)

    def _call(self, turn: Try, now: int) -> None:
        call = Call(self, turn)
        self._calls.append(call)
        hedge_at = self._attempts.hedge_at
        if hedge_at is not None:
            self.site.agenda.put(hedge_at, Course._hedge, self)
        if turn.pause:
            self.site.agenda.put(now + turn.pause, Call.asks, call, call.stage)
        else:
            call.asks(call.stage, now)

    def _hedge(self, _stage: int, now: int) -> None:
        if not self.over and self.committed is None and self._attempts.hedge_at == now:
            self._attempts = beside(self._attempts, now)
            self.go(now)

    def may(self, turn: Try, now: int) -> bool:
        """Whether the breaker lets a call through; it has no say in a retry, nor where all of a chain are down."""
        return turn.retried or turn.model == self._last_resort or self.site.gauges[turn.model].is_up(now)

    # ── what calls tell ─────────────────────────────────────────────────────────────────────────

    def answering(self, call: "Call", now: int) -> None:
        """A stream has its first token: from now on there is no other model, unless it is held back."""
        if self.decision.options.buffer != "whole":
            self.committed, self.first = call, now
            self._give_up(call, now)

    def answered(self, call: "Call", now: int) -> None:
        """A call has its whole answer."""
        self.first = now if self.first is None else self.first
        self._end(End.ANSWERED, call, now)

    def failed(self, call: "Call", failed: Failed, now: int) -> None:
        """A call failed."""
        self._calls.remove(call)
        if self.committed is call:
            self._end(End.BROKEN, call, now)
            return
        self._attempts = after(self._attempts, call.turn.model, failed, now, self.site.draw())
        self.go(now)

    def _end(self, end: End, call: "Call | None", now: int) -> None:
        self.over = True
        self._give_up(call, now)
        model = None if call is None else call.turn.model
        if end is End.ANSWERED and self.asked.session is not None and model is not None:
            self.site.sessions[self.asked.session] = model, now
        self.site.tally.ended(
            end, model, now - self.began, None if self.first is None else self.first - self.began, now
        )

    def _give_up(self, winner: "Call | None", now: int) -> None:
        for call in self._calls:
            if call is not winner:
                call.drop(now)
        self._calls = [] if winner is None else [winner]


class Slot(Enum):
    """Whether a call has a slot of its upstream."""

    NONE = "none"
    WANTED = "wanted"
    HELD = "held"


class Call:
    """One call of one model. Its stage is raised whenever what was set for it no longer holds."""

    __slots__ = (
        "_began", "_course", "_first", "_gauge", "_limit", "_line", "_server", "_site", "_slot", "_started",
        "stage", "turn",
    )  # fmt: skip

    def __init__(self, course: Course, turn: Try) -> None:
        """Nobody is asked yet."""
        site = course.site
        self.turn = turn
        self.stage = 0
        self._course, self._site = course, site
        self._gauge, self._server = site.gauges[turn.model], site.servers[turn.model]
        self._line = site.line(turn.model)
        self._began: int | None = None
        self._started: int | None = None
        self._first: int | None = None
        self._limit = turn.until
        self._slot = Slot.NONE

    def asks(self, stage: int, now: int) -> None:
        """Ask the breaker, then for a slot of the upstream."""
        if stage != self.stage:
            return
        if not self._course.may(self.turn, now):
            self._untried(OPEN, now)
        elif self._line.take():
            self._slot = Slot.HELD
            self._begins(now)
        elif self._line.wait(self):
            self._slot = Slot.WANTED
            self._site.agenda.put(min(self.turn.until, now + LONGEST_WAIT), Call._no_slot, self, self.stage)
        else:
            self._untried(FULL, now)

    def _no_slot(self, stage: int, now: int) -> None:
        if stage == self.stage and self._slot is Slot.WANTED:
            self._untried(FULL, now)

    def _has_slot(self, stage: int, now: int) -> None:
        if stage != self.stage:
            return
        if self._course.may(self.turn, now):  # others may have found out while this one waited
            self._begins(now)
        else:
            self._untried(OPEN, now)

    def _untried(self, failed: Failed, now: int) -> None:
        self.stage += 1
        self._give_slot(now)
        self._course.failed(self, failed, now)

    def _begins(self, now: int) -> None:
        course, turn = self._course, self.turn
        self._began = now
        self._gauge.occupancy = self._line
        self._gauge.began(now, extra=turn.extra)
        _, patience = begins_within(course.terms, stream=course.asked.request.stream)
        self._limit = min(turn.until, now + patience)
        self._server.take(self, now)
        self._site.tally.called(turn.model, self._server.calls, now)

    # ── what the server does ────────────────────────────────────────────────────────────────────

    def starts(self, now: int) -> None:
        """See `Job`."""
        self.stage += 1
        self._started = now
        course, machine = self._course, self._server.machine
        ready, act = now + machine.until_first_token(course.asked.prompt), Call._answering
        if not course.asked.request.stream:
            ready, act = ready + machine.writing(course.answer), Call._whole
        if ready > self._limit:
            ready, act = self._limit, Call._too_slow
        self._site.agenda.put(ready, act, self, self.stage)

    def hangs(self, now: int) -> None:
        """See `Job`."""
        self.stage += 1
        at = self._limit if self._first is None else min(now + self._course.terms.idle, self._course.deadline)
        self._site.agenda.put(at, Call._too_slow, self, self.stage)

    def breaks(self, failed: Failed, now: int) -> None:
        """See `Job`."""
        self._fails(failed if self._first is None else CUT, now)

    # ── how it ends ─────────────────────────────────────────────────────────────────────────────

    def _answering(self, stage: int, now: int) -> None:
        if stage != self.stage or self._began is None:
            return
        self._first = now
        self._gauge.answering(self._began, now)
        ends, act = now + self._server.machine.writing(self._course.answer), Call._whole
        if ends > self._course.deadline:
            ends, act = self._course.deadline, Call._late
        self._site.agenda.put(ends, act, self, stage)
        self._course.answering(self, now)

    def _whole(self, stage: int, now: int) -> None:
        if stage != self.stage or self._began is None:
            return
        self.stage += 1
        course, first = self._course, self._first
        answered = Answered(usage=(course.asked.prompt, course.answer))
        took = None if first is None else first - self._began
        self._gauge.answered(self._began, took, answered, now, rule=course.decision.rule)
        self._site.tally.answered(self.turn.model, course.asked.prompt, course.answer)
        self._leave(now)
        course.answered(self, now)

    def _too_slow(self, stage: int, now: int) -> None:
        if stage == self.stage:
            self._fails(SLOW, now)

    def _late(self, stage: int, now: int) -> None:
        if stage == self.stage:
            self._fails(LATE, now)

    def _fails(self, failed: Failed, now: int) -> None:
        self.drop(now, failed)
        self._course.failed(self, failed, now)

    def drop(self, now: int, failed: Failed = LOST) -> None:
        """End it here, wherever it is."""
        self.stage += 1
        if self._began is None:
            self._give_slot(now)
            return
        self._gauge.failed(self._began, failed, now, self._site.draw())
        written = 0 if self._first is None else self._server.machine.written(now - self._first)
        read = 0 if self._started is None else self._course.asked.prompt
        self._site.tally.failed(self.turn.model, read, written)
        self._leave(now)

    def _leave(self, now: int) -> None:
        self._server.leave(self, now)
        self._give_slot(now)

    def _give_slot(self, now: int) -> None:
        slot, self._slot = self._slot, Slot.NONE
        if slot is Slot.WANTED:
            self._line.leave(self)
        elif slot is Slot.HELD:
            for call in self._line.give():
                if isinstance(call, Call):
                    call.given(now)

    def given(self, now: int) -> None:
        """It has the slot that it waited for."""
        self._slot = Slot.HELD
        self._site.agenda.put(now, Call._has_slot, self, self.stage)
