"""The body of a chat completion: read for the decision, and written for the upstream."""

from collections.abc import Mapping, Sequence

import msgspec

from routedsl.engine.fields import FieldError, Fields, each, field, flag, mapping, number, required, text, texts, whole
from routedsl.engine.protocol import Arrival, Forwarding
from routedsl.engine.request import Message, Request
from routedsl.engine.session import session_of
from routedsl.engine.strict_json import read_body

BOUNDS = ("max_tokens", "max_completion_tokens")
"""The fields that bound an answer, the old name and the new."""

_ROLES = {"developer": "system", "function": "tool"}
_MAY_BE_SILENT = frozenset({"assistant", "tool", "function"})
_TEXTS = frozenset({"text", "refusal"})
_NULL = msgspec.Raw(b"null")
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OPTIONS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_BOUND = msgspec.json.Decoder(int | None)


def parse(body: bytes, arrival: Arrival) -> Request:
    """The request in a body; raises `RequestError`. Fields that no signal reads are left alone."""
    fields = mapping(read_body(body))
    options = field(fields, "stream_options", mapping) or {}  # `encode` adds to it
    return Request(
        endpoint="chat",
        model=field(fields, "model", text),
        messages=_messages(fields),
        body=body,
        id=arrival.id,
        headers=arrival.headers,
        key=arrival.key,
        tools=(field(fields, "tools", each(_tool)) or []) + (field(fields, "functions", each(_tool)) or []),
        json=field(fields, "response_format", _is_json) or False,
        stream=field(fields, "stream", flag) or False,
        choices=_choices(fields.get("n")),
        wants_usage=options.get("include_usage") is True,
        max_tokens=_max_tokens(fields),
        temperature=field(fields, "temperature", number),
        effort=field(fields, "reasoning_effort", text) or field(fields, "reasoning", _effort),
        user=field(fields, "user", text),
        session=_session(fields, arrival.headers),
        metadata=field(fields, "metadata", texts) or {},
    )


def _choices(number: object) -> int:
    """How many answers; what is no such number is left to the upstream to refuse."""
    return max(1, int(number)) if isinstance(number, int) else 1


def _messages(fields: Fields) -> Sequence[Message]:
    messages = field(fields, "messages", each(_message))
    if not messages:
        raise FieldError("messages", "a list of at least one message")
    return messages


def _message(value: object) -> Message:
    fields = mapping(value)
    role = required(fields, "role", text)
    parts = (field if role in _MAY_BE_SILENT else required)(fields, "content", _parts)
    return _joined(_ROLES.get(role, role), parts or (), _calls(fields))


def _joined(role: str, parts: Sequence[tuple[str, str]], calls: Sequence[str]) -> Message:
    kinds = [kind for kind, _ in parts]
    return Message(
        role=role,
        text="\n".join([said for _, said in parts if said]),
        images=kinds.count("image_url"),
        audio=kinds.count("input_audio"),
        files=kinds.count("file"),
        tool_calls=len(calls),
        calls="\n".join(calls),
    )


def _parts(content: object) -> Sequence[tuple[str, str]]:
    """The kind of each part of a message, and its text if it is one."""
    match content:
        case str():
            return (("text", content),)
        case list():
            return each(_part)(content)
        case _:
            raise FieldError("", "a text or a list of parts")


def _part(value: object) -> tuple[str, str]:
    fields = mapping(value)
    kind = required(fields, "type", text)
    return kind, required(fields, kind, text) if kind in _TEXTS else ""


def _calls(fields: Fields) -> Sequence[str]:
    """Name and arguments of each tool call in a message."""
    calls = field(fields, "tool_calls", each(_call)) or []
    legacy = field(fields, "function_call", _told)
    return calls if legacy is None else [*calls, legacy]


def _call(value: object) -> str:
    call = mapping(value)
    return field(call, "function", _told) or field(call, "custom", _told) or ""


def _told(value: object) -> str:
    call = mapping(value)
    told = [call[name] for name in ("name", "arguments", "input") if call.get(name)]
    return "\n".join(one if isinstance(one, str) else _compact(one) for one in told)


def _tool(value: object) -> str:
    return _compact(mapping(value))


def _compact(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _is_json(value: object) -> bool:
    return field(mapping(value), "type", text) in ("json_object", "json_schema")


def _effort(value: object) -> str | None:
    return field(mapping(value), "effort", text)


def _max_tokens(fields: Fields) -> int | None:
    """The larger of the bounds; some clients say -1 for none."""
    bounds = (field(fields, name, whole) for name in BOUNDS)
    return max((bound for bound in bounds if bound is not None and bound >= 0), default=None)


def _session(fields: Fields, headers: Mapping[str, str]) -> str | None:
    """What a header says goes before what the body says."""
    in_body = field(fields, "prompt_cache_key", text)
    return session_of(headers) or in_body or None


def encode(body: bytes, forwarding: Forwarding) -> bytes:
    """The body for an upstream: the values of all fields but the changed ones stay as they are, byte for byte.

    A cap lowers the bounds that are there. Where there is none it is sent as `max_tokens`: a server
    that does not take this name says so, while one that does not know `max_completion_tokens` would
    pass over the cap in silence.
    """
    fields = _FIELDS.decode(body)
    fields["model"] = _raw(forwarding.model)
    if forwarding.max_tokens is not None:
        fields |= _capped(fields, forwarding.max_tokens)
    if forwarding.include_usage:
        options = _OPTIONS.decode(fields.get("stream_options", _NULL)) or {}
        fields["stream_options"] = _raw(options | {"include_usage": _raw(True)})
    return msgspec.json.encode(fields)


def _capped(fields: Mapping[str, msgspec.Raw], cap: int) -> dict[str, msgspec.Raw]:
    asked = {name: _BOUND.decode(fields[name]) for name in BOUNDS if name in fields}
    lowered = {name: min(bound, cap) if bound >= 0 else cap for name, bound in asked.items() if bound is not None}
    return {name: _raw(bound) for name, bound in (lowered or {"max_tokens": cap}).items()}


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
