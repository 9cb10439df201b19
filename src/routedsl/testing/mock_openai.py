"""Mock models that speak OpenAI's chat completions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from routedsl.testing.answer import Answer, Dialect, error_answer, event, json_answer, stream_answer
from routedsl.testing.mock import CREATED, Endpoint, Speech, digest, paced, speak, takes, whole_delay
from routedsl.testing.script import Script

DONE = b"data: [DONE]\n\n"
FINISHED = b'"finish_reason": "'


def error_value(_status: int, kind: str, code: str | None, message: str) -> dict[str, object]:
    """An error as OpenAI's API words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def respond(body: Mapping[str, Any], script: Script) -> Answer:
    """The good answer to a chat completion."""
    if not script.prefill and body["messages"] and body["messages"][-1].get("role") == "assistant":
        message = "this model does not go on with what an assistant has begun"
        return error_answer(OPENAI, 400, "invalid_request_error", None, message)
    speech = speak(body, script)
    return _stream(body, speech, script) if body.get("stream") is True else _whole(body, speech, script)


def _whole(body: Mapping[str, Any], speech: Speech, script: Script) -> Answer:
    message = {"role": "assistant", "content": speech.text}
    choice = {"index": 0, "message": message, "finish_reason": _reason(speech)}
    answer = {**_envelope(body, "chat.completion"), "choices": [choice], "usage": _usage(speech)}
    return replace(json_answer(OPENAI, 200, answer), delay=whole_delay(script, len(speech.tokens)))


def _stream(body: Mapping[str, Any], speech: Speech, script: Script) -> Answer:
    chunk = _envelope(body, "chat.completion.chunk")
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    more = {"usage": None} if with_usage else {}

    def part(delta: dict[str, str], reason: str | None = None) -> bytes:
        return event({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more})

    usage = [event({**chunk, "choices": [], "usage": _usage(speech)})] if with_usage else []
    before = [part({"role": "assistant", "content": ""})]
    tokens = [part({"content": token}) for token in speech.tokens]
    steps = paced(before, tokens, [part({}, _reason(speech)), *usage, DONE], script)
    return replace(stream_answer(OPENAI, tuple(steps)), delay=script.latency)


def _reason(speech: Speech) -> str:
    return "length" if speech.limited else "stop"


def _usage(speech: Speech) -> dict[str, int]:
    said = len(speech.tokens)
    return {"prompt_tokens": speech.prompt, "completion_tokens": said, "total_tokens": speech.prompt + said}


def _envelope(body: Mapping[str, Any], kind: str) -> dict[str, object]:
    return {"id": f"chatcmpl-mock-{digest(body)}", "object": kind, "created": CREATED, "model": body["model"]}


def _unchosen(value: dict[str, Any]) -> None:
    value["choices"] = []


def _unsaid(value: dict[str, Any]) -> None:
    for choice in value["choices"]:
        choice["delta" if "delta" in choice else "message"]["content"] = None


OPENAI = Dialect(
    error=error_value,
    frame=event,
    finishes=lambda event: FINISHED in event,
    ends=lambda event: event == DONE,
    unchosen=_unchosen,
    unsaid=_unsaid,
)
CHAT = Endpoint(dialect=OPENAI, takes=takes, respond=respond)
