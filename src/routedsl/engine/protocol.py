"""The contract of a protocol, an endpoint's dialect: one file in `protocols/` binds `PROTOCOL = Protocol(...)`."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from routedsl.engine.outcome import Usage
from routedsl.engine.request import Request
from routedsl.engine.sse import ServerEvent

MOST_ANSWERED = 1_000_000
"""Values that a whole answer may have: one with the probabilities of all its tokens has hundreds of thousands."""


class Arrival(Struct, frozen=True, kw_only=True):
    """What came with a body: its headers (lower-case names), its query, the client's key's name, the request's id."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    key: str | None = None
    id: str = ""


class Forwarding(Struct, frozen=True, kw_only=True):
    """What is changed in a body on its way up: `model` always, the others where they are not None."""

    model: str
    max_tokens: int | None = None
    include_usage: bool = False


class StreamEvent(Struct, frozen=True, kw_only=True):
    """One event of a stream, as far as forwarding must know it.

    `data` is the event's data as it came, `name` its field `event`. `kind` says what it means: `quiet`
    (roles, lifecycle), `content` (text, a tool call, reasoning), `finish` (the answer is complete; there
    may be content too), `usage` (only token counts), `done` (the end mark), `error` (the upstream
    failed; `error` has its body), `malformed`. `usage` is (prompt tokens, answered tokens) on any event
    that tells. `filtered` is a finish because of what the answer says. `finished` are the choices that a
    finish completes. One that is `spoken` has a text, be it empty: without any there is no answer.
    """

    data: bytes
    kind: str
    name: str = ""
    error: Mapping[str, object] | None = None
    usage: Usage | None = None
    filtered: bool = False
    finished: tuple[int, ...] = (0,)
    spoken: bool = False


class WholeAnswer(Struct, frozen=True, kw_only=True):
    """A complete 200 answer: `fault` is the reason why it is none. `usage`, `filtered` as of a stream's event."""

    fault: str | None = None
    usage: Usage | None = None
    filtered: bool = False


def _as_it_is(data: bytes) -> bytes:
    return data


def bearer(key: str) -> Mapping[str, str]:
    """The headers in which most servers want their key."""
    return {"Authorization": f"Bearer {key}"}


class Protocol(Struct, frozen=True, kw_only=True):
    """A dialect: how its bodies are read, how they are sent on, and how its answers and streams are understood.

    `parse` raises `RequestError` and nothing else. `encode` is given a body that `parse` took, and
    never edits it: an attempt may be repeated. `read_event` is given a server-sent event that has
    data. `without_usage` takes out of an event's data what only a client that asked for token counts
    is told. `read_answer` is given the whole body of a 200 answer. `error_body` makes an error's JSON of status,
    code, message and the field that is wrong. `stream_error` (of a message) and `done` are whole
    frames, blank line included, to be written to the client as they are. `credentials` makes the
    headers of an upstream's key, and `passes` names those (in lower case) that go up as the client
    sent them; `sends` are the headers that go up where the client sent none of that name. `upstreams` are
    the dialects of upstreams that take its requests. `beside` are further paths of the same endpoint: what
    is asked there is decided in the same way.
    """

    endpoint: str
    path: str
    parse: Callable[[bytes, Arrival], Request]
    encode: Callable[[bytes, Forwarding], bytes]
    read_event: Callable[[ServerEvent], StreamEvent]
    read_answer: Callable[[bytes], WholeAnswer]
    error_body: Callable[[int, str, str, str | None], bytes]
    stream_error: Callable[[str], bytes]
    done: bytes
    doc: str
    since: str
    without_usage: Callable[[bytes], bytes] = _as_it_is
    credentials: Callable[[str], Mapping[str, str]] = bearer
    passes: frozenset[str] = frozenset()
    sends: Mapping[str, str] = {}
    upstreams: frozenset[str] = frozenset({"openai"})
    beside: tuple["Protocol", ...] = ()


def with_beside(protocols: Iterable[Protocol]) -> Iterator[Protocol]:
    """Protocols, each with those beside it."""
    for protocol in protocols:
        yield from (protocol, *protocol.beside)
