"""What the client gets: an answer, a stream, or an ending that says what was tried."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from routedsl.base.units import DURATIONS
from routedsl.engine.attempts import Ending, Miss, Stop
from routedsl.engine.classify import LONGEST_RETRY_AFTER, classify
from routedsl.engine.outcome import Failed, Passage, Usage
from routedsl.engine.protocol import Protocol
from routedsl.gateway.secret import redacted

SECOND = DURATIONS["s"]
JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"

Headers = tuple[tuple[str, str], ...]


class StreamBroken(Exception):  # noqa: N818  # it is the stream's state that the endpoint asks for, and no fault of ours
    """A stream broke off after its first token: the client was told in its last frame, and must not see a clean end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt as it is told: the model as declared, the outcome in one word. Times are microseconds.

    `started` is the time since the chain began. `connected`, `headers`, `first_token` and `took` are
    times since the attempt's start, the first three None where it did not come so far. `status` is
    HTTP's. Of `maybe_billed` attempts the upstream may have worked without giving an answer. `hedged`
    ones were started beside another. `wasted` is how many tokens a broken or losing attempt had given.
    `stale` pooled connections had died and may have brought the request along. `malformed` events of its
    stream could not be read, and were left out. `config_fault` ones need an operator.
    """

    model: str
    outcome: str
    detail: str = ""
    started: int = 0
    connected: int | None = None
    headers: int | None = None
    first_token: int | None = None
    took: int = 0
    status: int | None = None
    usage: Usage | None = None
    maybe_billed: bool = False
    hedged: bool = False
    wasted: int = 0
    stale: int = 0
    malformed: int = 0
    config_fault: bool = False


def untried(miss: Miss, started: int) -> AttemptRecord:
    """The record of a model that was not called."""
    return AttemptRecord(model=miss.model, outcome=miss.failed.word, detail=miss.failed.detail, started=started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer, but for the headers that tell of routing.

    `body` is a generator for streams, begun already, so that its `aclose` always frees the upstream.
    It raises `StreamBroken` after its last frame where the answer is not whole. `attempts` is told
    as the stream ends how its last attempt really went. `served_by` is the declared model. `until` is
    when a stream has to be over, by the monotonic clock.
    """

    status: int
    headers: Headers
    body: bytes | AsyncGenerator[bytes, None]
    attempts: Sequence[AttemptRecord]
    served_by: str | None = None
    until: int = 0


def answered(body: bytes, model: str, attempts: Sequence[AttemptRecord]) -> Reply:
    """A whole answer as the upstream wrote it."""
    return Reply(status=200, headers=(("content-type", JSON_TYPE),), body=body, attempts=attempts, served_by=model)


def streamed(body: AsyncGenerator[bytes, None], model: str, attempts: Sequence[AttemptRecord], until: int) -> Reply:
    """A stream whose first token is there."""
    headers: Headers = (("content-type", STREAM_TYPE), ("cache-control", "no-cache"))
    return Reply(status=200, headers=headers, body=body, attempts=attempts, served_by=model, until=until)


def ended(
    stop: Stop, misses: Sequence[Miss], tried: Sequence[AttemptRecord], protocol: Protocol, hidden: Sequence[str]
) -> Reply:
    """The reply of a chain that has no answer. `hidden` texts, our keys and hosts, are taken out."""
    match stop:
        case Stop(Ending.PASSED_ON, Miss(failed=Failed(passage=Passage() as passage)) as miss):
            return _passed_on(passage, miss.model, tried, protocol, hidden)
        case Stop(Ending.OUT_OF_TIME):
            status, code, said = 504, "deadline_exceeded", "no model answered before the deadline"
        case _:
            status, code, said = 503, "all_models_unavailable", "no model could answer"
    message = f"{said}: {_tried(misses)}" if misses else f"{said}: none could be tried"
    body = _with_attempts(protocol.error_body(status, code, message, None), tried)
    headers = (("content-type", JSON_TYPE), *_retry_headers(misses))
    return Reply(status=status, headers=headers, body=redacted(body, hidden), attempts=tried)


def _passed_on(
    passage: Passage, model: str, tried: Sequence[AttemptRecord], protocol: Protocol, hidden: Sequence[str]
) -> Reply:
    """What the upstream said: a refusal, or an answer that a filter has ended and nobody else could give."""
    headers: Headers = (("content-type", passage.content_type),)
    if passage.status == 200:
        return Reply(status=200, headers=headers, body=passage.body, attempts=tried, served_by=model)
    body = passage.body or protocol.error_body(
        passage.status, "invalid_request", "the model's server refused the request", None
    )
    headers = (*headers, ("x-should-retry", "false"))
    return Reply(status=passage.status, headers=headers, body=redacted(body, hidden), attempts=tried)


def _tried(misses: Sequence[Miss]) -> str:
    return ", ".join(f"`{miss.model}` {miss.failed.text}" for miss in misses)


def _with_attempts(body: bytes, records: Sequence[AttemptRecord]) -> bytes:
    """The error's JSON with what was tried, for programs, inside its error object."""
    value = json.loads(body)
    value["error"]["attempts"] = [{"model": record.model, "outcome": record.outcome} for record in records]
    return json.dumps(value).encode()


def _retry_headers(misses: Sequence[Miss]) -> Headers:
    """When to come back, as the soonest of the upstreams says; or not at all, where nothing will be better then."""
    if misses and all(classify(miss.failed).lasting for miss in misses):
        return (("x-should-retry", "false"),)
    waits = [miss.failed.retry_after for miss in misses if miss.failed.retry_after is not None]
    if not waits:
        return ()
    seconds = -(-min(*waits, LONGEST_RETRY_AFTER) // SECOND)
    return (("retry-after", str(max(1, seconds))),)
