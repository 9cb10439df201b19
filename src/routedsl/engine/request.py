"""One request in a neutral form, whatever dialect it came in."""

from collections.abc import Mapping, Sequence

from msgspec import Struct


class RequestError(Exception):
    """A body that is no request: `code` is the HTTP error's, `param` the field that is wrong."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        """Keep what the client is told."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


class Message(Struct, frozen=True, kw_only=True):
    """One message: its text (all text parts, joined by newlines), and how much else it carries.

    `role` is `system` (a developer's message too), `user`, `assistant`, `tool`, or what the client
    wrote. `calls` has the names and arguments of its tool calls: a model reads them, so they count
    as tokens, but they are not text.
    """

    role: str
    text: str = ""
    images: int = 0
    audio: int = 0
    files: int = 0
    tool_calls: int = 0
    calls: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """What a client asked, as signals read it.

    `messages` include the system prompt wherever the dialect puts it. `tools` are the offered
    tools, each as compact JSON text. `headers` have lower-case names, a doubled one joined by
    `, `. `key` is the name of the client's key. `body` is the request as it came: what is
    forwarded is made from it. `max_tokens` is None where the client sets no bound. `choices` is how
    many answers it wants, and `wants_usage` whether it asked for token counts in a stream.
    `query` goes up behind the path.
    """

    endpoint: str
    model: str | None
    messages: Sequence[Message]
    body: bytes = b""
    id: str = ""
    headers: Mapping[str, str] = {}
    query: str = ""
    key: str | None = None
    tools: Sequence[str] = ()
    json: bool = False
    stream: bool = False
    choices: int = 1
    wants_usage: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    effort: str | None = None
    user: str | None = None
    session: str | None = None
    metadata: Mapping[str, str] = {}
