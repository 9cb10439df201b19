"""The body of a message to Claude: read for the decision, and written for the upstream."""

from collections.abc import Sequence

import msgspec

from routedsl.engine.fields import FieldError, Fields, each, field, flag, mapping, number, required, text, texts, whole
from routedsl.engine.protocol import Arrival, Forwarding
from routedsl.engine.request import Message, Request
from routedsl.engine.session import session_of
from routedsl.engine.strict_json import read_body

_CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_EFFORTS = {"max": "xhigh"}
"""What other dialects call the same effort."""
_LITTLE, _SOME = 4_096, 16_384
"""Tokens of thinking up to which the effort is low, and medium."""
_NULL = msgspec.Raw(b"null")
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BOUND = msgspec.json.Decoder(int | None)


def parse(body: bytes, arrival: Arrival) -> Request:
    """The request in a body; raises `RequestError`. Fields that no signal reads are left alone."""
    fields = mapping(read_body(body))
    return _request(fields, body, arrival, stream=field(fields, "stream", flag) or False)


def parse_count(body: bytes, arrival: Arrival) -> Request:
    """The request whose tokens are to be counted, which is never a stream; raises `RequestError`."""
    return _request(mapping(read_body(body)), body, arrival, stream=False)


def _request(fields: Fields, body: bytes, arrival: Arrival, *, stream: bool) -> Request:
    metadata = field(fields, "metadata", texts) or {}
    return Request(
        endpoint="messages",
        model=field(fields, "model", text),
        messages=_messages(fields),
        body=body,
        id=arrival.id,
        headers=arrival.headers,
        query="beta=true" if arrival.query.get("beta") == "true" else "",
        key=arrival.key,
        tools=field(fields, "tools", each(_tool)) or [],
        json=_is_json(fields),
        stream=stream,
        max_tokens=field(fields, "max_tokens", whole),
        temperature=field(fields, "temperature", number),
        effort=_effort(fields),
        user=metadata.get("user_id"),
        session=session_of(arrival.headers),
        metadata=metadata,
        wants_usage=True,
    )


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _messages(fields: Fields) -> Sequence[Message]:
    """The system prompt, which stands beside the messages, then these: the result of each tool is one of its own."""
    said = field(fields, "messages", each(_message))
    if not said:
        raise FieldError("messages", "a list of at least one message")
    system = field(fields, "system", _blocks)
    first = [] if system is None else [_joined("system", system)]
    return [*first, *(message for messages in said for message in messages)]


def _message(value: object) -> Sequence[Message]:
    fields = mapping(value)
    role = required(fields, "role", text)
    blocks = required(fields, "content", _blocks)
    results = [block for block in blocks if block.role == "tool"]
    others = [block for block in blocks if block.role != "tool"]
    return [*results, _joined(role, others)] if others or not results else results


def _joined(role: str, blocks: Sequence[Message]) -> Message:
    return Message(
        role=role,
        text="\n".join(block.text for block in blocks if block.text),
        images=sum(block.images for block in blocks),
        files=sum(block.files for block in blocks),
        tool_calls=sum(block.tool_calls for block in blocks),
        calls="\n".join(block.calls for block in blocks if block.calls),
    )


def _blocks(content: object) -> Sequence[Message]:
    """A content's blocks, each as a message of its own; the role of a tool's result is `tool`, others have none."""
    match content:
        case str():
            return (Message(role="", text=content),)
        case list():
            return each(_block)(content)
        case _:
            raise FieldError("", "a text or a list of blocks")


def _block(value: object) -> Message:
    fields = mapping(value)
    match required(fields, "type", text):
        case "text":
            return Message(role="", text=required(fields, "text", text))
        case "image":
            return Message(role="", images=1)
        case "document":
            return Message(role="", files=1)
        case "tool_result":
            return _joined("tool", field(fields, "content", _blocks) or ())
        case kind if kind in _CALLS:
            return Message(role="", tool_calls=1, calls=_told(fields))
        case _:
            return Message(role="")


def _told(call: Fields) -> str:
    """Name and input of a tool call."""
    return "\n".join([field(call, "name", text) or "", _compact(call.get("input"))])


def _tool(value: object) -> str:
    return _compact(mapping(value))


def _compact(value: object) -> str:
    return msgspec.json.encode(value).decode()


# ── how it shall be answered ────────────────────────────────────────────────────────────────────


def _is_json(fields: Fields) -> bool:
    """Whether an answer by a schema is asked for, in the place it has now or in the one it had as a beta."""
    config = field(fields, "output_config", mapping) or {}
    formats = (field(config, "format", mapping), field(fields, "output_format", mapping))
    return any(format_ is not None and format_.get("type") == "json_schema" for format_ in formats)


def _effort(fields: Fields) -> str | None:
    """The effort as written, else what a budget for thinking comes to."""
    config = field(fields, "output_config", mapping) or {}
    effort = field(config, "effort", text)
    return field(fields, "thinking", _thinking) if effort is None else _EFFORTS.get(effort, effort)


def _thinking(value: object) -> str | None:
    match mapping(value):
        case {"type": "disabled"}:
            return "none"
        case {"type": "enabled", "budget_tokens": int(budget)}:
            return "low" if budget <= _LITTLE else "medium" if budget <= _SOME else "high"
        case _:
            return None


# ── for the upstream ────────────────────────────────────────────────────────────────────────────


def encode(body: bytes, forwarding: Forwarding) -> bytes:
    """The body for an upstream: the values of all fields but the changed ones stay as they are, byte for byte."""
    fields = _FIELDS.decode(body)
    fields["model"] = _raw(forwarding.model)
    if forwarding.max_tokens is not None:
        asked = _BOUND.decode(fields.get("max_tokens", _NULL))
        fields["max_tokens"] = _raw(forwarding.max_tokens if asked is None else min(asked, forwarding.max_tokens))
    return msgspec.json.encode(fields)


def encode_count(body: bytes, forwarding: Forwarding) -> bytes:
    """The same for counting: there is no answer to be capped."""
    return msgspec.json.encode({**_FIELDS.decode(body), "model": _raw(forwarding.model)})


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
