"""Which conversation a request belongs to: as clients name it in headers, else by its first messages."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

from routedsl.engine.request import Message, Request

SESSION_HEADERS = ("x-session-id", "x-claude-code-session-id", "x-session-affinity")
MOST_MESSAGES = 500
"""Messages that are looked at to know a conversation again."""
LONGEST = 2_000
"""Characters of each of them."""


def session_of(headers: Mapping[str, str]) -> str | None:
    """The session in headers with lower-case names; None where there is none."""
    return next(filter(None, (headers.get(name) for name in SESSION_HEADERS)), None)


def opening_of(messages: Sequence[Message]) -> str:
    """The texts of all messages up to the first of the user's, joined by newlines: they stay as a conversation goes on.

    Empty where there is no text.
    """
    texts = []
    for message in messages:
        if message.text:
            texts.append(message.text)
        if message.role == "user":
            break
    return "\n".join(texts)


def conversation_of(request: Request) -> tuple[bytes, ...]:
    """The names by which the conversation of a request may be known, that of this very request first.

    The one that its client gave it; without that, one for each earlier request that it may go on from: whose
    messages are the first ones of this. No client has to do with the conversations of another key.
    """
    owner = f"{request.key}\0{request.user}"
    if request.session is not None:
        return (_digest(f"session\0{request.key}\0{request.session}"),)
    return tuple(_prefixes(owner, request.messages))[::-1]


def _prefixes(owner: str, messages: Sequence[Message]) -> Iterator[bytes]:
    """A digest of each beginning of the messages in which the user has spoken."""
    digest, spoken = blake2b(_encoded(owner), digest_size=16), False
    for message in messages[:MOST_MESSAGES]:
        said = f"\0{message.role}\0{len(message.text)}\0{message.text[:LONGEST]}\0{message.calls[:LONGEST]}"
        digest.update(_encoded(f"{said}\0{message.images}\0{message.audio}\0{message.files}"))
        spoken = spoken or message.role == "user"
        if spoken:
            yield digest.digest()


def _digest(text: str) -> bytes:
    return blake2b(_encoded(text), digest_size=16).digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
