"""One request in a neutral form, whatever dialect it came in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

EMPTY: Mapping[str, str] = MappingProxyType({})


class RequestError(Exception):
    """A body that is no request: `code` is the HTTP error's, `param` the field that is wrong."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        """Keep what the client is told."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its text (all text parts, joined by newlines), and how much else it carries."""

    role: str
    text: str = ""
    images: int = 0
    audio: int = 0
    files: int = 0
    tool_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked, as signals read it.

    `messages` include the system prompt wherever the dialect puts it. `tools` are the offered
    tools, each as compact JSON text. `headers` have lower-case names, a doubled one joined by
    `, `. `key` is the name of the client's key. `body` is the request as it came: what is
    forwarded is made from it. `size` bounds the tokens of the prompt from above.
    """

    endpoint: str
    model: str | None
    messages: Sequence[Message]
    body: bytes = b""
    id: str = ""
    headers: Mapping[str, str] = EMPTY
    key: str | None = None
    tools: Sequence[str] = ()
    json: bool = False
    stream: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    effort: str | None = None
    user: str | None = None
    session: str | None = None
    metadata: Mapping[str, str] = field(default=EMPTY)
