"""`POST /v1/feedback`: a client says how good an answer was, by the id of its request.

It is the only endpoint for clients that leaves something behind: one number for a request that this gateway has
recorded, of the same key. A later one takes the place of an earlier one.
"""

import asyncio
from dataclasses import replace
from typing import NamedTuple

from aiohttp import web

from routedsl.engine.fields import FieldError, required, text
from routedsl.engine.history import Standing
from routedsl.engine.request import RequestError
from routedsl.engine.strict_json import read_json
from routedsl.gateway.entrance import CLIENT
from routedsl.gateway.ingress import read_body
from routedsl.gateway.wiring import GATEWAY, Gateway
from routedsl.records.outcomes import Rated
from routedsl.records.recorder import Recorder
from routedsl.records.tables import StoreError

PATH = "/v1/feedback"
LARGEST = 4096
"""Bytes of a body."""
PATIENCE = 5.0
"""Seconds until a disk has kept a score."""
_THUMBS = {"up": 1.0, "down": 0.0}
_FIELDS = ("request_id", "score")


class Feedback(NamedTuple):
    """A score, from 0 to 1, for the answer to a request."""

    request_id: str
    score: float


async def rate(http: web.Request) -> web.Response:
    """Keep a score, and let it count in the history of the model that answered."""
    gateway = http.app[GATEWAY]
    recording = gateway.telemetry.recording
    if recording is None:
        raise RequestError("not_found", "nothing is recorded here that feedback could be about: `serve --state DIR`")
    feedback = read_feedback(await read_body(http, replace(gateway.limits, size=LARGEST)))
    client = http.get(CLIENT)
    rated = await _kept(recording.recorder, feedback, None if client is None else client.name)
    if rated is None:
        message = f"no answer to a request `{feedback.request_id}` is recorded; one that just ended may be in a second"
        raise RequestError("not_found", message, "request_id")
    _count(rated, gateway)
    return web.json_response({"request_id": feedback.request_id, "model": rated.model, "score": rated.score})


def read_feedback(body: bytes) -> Feedback:
    """The feedback in a body; raises `RequestError`."""
    fields = read_json(body)
    if not isinstance(fields, dict):
        raise RequestError("invalid_request", "the body must be an object")
    for name in fields:
        if name not in _FIELDS:
            raise FieldError(name, "left out: there are `request_id` and `score`")
    return Feedback(required(fields, "request_id", text), required(fields, "score", _score))


def _score(value: object) -> float:
    if isinstance(value, str) and value in _THUMBS:
        return _THUMBS[value]
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise FieldError("", 'a number from 0 to 1, or `"up"`, or `"down"`')


async def _kept(recorder: Recorder, feedback: Feedback, key: str | None) -> Rated | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.wrap_future(recorder.rate(feedback.request_id, key, feedback.score))
    except (StoreError, TimeoutError):
        raise RequestError("overloaded", "the score cannot be kept for now") from None


def _count(rated: Rated, gateway: Gateway) -> None:
    """What was counted as good as it was before, is as good as it is now."""
    change = Standing(0, rated.score - rated.before, rated.received)
    gateway.states.history.add(rated.model, rated.rule, change)
