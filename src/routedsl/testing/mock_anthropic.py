"""Mock models that speak Anthropic's messages."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from routedsl.testing.answer import Answer, Dialect, error_answer, json_answer, stream_answer
from routedsl.testing.mock import Endpoint, Speech, digest, paced, speak, takes, text_of, whole_delay
from routedsl.testing.script import Script

ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
ERROR_WORDS = {
    "context_length_exceeded": "prompt is too long: 250000 tokens > 200000 maximum",
    "content_filter": "Output blocked by content filtering policy",
}
"""What is told by a code elsewhere, and by the message here."""
FINISHED = b'"stop_reason": "'


def event(value: Mapping[str, object]) -> bytes:
    """One server-sent event, named as its JSON says."""
    return f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


DONE = event({"type": "message_stop"})


def error_value(status: int, _kind: str, code: str | None, message: str) -> dict[str, object]:
    """An error as Anthropic's API words it."""
    kind = ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": kind, "message": ERROR_WORDS.get(code or "", message)}
    return {"type": "error", "error": error, "request_id": "req_mock"}


def respond(body: Mapping[str, Any], script: Script) -> Answer:
    """The good answer to a message."""
    if not script.prefill and body["messages"] and body["messages"][-1].get("role") == "assistant":
        message = "This model does not support assistant message prefill."
        return error_answer(ANTHROPIC, 400, "invalid_request_error", None, message)
    speech = speak(_with_system(body), script)
    return _stream(body, speech, script) if body.get("stream") is True else _whole(body, speech, script)


def count(body: Mapping[str, Any], script: Script) -> Answer:
    """How many tokens a message has."""
    counted = {"input_tokens": speak(_with_system(body), script).prompt}
    return replace(json_answer(ANTHROPIC, 200, counted), delay=script.latency)


def _with_system(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body with its system prompt among the messages, where its words are counted as well."""
    system = text_of(body.get("system"))
    return {**body, "messages": [{"role": "system", "content": system}, *body["messages"]]} if system else body


def _whole(body: Mapping[str, Any], speech: Speech, script: Script) -> Answer:
    content = [{"type": "text", "text": speech.text}]
    more = {"content": content, "stop_reason": _reason(speech), "usage": _usage(speech, len(speech.tokens))}
    answer = json_answer(ANTHROPIC, 200, {**_envelope(body), **more})
    return replace(answer, delay=whole_delay(script, len(speech.tokens)))


def _stream(body: Mapping[str, Any], speech: Speech, script: Script) -> Answer:
    message = {**_envelope(body), "content": [], "stop_reason": None, "usage": _usage(speech, 1)}
    block = {"index": 0, "content_block": {"type": "text", "text": ""}}
    begin = [
        event({"type": "message_start", "message": message})
        + event({"type": "content_block_start", **block})
        + event({"type": "ping"})
    ]
    words = [_delta("content_block_delta", {"type": "text_delta", "text": token}, index=0) for token in speech.tokens]
    end = [
        event({"type": "content_block_stop", "index": 0}),
        _delta("message_delta", {"stop_reason": _reason(speech)}, usage={"output_tokens": len(speech.tokens)}),
        DONE,
    ]
    steps = paced(begin, words, end, script)
    return replace(stream_answer(ANTHROPIC, tuple(steps)), delay=script.latency)


def _delta(kind: str, delta: Mapping[str, object], **more: object) -> bytes:
    return event({"type": kind, "delta": delta, **more})


def _reason(speech: Speech) -> str:
    return "max_tokens" if speech.limited else "end_turn"


def _usage(speech: Speech, said: int) -> dict[str, int]:
    return {"input_tokens": speech.prompt, "output_tokens": said}


def _envelope(body: Mapping[str, Any]) -> dict[str, object]:
    return {
        "id": f"msg_mock_{digest(body)}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "stop_sequence": None,
    }


def _unchosen(value: dict[str, Any]) -> None:
    """No content, and no reason why there is none."""
    value.pop("content", None)
    value.pop("delta", None)


def _unsaid(value: dict[str, Any]) -> None:
    if "content" in value:
        value["content"] = None
    if value.get("type") == "content_block_delta":
        value["delta"]["text"] = ""


ANTHROPIC = Dialect(
    error=error_value,
    frame=event,
    finishes=lambda event: FINISHED in event,
    ends=lambda event: event == DONE,
    unchosen=_unchosen,
    unsaid=_unsaid,
)
MESSAGES = Endpoint(dialect=ANTHROPIC, takes=takes, respond=respond)
COUNT = Endpoint(dialect=ANTHROPIC, takes=takes, respond=count)
