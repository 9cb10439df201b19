"""What the client gets: an answer, a stream, or an ending that says what was tried."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from routedsl.base.units import DURATIONS
from routedsl.engine.attempts import Attempts, Ending, Miss, Stop
from routedsl.engine.classify import classify
from routedsl.engine.outcome import Failed, Outcome, Passage, Usage
from routedsl.engine.protocol import Protocol
from routedsl.gateway.secret import redacted

SECOND = DURATIONS["s"]
LONGEST_RETRY_AFTER = 30 * SECOND
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
    `config_fault` ones need an operator.
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
    config_fault: bool = False


def records_of(attempts: Attempts) -> list[AttemptRecord]:
    """The records of the attempts that failed."""
    return [record_of(miss.model, miss.failed, miss.took) for miss in attempts.misses]


def record_of(model: str, outcome: Outcome, took: int = 0) -> AttemptRecord:
    """The record of an attempt."""
    if not isinstance(outcome, Failed):
        return AttemptRecord(model=model, outcome="ok", took=took, usage=outcome.usage)
    fault = classify(outcome).config_fault
    return AttemptRecord(model=model, outcome=outcome.word, detail=outcome.detail, took=took, config_fault=fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer, but for the headers that tell of routing.

    `body` is a generator for streams, begun already, so that its `aclose` always frees the upstream.
    It raises `StreamBroken` after its last frame where the answer is not whole. `attempts` is told
    as the stream ends how its last attempt really went. `served_by` is the declared model.
    """

    status: int
    headers: Headers
    body: bytes | AsyncGenerator[bytes, None]
    attempts: Sequence[AttemptRecord]
    served_by: str | None = None


def answered(body: bytes | AsyncGenerator[bytes, None], model: str, attempts: Sequence[AttemptRecord]) -> Reply:
    """A whole answer as the upstream wrote it, or a stream whose first token is there."""
    headers: Headers = (("content-type", JSON_TYPE),)
    if not isinstance(body, bytes):
        headers = (("content-type", STREAM_TYPE), ("cache-control", "no-cache"))
    return Reply(status=200, headers=headers, body=body, attempts=attempts, served_by=model)


def ended(stop: Stop, attempts: Attempts, protocol: Protocol, hidden: Sequence[str]) -> Reply:
    """The reply of a chain that has no answer. `hidden` texts, our keys and hosts, are taken out."""
    records = records_of(attempts)
    match stop:
        case Stop(Ending.PASSED_ON, Passage() as passage):
            return _passed_on(passage, records, protocol, hidden)
        case Stop(Ending.OUT_OF_TIME):
            status, code, said = 504, "deadline_exceeded", "no model answered before the deadline"
        case _:
            status, code, said = 503, "all_models_unavailable", "no model could answer"
    message = f"{said}: {_tried(attempts.misses)}" if attempts.misses else f"{said}: none could be tried"
    body = _with_attempts(protocol.error_body(status, code, message, None), records)
    return Reply(
        status=status,
        headers=(("content-type", JSON_TYPE), *_retry_headers(attempts.misses)),
        body=redacted(body, hidden),
        attempts=records,
    )


def _passed_on(passage: Passage, records: Sequence[AttemptRecord], protocol: Protocol, hidden: Sequence[str]) -> Reply:
    body = passage.body or protocol.error_body(
        passage.status, "invalid_request", "the model's server refused the request", None
    )
    headers = (("content-type", passage.content_type), ("x-should-retry", "false"))
    return Reply(status=passage.status, headers=headers, body=redacted(body, hidden), attempts=records)


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
