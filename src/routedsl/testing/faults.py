"""What upstreams do wrong: a table of names, each with a function that makes a bad answer of a good one.

A fault is written as its name, or with a number behind a colon: `cut:40`. An upstream that refuses
connections is no fault of an answer: stop it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from types import MappingProxyType
from typing import Any

from routedsl.base.suggest import did_you_mean
from routedsl.testing.answer import (
    DONE,
    PING,
    Answer,
    End,
    Step,
    Wait,
    after,
    body_answer,
    error_answer,
    error_value,
    event,
    json_answer,
    until,
)

Change = Callable[[Answer, int], Answer]
"""Makes a bad answer of a good one, given the number behind the fault's colon."""
Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. `number` stands in where none is written."""

    doc: str
    change: Change
    number: int = 0


def instead(bad: Answer) -> Change:
    """Another answer, as late as the good one."""
    return lambda answer, _: replace(bad, delay=answer.delay)


def silent(end: End) -> Change:
    """Not even a status line."""
    return instead(Answer(headers={}, steps=(end,), head=False))


def error(status: int, kind: str, code: str | None, message: str) -> Change:
    """An error in place of the answer."""
    return instead(error_answer(status, kind, code, message))


def rate_limit(answer: Answer, seconds: int) -> Answer:
    """429 which says when to come back."""
    limited = error_answer(429, *RATE_LIMIT)
    return replace(limited, delay=answer.delay, headers={**limited.headers, "Retry-After": str(seconds)})


RATE_LIMIT = ("requests", "rate_limit_exceeded", "too many requests")
INVALID = "invalid_request_error"
QUOTA = "insufficient_quota"
HTML = b"<!doctype html><title>Welcome</title><h1>Please log in</h1>"
HALF_JSON = b'{"id": "chatcmpl-mock", "choices": [{"mess'


# ── the words of an answer ──────────────────────────────────────────────────────────────────────


def edited(edit: Edit) -> Change:
    """The answer, or each event of a stream, with its JSON changed."""

    def change(answer: Answer, _: int) -> Answer:
        if answer.stream:
            return replace(answer, steps=tuple(_edited_event(edit, step) for step in answer.steps))
        body = b"".join(step for step in answer.steps if isinstance(step, bytes))
        return replace(json_answer(200, _edited_json(edit, body)), delay=answer.delay)

    return change


def _edited_event(edit: Edit, step: Step) -> Step:
    if not isinstance(step, bytes) or step == DONE:
        return step
    return event(_edited_json(edit, step.removeprefix(b"data: ")))


def _edited_json(edit: Edit, body: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body)
    edit(value)
    return value


def _without_choices(value: dict[str, Any]) -> None:
    value["choices"] = []


def _without_content(value: dict[str, Any]) -> None:
    for choice in value["choices"]:
        choice["delta" if "delta" in choice else "message"]["content"] = None


# ── the course of a stream ──────────────────────────────────────────────────────────────────────
# Where an answer is no stream, an end comes after half of its body, and an odd event changes nothing.

CRASH = error_value("server_error", None, "the model crashed")
MALFORMED = b'data: {"choices": [{\n\n'


def ends(end: End) -> Change:
    """So many events, and then a bad end."""
    return lambda answer, events: replace(answer, steps=(*until(answer, events), end))


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


def malformed_event(answer: Answer, events: int) -> Answer:
    """An event that is no JSON in between."""
    if not answer.stream:
        return answer
    return replace(answer, steps=(*until(answer, events), MALFORMED, *after(answer, events)))


def stream_error(answer: Answer, events: int) -> Answer:
    """An error as the last event, and then a clean end."""
    if not answer.stream:
        return replace(json_answer(500, CRASH), delay=answer.delay)
    return replace(answer, steps=(*until(answer, events), event(CRASH)))


def without_done(answer: Answer, _: int) -> Answer:
    """No end mark."""
    return replace(answer, steps=tuple(step for step in answer.steps if step != DONE))


def two_done(answer: Answer, _: int) -> Answer:
    """The end mark once more."""
    return replace(answer, steps=(*answer.steps, DONE)) if answer.stream else answer


_FAULTS = {
    "hang": Fault("takes the request and never answers", silent(End.HANG)),
    "reset": Fault("resets the connection instead of answering", silent(End.RESET)),
    "close": Fault("closes the connection instead of answering", silent(End.CLOSE)),
    "400": Fault("the request is not valid", error(400, INVALID, None, "the request is not valid")),
    "401": Fault("the key is not valid", error(401, INVALID, "invalid_api_key", "the API key is not valid")),
    "402": Fault("no credit is left", error(402, "billing_error", "insufficient_credits", "no credit is left")),
    "403": Fault("the key may not do this", error(403, "permission_error", None, "the key may not do this")),
    "404": Fault("no such model", error(404, INVALID, "model_not_found", "there is no such model")),
    "429": Fault("too many requests, with `Retry-After: N` seconds", rate_limit, 1),
    "429-bare": Fault("429, not saying when to come back", error(429, *RATE_LIMIT)),
    "quota": Fault("429, the quota is used up", error(429, QUOTA, QUOTA, "the quota is used up")),
    "500": Fault("something went wrong", error(500, "server_error", None, "something went wrong")),
    "502": Fault(
        "nothing answers behind a proxy", error(502, "server_error", None, "nothing answers behind this proxy")
    ),
    "503": Fault("the server is overloaded", error(503, "server_error", None, "the server is overloaded")),
    "529": Fault("overloaded", error(529, "overloaded_error", None, "overloaded")),
    "context-length": Fault(
        "400, the prompt is too long", error(400, INVALID, "context_length_exceeded", "the prompt is too long")
    ),
    "content-filter": Fault(
        "400, the prompt is filtered", error(400, INVALID, "content_filter", "the prompt was filtered")
    ),
    "cut-json": Fault("200 and half of a JSON body, its length to match", instead(body_answer(200, HALF_JSON))),
    "html": Fault("200 and a web page", instead(body_answer(200, HTML, "text/html; charset=utf-8"))),
    "empty": Fault("200 and an empty body", instead(body_answer(200, b""))),
    "200-error": Fault("200 and an error as its body", error(200, "server_error", None, "something went wrong")),
    "empty-choices": Fault("200 without choices", edited(_without_choices)),
    "null-content": Fault("200 without content", edited(_without_content)),
    "slow-first-token": Fault("the first token N seconds late", slow_first_token, 30),
    "pings-only": Fault("a stream of comments, one in N milliseconds", pings_only, 50),
    "cut": Fault("closes the connection after N events", ends(End.CLOSE), 3),
    "reset-at": Fault("resets the connection after N events", ends(End.RESET), 3),
    "stall": Fault("N events, and nothing more", ends(End.HANG), 3),
    "first-event-error": Fault("a stream whose first event is an error", stream_error),
    "error-at": Fault("an error after N events", stream_error, 3),
    "malformed-event": Fault("an event that is no JSON after N events", malformed_event, 3),
    "no-done": Fault("a stream without `[DONE]`", without_done),
    "two-done": Fault("a stream with `[DONE]` twice", two_done),
}
FAULTS: Mapping[str, Fault] = MappingProxyType(_FAULTS)


def apply_fault(text: str, answer: Answer) -> Answer:
    """The answer with the fault in it; raises ValueError where `text` names none."""
    fault, number = find_fault(text)
    return fault.change(answer, number)


def find_fault(text: str) -> tuple[Fault, int]:
    """The fault that `cut` or `cut:40` names, and its number; raises ValueError where there is none."""
    name, colon, number = text.partition(":")
    if name not in FAULTS:
        raise ValueError(f"there is no fault `{name}`: {did_you_mean(name, FAULTS) or f'there are {_names()}'}")
    if colon and not number.isdecimal():
        raise ValueError(f"`{number}` in `{text}` is not a whole number")
    return FAULTS[name], int(number) if colon else FAULTS[name].number


def _names() -> str:
    return ", ".join(f"`{name}`" for name in FAULTS)
