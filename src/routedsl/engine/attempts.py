"""From a chain to its attempts: which model is called next, after what pause, until when, and how the chain ends.

Pure: told an attempt's failure and the time, it says the next turn. Durations and times are
microseconds, times those of one monotonic clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from routedsl.base.units import DURATIONS
from routedsl.engine.classify import Again, Onward, Verdict, classify
from routedsl.engine.outcome import UNTRIED, Failed, Kind, Passage
from routedsl.language.policy import Options

SECOND = DURATIONS["s"]
TIMEOUT = 60 * SECOND
STREAM_TIMEOUT = 15 * SECOND
FIRST_TOKEN = 10 * SECOND
IDLE = 20 * SECOND
DEADLINE = 120 * SECOND
STREAM_DEADLINE = 600 * SECOND
LARGEST_RESERVE = 5 * SECOND
LEAST_TIME = 250 * DURATIONS["ms"]
"""With less left an attempt is not worth its price."""
LONGEST_PAUSE = 2 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A route's options with the defaults filled in: what one chain is run by."""

    timeout: int
    first_token: int
    idle: int
    deadline: int
    retry: int
    fallback_on: tuple[str, ...] = ()


def terms_of(options: Options, *, stream: bool) -> Terms:
    """The terms of a request; a stream has defaults of its own."""
    first_token = min(FIRST_TOKEN, _given(options.timeout, FIRST_TOKEN))
    return Terms(
        timeout=_given(options.timeout, STREAM_TIMEOUT if stream else TIMEOUT),
        first_token=_given(options.first_token, first_token),
        idle=_given(options.idle, IDLE),
        deadline=_given(options.deadline, STREAM_DEADLINE if stream else DEADLINE),
        retry=options.retry,
        fallback_on=options.fallback_on,
    )


def _given(duration: int | None, default: int) -> int:
    return default if duration is None else duration


class Ending(StrEnum):
    """How a chain ends that has no answer."""

    EXHAUSTED = "exhausted"
    """All failed, or nobody could be tried."""
    PASSED_ON = "passed_on"
    """An upstream's refusal is the answer."""
    OUT_OF_TIME = "out_of_time"
    """The deadline came first."""


@dataclass(frozen=True, slots=True)
class Try:
    """Call the model, after a pause; before `until` it must have begun to answer."""

    model: str
    pause: int
    until: int


@dataclass(frozen=True, slots=True)
class Stop:
    """No further attempt. `passage` is the refusal that is passed on."""

    ending: Ending
    passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class Miss:
    """An attempt that failed: of which model, how, and after how long."""

    model: str
    failed: Failed
    took: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How far a chain has come: `left` are the models not done with, the one at its turn first.

    `contexts` are the context windows as declared. `deadline` is a time. `tries` counts the calls
    of the model at its turn.
    """

    turn: Try | Stop
    left: tuple[str, ...]
    terms: Terms
    deadline: int
    contexts: Mapping[str, int | None]
    misses: tuple[Miss, ...] = ()
    tries: int = 1


def begin(chain: tuple[str, ...], terms: Terms, contexts: Mapping[str, int | None], now: int) -> Attempts:
    """The first turn."""
    start = Attempts(
        turn=Stop(Ending.EXHAUSTED), left=chain, terms=terms, deadline=now + terms.deadline, contexts=contexts
    )
    return _advanced(start, chain, now)


def after(attempts: Attempts, failed: Failed, now: int, took: int = 0) -> Attempts:
    """The turn after the attempt of `attempts.turn` failed, which took so long."""
    verdict = classify(failed, attempts.terms.fallback_on)
    noted = _noted(attempts, Miss(attempts.left[0], failed, took))
    if _again(noted, verdict, now):
        until = _until(noted, len(noted.left), now)
        return replace(noted, turn=Try(noted.left[0], verdict.pause, until), tries=noted.tries + 1)
    match verdict.onward:
        case Onward.NEXT:
            return _advanced(noted, noted.left[1:], now)
        case Onward.LARGER:
            return _advanced(noted, _larger(noted), now)
        case Onward.STOP:
            return _stopped(noted, now)


def _noted(attempts: Attempts, miss: Miss) -> Attempts:
    return replace(attempts, misses=(*attempts.misses, miss))


def _again(attempts: Attempts, verdict: Verdict, now: int) -> bool:
    """Whether the same model is called again: its kind of failure, the tries it had and the time must allow it."""
    soon = verdict.pause <= min(LONGEST_PAUSE, (attempts.deadline - now) // 3)
    time = _until(attempts, len(attempts.left), now) - now - verdict.pause
    return attempts.tries <= _most(verdict.again, attempts.terms.retry) and soon and time >= LEAST_TIME


def _most(again: Again, retry: int) -> int:
    match again:
        case Again.NEVER:
            return 0
        case Again.ONCE:
            return min(1, retry)
        case Again.REPEATEDLY:
            return retry


def _larger(attempts: Attempts) -> tuple[str, ...]:
    """The models after this one that may take a longer prompt; an undeclared context takes anything."""
    largest = attempts.contexts.get(attempts.left[0]) or 0
    sizes = {model: attempts.contexts.get(model) for model in attempts.left[1:]}
    return tuple(model for model, size in sizes.items() if size is None or size > largest)


def _advanced(attempts: Attempts, left: tuple[str, ...], now: int) -> Attempts:
    """The turn of the first model of `left` for which there is time; the very first attempt is made in any case."""
    while left:
        until = _until(attempts, len(left), now)
        if until - now >= LEAST_TIME or not _called(attempts):
            return replace(attempts, turn=Try(left[0], 0, until), left=left, tries=1)
        attempts = _noted(attempts, Miss(left[0], Failed(kind=Kind.SKIPPED, detail="too little time was left")))
        left = left[1:]
    return _stopped(replace(attempts, left=()), now)


def _called(attempts: Attempts) -> bool:
    return any(miss.failed.kind not in UNTRIED for miss in attempts.misses)


def _until(attempts: Attempts, left: int, now: int) -> int:
    """When the attempt at its turn must give way, so that those after it have their reserve.

    A reserve is never so little that it would be skipped, and never more than an equal share of what
    remains: a short deadline is divided, and not kept from the first model.
    """
    share = (attempts.deadline - now) // left
    reserve = min(max(attempts.terms.first_token, LEAST_TIME), LARGEST_RESERVE, share)
    return attempts.deadline - reserve * (left - 1)


def _stopped(attempts: Attempts, now: int) -> Attempts:
    passage = next((miss.failed.passage for miss in attempts.misses if miss.failed.passage is not None), None)
    skipped = any(miss.failed.kind is Kind.SKIPPED for miss in attempts.misses)
    if passage is not None:
        stop = Stop(Ending.PASSED_ON, passage)
    elif skipped or now >= attempts.deadline:
        stop = Stop(Ending.OUT_OF_TIME)
    else:
        stop = Stop(Ending.EXHAUSTED)
    return replace(attempts, turn=stop)
