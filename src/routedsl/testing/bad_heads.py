"""Changes of an answer before its body: connections that die, heads that are none, statuses."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate

from routedsl.testing.answer import Answer, End, Step, Steps, Wait, body_answer, error_answer

Change = Callable[[Answer, int], Answer]
"""Makes a bad answer of a good one, given the number behind the fault's colon."""

INVALID = "invalid_request_error"
RATE_LIMIT = ("requests", "rate_limit_exceeded", "too many requests")
ELSEWHERE = "http://elsewhere.invalid/v1/chat/completions"


def silent(end: End) -> Change:
    """Not even a status line."""
    return lambda answer, _: replace(answer, wire=lambda _steps: (Wait(answer.delay), end))


def stale(answer: Answer, _: int) -> Answer:
    """A good answer on a connection that takes no more."""
    return replace(answer, wire=lambda steps: (*steps, End.STALE))


# ── heads ───────────────────────────────────────────────────────────────────────────────────────


def on_head(change: Callable[[bytes], Steps]) -> Callable[[Iterator[Step]], Steps]:
    """Sends other steps for the head, and all else as it is."""

    def wire(steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, bytes):
                yield from change(step)
                break
            yield step
        yield from steps

    return wire


def slow_head(answer: Answer, milliseconds: int) -> Answer:
    """The head byte by byte."""
    pause = Wait(milliseconds / 1000)
    drip = on_head(lambda head: (step for byte in head for step in (bytes([byte]), pause)))
    return replace(answer, wire=drip)


def bad_status_line(answer: Answer, _: int) -> Answer:
    """A first line that is not HTTP's."""
    return replace(answer, wire=on_head(lambda head: (b"HTTP/1.1 all right\r\n" + head.partition(b"\r\n")[2],)))


def continues(answer: Answer, count: int) -> Answer:
    """Interim answers before the real one."""
    return replace(answer, wire=on_head(lambda head: (b"HTTP/1.1 100 Continue\r\n\r\n" * count + head,)))


def long_header(answer: Answer, kilobytes: int) -> Answer:
    """One header that is far too long."""
    return answer.with_headers(("X-Long", "x" * (kilobytes * 1000)))


def many_headers(answer: Answer, count: int) -> Answer:
    """Far too many headers."""
    return answer.with_headers(*((f"X-{number}", "y") for number in range(count)))


def both_lengths(answer: Answer, _: int) -> Answer:
    """A length, and chunks."""
    return replace(answer.with_headers(("Content-Length", str(len(answer.body)))), chunked=True)


def two_lengths(answer: Answer, _: int) -> Answer:
    """Two lengths that differ."""
    length = len(answer.body)
    lengths = (("Content-Length", str(length)), ("Content-Length", str(length // 2)))
    return replace(answer, chunked=False).with_headers(*lengths)


# ── statuses ────────────────────────────────────────────────────────────────────────────────────


def instead(bad: Callable[[Answer], Answer]) -> Change:
    """Another answer, as late as the good one."""
    return lambda answer, _: replace(bad(answer), delay=answer.delay)


def error(status: int, kind: str, code: str | None, message: str) -> Change:
    """An error in place of the answer."""
    return instead(lambda answer: error_answer(answer.dialect, status, kind, code, message))


def redirect(answer: Answer, _: int) -> Answer:
    """Another address, where nobody should go."""
    moved = replace(body_answer(answer.dialect, 307, b""), delay=answer.delay)
    return moved.with_headers(("Location", ELSEWHERE))


def rate_limit(answer: Answer, seconds: int) -> Answer:
    """429 which says in how many seconds to come back."""
    return error(429, *RATE_LIMIT)(answer, 0).with_headers(("Retry-After", str(seconds)))


def rate_limit_date(answer: Answer, seconds: int) -> Answer:
    """429 which says at which time to come back."""
    date = formatdate(time.time() + seconds, usegmt=True)
    return error(429, *RATE_LIMIT)(answer, 0).with_headers(("Retry-After", date))
