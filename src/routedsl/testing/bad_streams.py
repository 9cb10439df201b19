"""Changes of a stream's course: what comes too late, too early, twice, not at all, or in an odd form.

Where an answer is no stream, an end comes after half of its body, and an odd event changes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

from routedsl.testing.answer import PING, Answer, End, Step, Wait, after, each_bytes, json_answer, until
from routedsl.testing.bad_bodies import DATA, on_json
from routedsl.testing.bad_heads import Change, silent

CRASH = ("server_error", None, "the model crashed")
MALFORMED = b'data: {"choices": [{\n\n'


def streams(change: Change) -> Change:
    """A change that leaves alone what is no stream."""
    return lambda answer, number: change(answer, number) if answer.stream else answer


def ends(end: End) -> Change:
    """So many events, and then a bad end."""
    return lambda answer, events: replace(answer, steps=(*until(answer, events), end))


def inserted(*steps: Step) -> Change:
    """Something between the events, after so many."""
    return streams(
        lambda answer, events: replace(answer, steps=(*until(answer, events), *steps, *after(answer, events)))
    )


def without(unwanted: Callable[[Answer, bytes], bool]) -> Change:
    """A stream some of whose events never come."""

    def change(answer: Answer, _: int) -> Answer:
        kept = (step for step in answer.steps if not (isinstance(step, bytes) and unwanted(answer, step)))
        return replace(answer, steps=tuple(kept))

    return streams(change)


def rewritten(change: Callable[[bytes], bytes]) -> Change:
    """The same events in another form."""
    return streams(lambda answer, _: replace(answer, steps=tuple(each_bytes(change, answer.steps))))


def slow_first_token(answer: Answer, seconds: int) -> Answer:
    """Headers and the role at once, the first token later; without a stream, late headers."""
    if not answer.stream:
        return replace(answer, delay=answer.delay + seconds)
    return replace(answer, steps=(*until(answer, 1), Wait(seconds), *after(answer, 1)))


def pings_only(answer: Answer, milliseconds: int) -> Answer:
    """Comments for ever; without a stream, nothing."""
    if not answer.stream:
        return silent(End.HANG)(answer, 0)
    return replace(answer, steps=cycle((PING, Wait(milliseconds / 1000))))


def stream_error(answer: Answer, events: int) -> Answer:
    """An error as the last event, and then a clean end."""
    crash = answer.dialect.error(500, *CRASH)
    if not answer.stream:
        return replace(json_answer(answer.dialect, 500, crash), delay=answer.delay)
    return replace(answer, steps=(*until(answer, events), answer.dialect.frame(crash)))


@streams
def two_done(answer: Answer, _: int) -> Answer:
    """The end mark once more."""
    marks = (step for step in answer.steps if isinstance(step, bytes) and answer.dialect.ends(step))
    return replace(answer, steps=(*answer.steps, *marks))


@streams
def after_done(answer: Answer, _: int) -> Answer:
    """A word after the end mark."""
    return replace(answer, steps=(*answer.steps, after(answer, 1)[0]))


@streams
def big_event(answer: Answer, kilobytes: int) -> Answer:
    """The first word with a long tail that nobody asked for."""
    tail = b', "padding": "' + b"x" * (kilobytes * 1000) + b'"}'
    word, *rest = after(answer, 1)
    return replace(
        answer, steps=(*until(answer, 1), *each_bytes(on_json(lambda text: text[:-1] + tail), (word,)), *rest)
    )


@streams
def split_characters(answer: Answer, _: int) -> Answer:
    """Each byte that is not ASCII by itself."""

    def split(step: Step) -> tuple[Step, ...]:
        if not isinstance(step, bytes):
            return (step,)
        marked = b"".join(b"\0%c\0" % byte if byte > 127 else b"%c" % byte for byte in step)
        return tuple(piece for piece in marked.split(b"\0") if piece)

    return replace(answer, steps=tuple(piece for step in answer.steps for piece in split(step)))


crlf = rewritten(lambda text: text.replace(b"\n", b"\r\n"))
no_space = rewritten(lambda text: text.replace(DATA, DATA.rstrip()))
