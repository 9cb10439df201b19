"""From a chain to its attempts: which model is called next, after what pause, until when, and how the chain ends.

Pure: told what became of an attempt and the time, it says the next turn. Durations and times are
microseconds, times those of one monotonic clock; a draw is chance, 0 to 999,999, told from outside.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.units import DURATIONS, WHOLE
from routedsl.engine.classify import Again, Onward, Verdict, classify
from routedsl.engine.outcome import UNTRIED, Failed, Kind
from routedsl.engine.terms import Terms

SECOND = DURATIONS["s"]
LARGEST_RESERVE = 5 * SECOND
TOO_LATE = Failed(kind=Kind.SKIPPED, detail="too little time was left")
LEAST_TIME = 250 * DURATIONS["ms"]
"""With less left an attempt is not worth its price."""
LONGEST_PAUSE = 2 * SECOND
MIDDLE = WHOLE // 2
"""The draw that changes nothing."""


class Ending(StrEnum):
    """How a chain ends that has no answer."""

    EXHAUSTED = "exhausted"
    """All failed, or nobody could be tried."""
    PASSED_ON = "passed_on"
    """An upstream's refusal is the answer."""
    OUT_OF_TIME = "out_of_time"
    """The deadline came first."""


class Try(Struct, frozen=True):
    """Call the model, after a pause; before `until` it must have begun to answer.

    `retried` and `hedged` calls are extra ones, which the model's retry budget must allow: one more
    after a failure, and one beside another.
    """

    model: str
    pause: int
    until: int
    retried: bool = False
    hedged: bool = False

    @property
    def extra(self) -> bool:
        """Whether it is more than the one call that a request may always make of a model."""
        return self.retried or self.hedged


class Wait(Struct, frozen=True):
    """Nothing new: the call that runs goes on."""


class Stop(Struct, frozen=True):
    """No further attempt; what still runs is given up. `answer` is the attempt whose refusal is passed on."""

    ending: Ending
    answer: "Miss | None" = None


Turn = Try | Wait | Stop


class Miss(Struct, frozen=True):
    """An attempt that failed: of which model, and how."""

    model: str
    failed: Failed


class Run(Struct, frozen=True):
    """A call that was begun: `tries` counts those of its model. At `hedge_at` another may be started beside it."""

    model: str
    tries: int
    hedged: bool
    hedge_at: int | None


class Attempts(Struct, frozen=True, kw_only=True):
    """How far a chain has come: `left` are the models not called yet, the next one first; `running` the calls begun.

    `contexts` are the context windows as declared. `deadline` is a time, `reserve` how much of what is left
    until then belongs to each model in `left`.
    """

    turn: Turn
    left: tuple[str, ...]
    terms: Terms
    deadline: int
    reserve: int
    contexts: Mapping[str, int | None]
    running: tuple[Run, ...] = ()
    misses: tuple[Miss, ...] = ()

    @property
    def hedge_at(self) -> int | None:
        """When `beside` is due; None where no call is to be started beside another."""
        return self.running[0].hedge_at if len(self.running) == 1 and self.left else None


# ── events ──────────────────────────────────────────────────────────────────────────────────────


def begin(
    chain: tuple[str, ...], terms: Terms, contexts: Mapping[str, int | None], now: int, accepted: int | None = None
) -> Attempts:
    """The first turn. The deadline is counted from when the request was `accepted`, if that was not now."""
    deadline = (now if accepted is None else accepted) + terms.deadline
    start = Attempts(
        turn=Stop(Ending.EXHAUSTED),
        left=chain,
        terms=terms,
        deadline=deadline,
        reserve=_reserve(chain, terms, deadline - now),
        contexts=contexts,
    )
    too_late = deadline - now < LEAST_TIME <= terms.deadline
    return _passed_over(start, now) if too_late else _advanced(start, now)


def after(attempts: Attempts, model: str, failed: Failed, now: int, draw: int = MIDDLE) -> Attempts:
    """The turn after the running call of a model failed."""
    verdict = classify(failed, attempts.terms.fallback_on)
    run = next(run for run in attempts.running if run.model == model)
    noted = _ended(attempts, run, failed)
    match verdict.onward:
        case Onward.STOP:
            return _stopped(noted, now)
        case Onward.LARGER:
            noted = replace(noted, left=_larger(noted, model))
        case Onward.NEXT:
            pass
    if noted.running:
        # A hedge that was not even called is made with the next model; else the other call is waited for.
        return _beside(noted, now) if run.hedged and failed.kind in UNTRIED else replace(noted, turn=Wait())
    pause = _pause(verdict, run.tries, draw)
    return _retried(noted, run, pause, now) if _again(noted, verdict, run, pause, now) else _advanced(noted, now)


def beside(attempts: Attempts, now: int) -> Attempts:
    """The turn when the running call has not begun to answer at `hedge_at`: the next model, beside it."""
    (run,) = attempts.running
    return _beside(replace(attempts, running=(replace(run, hedge_at=None),)), now)


def denied(attempts: Attempts, now: int) -> Attempts:
    """The turn where the budget has no extra call for the one just asked for, which was not made."""
    *others, extra = attempts.running
    left = (extra.model, *attempts.left) if extra.hedged else attempts.left  # its own turn may still come
    rest = replace(attempts, running=tuple(others), left=left)
    return replace(rest, turn=Wait()) if others else _advanced(rest, now)


# ── turns ───────────────────────────────────────────────────────────────────────────────────────


def _ended(attempts: Attempts, run: Run, failed: Failed) -> Attempts:
    running = tuple(other for other in attempts.running if other is not run)
    return replace(_noted(attempts, run.model, failed), running=running)


def _noted(attempts: Attempts, model: str, failed: Failed) -> Attempts:
    return replace(attempts, misses=(*attempts.misses, Miss(model, failed)))


def _called(attempts: Attempts, turn: Try, tries: int, now: int) -> Attempts:
    hedge = attempts.terms.hedge
    hedge_at = None if hedge is None or turn.hedged else now + turn.pause + hedge
    return replace(attempts, turn=turn, running=(*attempts.running, Run(turn.model, tries, turn.hedged, hedge_at)))


def _again(attempts: Attempts, verdict: Verdict, run: Run, pause: int, now: int) -> bool:
    """Whether the same model is called again: its kind of failure, the tries it had and the time must allow it."""
    soon = pause <= min(LONGEST_PAUSE, (attempts.deadline - now) // 3)
    time = _until(attempts, len(attempts.left)) - now - pause
    return run.tries <= _most(verdict.again, attempts.terms.retry) and soon and time >= LEAST_TIME


def _most(again: Again, retry: int) -> int:
    match again:
        case Again.NEVER:
            return 0
        case Again.ONCE:
            return min(1, retry)
        case Again.REPEATEDLY:
            return retry


def _pause(verdict: Verdict, tries: int, draw: int) -> int:
    """What the upstream asked for; else half to one and a half of a pause that doubles with each try."""
    if verdict.exact:
        return verdict.pause
    return min((verdict.pause << (tries - 1)) * (MIDDLE + draw) // WHOLE, LONGEST_PAUSE)


def _retried(attempts: Attempts, run: Run, pause: int, now: int) -> Attempts:
    until = _until(attempts, len(attempts.left))
    return _called(attempts, Try(run.model, pause, until, retried=True), run.tries + 1, now)


def _larger(attempts: Attempts, model: str) -> tuple[str, ...]:
    """The models left that may take a longer prompt than this one; an undeclared context takes anything."""
    largest = attempts.contexts.get(model) or 0
    sizes = {name: attempts.contexts.get(name) for name in attempts.left}
    return tuple(name for name, size in sizes.items() if size is None or size > largest)


def _advanced(attempts: Attempts, now: int) -> Attempts:
    """The turn of the first model left for which there is time; the very first attempt is made in any case."""
    while attempts.left:
        model, *others = attempts.left
        attempts = replace(attempts, left=tuple(others))
        until = _until(attempts, len(others))
        if until - now >= LEAST_TIME or not _tried(attempts):
            return _called(attempts, Try(model, 0, until), 1, now)
        attempts = _noted(attempts, model, TOO_LATE)
    return _stopped(attempts, now)


def _passed_over(attempts: Attempts, now: int) -> Attempts:
    """The end where the request came too late for anybody."""
    for model in attempts.left:
        attempts = _noted(attempts, model, TOO_LATE)
    return _stopped(attempts, now)


def _tried(attempts: Attempts) -> bool:
    return any(miss.failed.kind not in UNTRIED for miss in attempts.misses)


def _beside(attempts: Attempts, now: int) -> Attempts:
    model, *others = attempts.left or (None,)
    until = _until(attempts, len(others))
    if model is None or until - now < LEAST_TIME:
        return replace(attempts, turn=Wait())
    return _called(replace(attempts, left=tuple(others)), Try(model, 0, until, hedged=True), 1, now)


def _until(attempts: Attempts, after: int) -> int:
    """When an attempt must give way, so that the models `after` it have their reserve."""
    return attempts.deadline - attempts.reserve * after


def _reserve(chain: tuple[str, ...], terms: Terms, time: int) -> int:
    """What each model that waits for its turn is sure to have, of all the time there is.

    It is never so little that the model would be skipped, and never more than an equal share: a short
    deadline is divided, and not kept from the first model.
    """
    share = max(0, time) // max(1, len(chain))
    return min(max(terms.first_token, LEAST_TIME), LARGEST_RESERVE, share)


def _stopped(attempts: Attempts, now: int) -> Attempts:
    """The end. Of refusals that may be passed on the first is: of all who could not, it says most."""
    answer = next((miss for miss in attempts.misses if miss.failed.passage is not None), None)
    skipped = any(miss.failed.kind is Kind.SKIPPED for miss in attempts.misses)
    if answer is not None:
        stop = Stop(Ending.PASSED_ON, answer)
    elif skipped or now >= attempts.deadline:
        stop = Stop(Ending.OUT_OF_TIME)
    else:
        stop = Stop(Ending.EXHAUSTED)
    return replace(attempts, turn=stop, left=())
