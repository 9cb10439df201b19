"""The answer to a message: what a whole one, a count and the events of a stream mean, and our own errors."""

from collections.abc import Mapping

import msgspec

from routedsl.engine.outcome import Usage, told
from routedsl.engine.protocol import MOST_ANSWERED, StreamEvent, WholeAnswer
from routedsl.engine.sse import ServerEvent, encode_event
from routedsl.engine.strict_json import read_object

_DONE = "message_stop"
DONE = encode_event(msgspec.json.encode({"type": _DONE}), _DONE)

_REFUSED = "refusal"
"""The reason of an answer that the model's guard has ended."""
_SAID = ("text", "thinking", "partial_json", "signature", "citation")
"""What a block or its delta may say."""
_SILENT = frozenset({"text", "thinking"})
"""Blocks that are nothing before their first delta; the others have a name or data from the start."""
_PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""What the tokens of a prompt are counted in: those that a cache had stand beside the others."""
_ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_BUSY = frozenset({"overloaded", "all_models_unavailable"})
"""Our codes that stand for what this dialect calls overloaded."""


def read_event(event: ServerEvent) -> StreamEvent:
    """What one event of a stream means. Clients go by an event's name: where it is left out, its type stands in."""
    data = event.data or b""
    value = read_object(data)
    kind = None if value is None else value.get("type")
    if "error" in (event.name, kind):  # what has that name is one, whatever it says
        return StreamEvent(data=data, name=event.name, kind="error", error=_error(value or {}))
    if value is None or not isinstance(kind, str):
        return StreamEvent(data=data, name=event.name, kind="malformed")
    return StreamEvent(
        data=data,
        name=event.name or kind,
        kind=_kind(kind, value),
        usage=_usage(value),
        filtered=_filtered(value),
        spoken=True,  # a reason to stop is an answer here, as in a whole one
    )


def _kind(type_: str, event: Mapping[str, object]) -> str:
    match type_, event:
        case "content_block_start", {"content_block": dict(block)}:
            return "content" if block.get("type") not in _SILENT or _says(block) else "quiet"
        case "content_block_delta", {"delta": dict(delta)}:
            return "content" if _says(delta) else "quiet"
        case "message_delta", {"delta": {"stop_reason": str()}}:
            return "finish"
        case "message_stop", _:
            return "done"
        case _:
            return "quiet"


def _says(part: Mapping[str, object]) -> bool:
    return any(part.get(name) for name in _SAID)


def read_answer(body: bytes) -> WholeAnswer:
    """What a complete answer with status 200 says of itself."""
    answer = read_object(body, MOST_ANSWERED)
    if answer is None:
        return WholeAnswer(fault="broken JSON")
    return WholeAnswer(fault=_fault(answer), usage=_usage(answer), filtered=answer.get("stop_reason") == _REFUSED)


def _fault(answer: Mapping[str, object]) -> str | None:
    if answer.get("type") == "error" or answer.get("error"):
        return "an error with status 200"
    content = answer.get("content")
    if not isinstance(content, list):
        return "no content"
    return None if content or answer.get("stop_reason") else "no content"


def read_count(body: bytes) -> WholeAnswer:
    """What a complete answer to a question for a count says."""
    answer = read_object(body, MOST_ANSWERED)
    if answer is None:
        return WholeAnswer(fault="broken JSON")
    counted = isinstance(answer.get("input_tokens"), int)
    return WholeAnswer(fault=None if counted else "no count")


def error_body(status: int, code: str, message: str, param: str | None) -> bytes:
    """An error of ours as a client of this dialect expects it; `code` and `param` are more than it asks for."""
    kind = "overloaded_error" if code in _BUSY else _ERROR_TYPES.get(status)
    error = {"type": kind or ("api_error" if status >= 500 else "invalid_request_error"), "message": message}
    more = {"code": code} if param is None else {"code": code, "param": param}
    return msgspec.json.encode({"type": "error", "error": error | more})


def stream_error(message: str) -> bytes:
    """The frame that tells of a stream that broke after it had begun."""
    error = {"type": "api_error", "message": message, "code": "stream_interrupted"}
    return encode_event(msgspec.json.encode({"type": "error", "error": error}), "error")


def credentials(key: str) -> Mapping[str, str]:
    """The header in which servers of this dialect want their key."""
    return {"x-api-key": key}


def _error(event: Mapping[str, object]) -> Mapping[str, object]:
    error = event.get("error")
    return error if isinstance(error, dict) else event


def _filtered(event: Mapping[str, object]) -> bool:
    match event:
        case {"delta": {"stop_reason": str(reason)}}:
            return reason == _REFUSED
        case _:
            return False


def _usage(event: Mapping[str, object]) -> Usage | None:
    """The tokens so far: a stream tells those of the prompt in its first event, those of the answer in a late one."""
    match event:
        case {"usage": dict(usage)} | {"message": {"usage": dict(usage)}}:
            return told((sum(_count(usage, name) for name in _PROMPT), _count(usage, "output_tokens")))
        case _:
            return None


def _count(usage: Mapping[str, object], name: str) -> int:
    count = usage.get(name)
    return count if isinstance(count, int) else 0
