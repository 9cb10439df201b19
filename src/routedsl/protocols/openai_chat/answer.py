"""The answer to a chat completion: what a whole one and the events of a stream mean, and our own errors."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from routedsl.engine.outcome import told
from routedsl.engine.protocol import MOST_ANSWERED, StreamEvent, WholeAnswer
from routedsl.engine.sse import ServerEvent, encode_event
from routedsl.engine.strict_json import read_object

DONE = encode_event(b"[DONE]")
FILTERED = "content_filter"
"""The reason of an answer that a filter has ended."""

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])

_SAID = ("content", "tool_calls", "function_call", "reasoning_content", "reasoning", "refusal", "audio")
"""What a message or its delta may say; reasoning has two names."""
_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def read_event(event: ServerEvent) -> StreamEvent:
    """What one event of a stream means."""
    data = event.data or b""
    if data.strip() == b"[DONE]":
        return StreamEvent(data=data, name=event.name, kind="done")
    chunk = read_object(data)
    error = _error(chunk or {})
    if error is not None or event.name == "error":  # what has that name is one, whatever it says
        return StreamEvent(data=data, name=event.name, kind="error", error=error or chunk or {})
    if chunk is None:
        return StreamEvent(data=data, name=event.name, kind="malformed")
    usage, choices = _usage(chunk.get("usage")), chunk.get("choices")
    kind = _kind(choices, usage)
    if kind == "content":  # as most are
        return StreamEvent(data=data, name=event.name, kind=kind, usage=usage, spoken=True)
    spoken = any(_speaks(choice.get("delta")) for choice in _each(choices))
    if kind != "finish":
        return StreamEvent(data=data, name=event.name, kind=kind, usage=usage, spoken=spoken)
    return StreamEvent(
        data=data,
        name=event.name,
        kind=kind,
        usage=usage,
        filtered=_filtered(choices),
        finished=_finished(choices),
        spoken=spoken,
    )


def without_usage(data: bytes) -> bytes:
    """The event without the empty `usage` that servers put on every chunk for who asks for token counts."""
    if b'"usage"' not in data:
        return data
    fields = _FIELDS.decode(data)
    if bytes(fields.get("usage", b"")) != b"null":
        return data
    del fields["usage"]
    return msgspec.json.encode(fields)


def _kind(choices: object, usage: tuple[int, int] | None) -> str:
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return "malformed"
    if not choices:
        return "quiet" if usage is None else "usage"
    if any(_ends(choice) for choice in choices):
        return "finish"
    return "content" if any(_says(choice.get("delta")) for choice in choices) else "quiet"


def _each(choices: object) -> Iterator[Mapping[str, Any]]:
    """The choices, as far as they are any."""
    return (choice for choice in choices if isinstance(choice, dict)) if isinstance(choices, list) else iter(())


def _finished(choices: object) -> tuple[int, ...]:
    """Which choices an event ends, by their indexes; where that is left out, by their places."""
    each = enumerate(_each(choices))
    return tuple(_index(choice, place) for place, choice in each if _ends(choice))


def _ends(choice: Mapping[str, object]) -> bool:
    """Whether a choice says why it is over; some servers write `null` as a word."""
    return choice.get("finish_reason") not in (None, "", "null")


def _index(choice: Mapping[str, object], place: int) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else place


def _speaks(part: object) -> bool:
    """Whether a message or its delta has a text or a call, be it empty."""
    return isinstance(part, dict) and any(part.get(name) not in (None, []) for name in _SAID)


def _says(delta: object) -> bool:
    return isinstance(delta, dict) and any(delta.get(name) for name in _SAID)


def read_answer(body: bytes) -> WholeAnswer:
    """What a complete answer with status 200 says of itself."""
    answer = read_object(body, MOST_ANSWERED)
    if answer is None:
        return WholeAnswer(fault="broken JSON")
    choices = answer.get("choices")
    return WholeAnswer(fault=_fault(answer), usage=_usage(answer.get("usage")), filtered=_filtered(choices))


def _fault(answer: Mapping[str, object]) -> str | None:
    if _error(answer) is not None:
        return "an error with status 200"
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        return "no choices"
    return None if any(map(_answers, choices)) else "no content"


def _filtered(choices: object) -> bool:
    """Whether a filter has ended the answer."""
    return any(choice.get("finish_reason") == FILTERED for choice in _each(choices))


def _answers(choice: object) -> bool:
    """Whether a choice is an answer: an empty text is one, and so is what a content filter withholds."""
    if not isinstance(choice, dict):
        return False
    return _speaks(choice.get("message")) or choice.get("finish_reason") == FILTERED


def error_body(status: int, code: str, message: str, param: str | None) -> bytes:
    """An error of ours as a client of this dialect expects it."""
    kind = _ERROR_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def stream_error(message: str) -> bytes:
    """The frame that tells of a stream that broke after it had begun."""
    error = {"message": message, "type": "upstream_error", "code": "stream_interrupted"}
    return encode_event(msgspec.json.encode({"error": error}))


def _error(answer: Mapping[str, object]) -> Mapping[str, object] | None:
    """The error in an answer: some servers put it in a field or in a choice, some are it."""
    match answer:
        case {"error": dict(error)} if error:
            return error
        case {"error": error} if error:
            return {"message": str(error)}
        case {"object": "error"}:
            return answer
        case _:
            return next(filter(_has_failed, _each(answer.get("choices"))), None)


def _has_failed(choice: Mapping[str, object]) -> bool:
    """Whether a choice broke off, and says so."""
    return bool(choice.get("error")) or choice.get("finish_reason") == "error"


def _usage(usage: object) -> tuple[int, int] | None:
    match usage:
        case {"prompt_tokens": int(prompt), "completion_tokens": int(answered)}:
            return told((prompt, answered))
        case _:
            return None
