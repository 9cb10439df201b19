"""The contract of a protocol, an endpoint's dialect: one file in `protocols/` binds `PROTOCOL = Protocol(...)`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from routedsl.engine.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came with a body: its headers (lower-case names), the client's key's name, the request's id."""

    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """What is changed in a body on its way up: `model` always, the others where they are not None."""

    model: str
    max_tokens: int | None = None
    include_usage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event of a stream, as far as forwarding must know it.

    `data` is the event's data as it came. `kind` says what it means: `quiet` (roles, lifecycle),
    `content` (text, a tool call, reasoning), `finish` (the answer is complete; there may be content
    too), `usage` (only token counts), `done` (the end mark), `error` (the upstream failed; `error`
    has its body), `malformed`. `usage` is (prompt tokens, answered tokens) on any event that tells.
    """

    data: bytes
    kind: str
    error: Mapping[str, object] | None = None
    usage: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A dialect: how its bodies are read, how they are sent on, and how its answers and streams are understood.

    `parse` raises `RequestError` and nothing else. `encode` is given a body that `parse` took, and
    never edits it: an attempt may be repeated. `read_event` is given one server-sent event's data,
    `fault` a complete 200 answer (the reason why it is none, or None). `error_body` makes an
    error's JSON of status, code, message and the field that is wrong. `stream_error` (of a message)
    and `done` are whole frames, blank line included, to be written to the client as they are.
    """

    endpoint: str
    path: str
    parse: Callable[[bytes, Arrival], Request]
    encode: Callable[[bytes, Forwarding], bytes]
    read_event: Callable[[bytes], StreamEvent]
    fault: Callable[[bytes], str | None]
    error_body: Callable[[int, str, str, str | None], bytes]
    stream_error: Callable[[str], bytes]
    done: bytes
    doc: str
    since: str
    upstreams: frozenset[str] = frozenset({"openai"})
