"""What became of one attempt: answered, or failed with a kind named by what routing can do about it."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """Why an attempt failed. Each kind has its row in `classify`; `fallback_on` names some."""

    REFUSED = "refused"
    """No connection: name, network, TLS. Nothing was sent."""
    RESET = "reset"
    """The connection died after the request was sent, before the first byte of an answer."""
    TIMEOUT = "timeout"
    """One of the attempt's clocks ran out."""
    LIMITED = "limited"
    """Too many requests for now."""
    EXHAUSTED = "exhausted"
    """The quota or the credit is used up."""
    ERROR = "error"
    """The server failed; the next time it may not."""
    UNAVAILABLE = "unavailable"
    """The server cannot now, and asking again at once is no use."""
    UNAUTHORIZED = "unauthorized"
    """Our key is missing or refused."""
    UNKNOWN = "unknown"
    """The upstream has no such model, or nothing at this address."""
    INVALID = "invalid"
    """The client's request is at fault, wherever it goes."""
    TOO_LONG = "too_long"
    """The prompt does not fit in the model's context."""
    FILTERED = "filtered"
    """The prompt was refused for what it says."""
    MALFORMED = "malformed"
    """A success by its status, and no answer."""
    CUT = "cut"
    """The answer broke off."""
    STREAM_ERROR = "stream_error"
    """A stream, with an error in it."""
    LATE = "late"
    """It was answering when the request's time was over."""
    GONE = "gone"
    """The client left."""
    LOST = "lost"
    """Another attempt, started beside it, was the first to answer."""
    OPEN = "open"
    """Not tried: the model's breaker is open."""
    BUSY = "busy"
    """Not tried: its upstream takes no more calls for now."""
    SKIPPED = "skipped"
    """Not tried: too little time was left."""


UNTRIED = frozenset({Kind.OPEN, Kind.BUSY, Kind.SKIPPED})
"""Attempts that made no call."""

Usage = tuple[int, int]
"""Tokens of the prompt, and of the answer."""
MOST_TOKENS = 10**12
"""More than anybody can have counted; what says so, or less than nothing, tells nothing."""


def told(usage: Usage) -> Usage | None:
    """The usage as an upstream tells it, None where it cannot be so: it is added up, and billed."""
    return usage if all(0 <= count <= MOST_TOKENS for count in usage) else None


class Passage(Struct, frozen=True, kw_only=True):
    """An upstream's refusal that may be passed on to the client as it came."""

    status: int
    content_type: str
    body: bytes


class Answered(Struct, frozen=True, kw_only=True):
    """The model answered, all of it. `usage` is None where nobody told."""

    usage: Usage | None = None


class Failed(Struct, frozen=True, kw_only=True):
    """The model did not answer.

    `detail` says more, for people, and never in an upstream's own words; of a timeout it names the
    clock. `status` is an error's, None where the failure is none of HTTP. `retry_after` is how
    many microseconds the upstream wants to be left alone. `passage` is what it said.
    """

    kind: Kind
    detail: str = ""
    status: int | None = None
    retry_after: int | None = None
    passage: Passage | None = None

    @property
    def word(self) -> str:
        """The failure in one word, for headers and records: `timeout`, `refused`, `status_500`."""
        return self.kind.value if self.status is None else f"status_{self.status}"

    @property
    def text(self) -> str:
        """The failure for people."""
        return f"{self.word} ({self.detail})" if self.detail else self.word


Outcome = Answered | Failed
