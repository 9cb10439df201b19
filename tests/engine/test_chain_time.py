"""Chains in virtual time: random models with random faults, and the promises about time that hold for all of them."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from routedsl.base.units import DURATIONS
from routedsl.engine.attempts import Ending, Stop, Try, after, begin, beside, denied
from routedsl.engine.outcome import UNTRIED, Failed, Kind, Passage
from routedsl.engine.terms import Terms
from tests.effort import effort

CHAINS = effort(5_000, 100_000, ci=20_000)
FAULTS = tuple(kind for kind in Kind if kind not in {Kind.SKIPPED, Kind.GONE, Kind.LOST, Kind.LATE})
PASSED_ON = frozenset({Kind.INVALID, Kind.TOO_LONG, Kind.FILTERED})
SAID = Passage(status=400, content_type="application/json", body=b"no")
SECOND, MS = DURATIONS["s"], DURATIONS["ms"]
LEAST_TIME = 250 * MS
LARGEST_RESERVE = 5 * SECOND


@dataclass(frozen=True)
class Call:
    """One call that was made: when, when it ends unless it is given up, and why it fails (None: it answers)."""

    turn: Try
    began: int
    ends: int
    failed: Failed | None


@dataclass
class Story:
    """What became of one chain: all calls, the end's time, and the ending (None: a model answered)."""

    chain: tuple[str, ...]
    terms: Terms
    calls: list[Call] = field(default_factory=list)
    ended: int = 0
    ending: Ending | None = None
    skipped: tuple[str, ...] = ()


Model = Callable[[Try], tuple[int, Failed | None]]
"""How long a call takes, and why it fails."""


def story_of(chance: Random, chain: tuple[str, ...], terms: Terms, model: Model) -> Story:
    """One chain, run by its turns as a dispatcher does it, whatever time that takes."""
    contexts = {name: chance.choice((None, 1, 2, 3)) for name in chain}
    story, now = Story(chain, terms), 0
    running: list[tuple[int, int, Call]] = []
    attempts = begin(chain, terms, contexts, now)
    while not isinstance(turn := attempts.turn, Stop):
        if isinstance(turn, Try) and turn.extra and chance.random() < 0.2:
            attempts = denied(attempts, now)
            continue
        if isinstance(turn, Try):
            call = call_of(turn, now + turn.pause, *model(turn))
            story.calls.append(call)
            heapq.heappush(running, (call.ends, len(story.calls), call))
        hedge_at = attempts.hedge_at
        if hedge_at is not None and max(now, hedge_at) < running[0][0]:
            now = max(now, hedge_at)
            attempts = beside(attempts, now)
            continue
        now, _, call = heapq.heappop(running)
        if call.failed is None:
            story.ended = now
            return story
        attempts = after(attempts, call.turn.model, call.failed, now, chance.randrange(1_000_000))
    story.ended, story.ending = now, turn.ending
    story.skipped = tuple(miss.model for miss in attempts.misses if miss.failed.kind is Kind.SKIPPED)
    return story


def call_of(turn: Try, began: int, took: int, failed: Failed | None) -> Call:
    if failed is not None and failed.kind in UNTRIED:
        return Call(turn, began, began, failed)
    if began + took > turn.until:
        return Call(turn, began, turn.until, Failed(kind=Kind.TIMEOUT))
    return Call(turn, began, began + took, failed)


def by_chance(chance: Random) -> Model:
    """Models that do anything, and take any time."""

    def model(_turn: Try) -> tuple[int, Failed | None]:
        took = chance.choice((0, MS, 300 * MS, 3 * SECOND, 40 * SECOND, 700 * SECOND))
        kind = chance.choice((*FAULTS, None, None))
        if kind is None:
            return took, None
        rest = chance.choice((None, None, 0, SECOND, 30 * SECOND))
        return took, Failed(kind=kind, retry_after=rest, passage=SAID if kind in PASSED_ON else None)

    return model


def terms_by(chance: Random) -> Terms:
    def duration() -> int:
        return chance.choice((1, 40 * MS, 400 * MS, SECOND, 3 * SECOND, 15 * SECOND, 120 * SECOND))

    return Terms(
        timeout=duration(),
        first_token=duration(),
        idle=duration(),
        deadline=duration(),
        retry=chance.randrange(5),
        fallback_on=chance.choice(((), ("filtered",), ("invalid", "too_long"))),
        hedge=chance.choice((None, None, duration())),
    )


def chain_by(chance: Random) -> tuple[str, ...]:
    return tuple("abcdef"[: chance.randrange(7)])


def stories(model: Callable[[Random], Model]) -> list[Story]:
    rolls = (Random(seed) for seed in range(CHAINS))
    return [story_of(chance, chain_by(chance), terms_by(chance), model(chance)) for chance in rolls]


def test_no_chain_runs_past_its_deadline_or_calls_anybody_without_reason(
    record_property: Callable[[str, object], None],
) -> None:
    told = stories(by_chance)
    for story in told:
        assert story.ended <= story.terms.deadline
        assert most_at_once(story.calls) <= (1 if story.terms.hedge is None else 2)
        check_calls(story)
    endings = Counter("answered" if story.ending is None else story.ending.value for story in told)
    assert set(endings) == {"answered", *Ending}
    record_property(
        "measured", f"{len(told):,} chains, {sum(len(story.calls) for story in told):,} calls: {dict(endings)}"
    )


def check_calls(story: Story) -> None:
    """Silence is not asked again, others at most as often as the route says, and never for too short a time."""
    called = [call for call in story.calls if call.failed is None or call.failed.kind not in UNTRIED]
    tries = Counter(call.turn.model for call in called)
    assert all(count <= 1 + story.terms.retry for count in tries.values())
    silent: set[str] = set()
    for index, call in enumerate(called):
        assert call.turn.model not in silent
        assert call.turn.until <= story.terms.deadline
        assert call.began + LEAST_TIME <= call.turn.until or index == 0
        left = story.terms.deadline - (call.began - call.turn.pause)
        assert call.turn.pause <= min(2 * SECOND, left // 3)
        if call.failed is not None and call.failed.kind is Kind.TIMEOUT:
            silent.add(call.turn.model)


def most_at_once(calls: list[Call]) -> int:
    spans = [call for call in calls if call.ends > call.began]
    return max((sum(other.began <= call.began < other.ends for other in spans) for call in spans), default=0)


def last_answers(chance: Random) -> Model:
    """All models fail in ways that move on, or are silent; only the last would answer, within its reserve."""
    moving = [kind for kind in FAULTS if kind not in PASSED_ON]
    wild = by_chance(chance)

    def model(turn: Try) -> tuple[int, Failed | None]:
        if turn.model == "z":
            return 0, None
        took, _ = wild(turn)
        return took, Failed(kind=chance.choice(moving), retry_after=chance.choice((None, 0, SECOND)))

    return model


def test_a_healthy_last_model_always_gets_its_reserve(record_property: Callable[[str, object], None]) -> None:
    shared = 0
    for seed in range(CHAINS):
        chance = Random(seed)
        chain, terms = (*chain_by(chance), "z"), terms_by(chance)
        reserve = min(max(terms.first_token, LEAST_TIME), LARGEST_RESERVE, terms.deadline // len(chain))
        story = story_of(chance, chain, terms, last_answers(chance))
        if reserve < LEAST_TIME and story.skipped:
            continue  # the deadline is too short to be shared among so many
        shared += 1
        last = story.calls[-1]
        assert (story.ending, last.turn.model, last.turn.until) == (None, "z", terms.deadline)
        assert terms.deadline - last.began >= reserve
    assert shared > CHAINS // 2
    record_property("measured", f"the last model had its reserve in all of {shared:,} that had one to give")
