"""Values that must never be seen: a type that does not print, and the taking out of them from bytes."""

from collections.abc import Iterable
from hmac import compare_digest
from typing import NoReturn

REDACTED = b"[redacted]"


class Secret:
    """A text that shows itself only to who asks for it by `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hold it."""
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        """Compare in a time that tells nothing."""
        return isinstance(other, Secret) and compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """As its text."""
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Never leave the process."""
        raise TypeError("a secret is not copied or stored")


def redacted(body: bytes, hidden: Iterable[str]) -> bytes:
    """The bytes without any of the hidden texts, the longest taken out first."""
    for text in sorted(filter(None, hidden), key=len, reverse=True):
        body = body.replace(text.encode(), REDACTED)
    return body
