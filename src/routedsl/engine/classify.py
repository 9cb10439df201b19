"""What to do about a failed attempt: an upstream's error read as a failure, and one table from failures to verdicts."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.units import DURATIONS
from routedsl.engine.outcome import Failed, Kind, Passage

# ── verdicts ────────────────────────────────────────────────────────────────────────────────────


class Again(StrEnum):
    """Whether the same model is tried again."""

    NEVER = "never"
    ONCE = "once"
    REPEATEDLY = "repeatedly"


class Onward(StrEnum):
    """Whether the next model is tried: any, only one with a larger context, or none."""

    NEXT = "next"
    LARGER = "larger"
    STOP = "stop"


class Mark(StrEnum):
    """What the model's breaker is told: nothing, a failure, or to let the model rest."""

    NONE = "none"
    COUNTS = "counts"
    RESTS = "rests"


class Verdict(Struct, frozen=True, kw_only=True):
    """What follows from a failure.

    `pause` is the microseconds before the same model: a floor where `exact`, else to be jittered, and
    longer each time. `rest` is how long others should leave it alone. `config_fault` failures need
    an operator. `lasting` ones come again, however soon or late the client asks.
    """

    again: Again = Again.NEVER
    onward: Onward = Onward.NEXT
    mark: Mark = Mark.NONE
    pause: int = 0
    exact: bool = False
    rest: int = 0
    config_fault: bool = False
    lasting: bool = False


SECOND = DURATIONS["s"]
BACKOFF = 250 * DURATIONS["ms"]
REST = 5 * SECOND
"""For a model that had too many requests and does not say when to come back."""
CONFIG_REST = 60 * SECOND
LONG_REST = 300 * SECOND
LONGEST_RETRY_AFTER = 60 * SECOND

_COUNTS = Verdict(mark=Mark.COUNTS)
_COUNTS_ONCE = Verdict(again=Again.ONCE, mark=Mark.COUNTS)
_NEXT = Verdict()
_STOP = Verdict(onward=Onward.STOP)

VERDICTS: Mapping[Kind, Verdict] = MappingProxyType(
    {
        Kind.REFUSED: _COUNTS,
        Kind.RESET: _COUNTS_ONCE,
        Kind.TIMEOUT: _COUNTS,
        Kind.LIMITED: Verdict(again=Again.REPEATEDLY, pause=BACKOFF, mark=Mark.RESTS, rest=REST),
        Kind.EXHAUSTED: Verdict(mark=Mark.RESTS, rest=LONG_REST, lasting=True),
        Kind.ERROR: replace(_COUNTS_ONCE, pause=BACKOFF),
        Kind.UNAVAILABLE: _COUNTS,
        Kind.UNAUTHORIZED: Verdict(mark=Mark.RESTS, rest=CONFIG_REST, config_fault=True, lasting=True),
        Kind.UNKNOWN: Verdict(config_fault=True, lasting=True),
        Kind.INVALID: _STOP,
        Kind.TOO_LONG: Verdict(onward=Onward.LARGER),
        Kind.FILTERED: _STOP,
        Kind.MALFORMED: _COUNTS_ONCE,
        Kind.CUT: _COUNTS_ONCE,
        Kind.STREAM_ERROR: _COUNTS,
        Kind.LATE: _STOP,
        Kind.GONE: _STOP,
        Kind.LOST: _STOP,
        Kind.OPEN: _NEXT,
        Kind.BUSY: _NEXT,
        Kind.SKIPPED: _NEXT,
    }
)


def classify(failed: Failed, fallback_on: tuple[str, ...] = ()) -> Verdict:
    """The verdict on a failure. An upstream's own word on when to come back replaces our guess."""
    verdict = VERDICTS[failed.kind]
    if failed.kind in fallback_on:
        verdict = replace(verdict, onward=Onward.NEXT)
    if failed.retry_after is None or verdict.again is Again.NEVER:
        return verdict
    rest = failed.retry_after if verdict.mark is Mark.RESTS else 0
    return replace(verdict, again=Again.ONCE, pause=failed.retry_after, exact=True, rest=rest)


_MAY_HAVE_WORKED = frozenset(
    {Kind.RESET, Kind.TIMEOUT, Kind.MALFORMED, Kind.CUT, Kind.STREAM_ERROR, Kind.LATE, Kind.GONE, Kind.LOST}
)


def maybe_billed(failed: Failed, *, connected: bool) -> bool:
    """Whether the upstream may have worked, and charge for it, although there is no answer.

    `connected` attempts have sent their request. A status is a server's word that it did not.
    """
    return connected and failed.status is None and failed.kind in _MAY_HAVE_WORKED


# ── an upstream's errors ────────────────────────────────────────────────────────────────────────

_STATUSES: Mapping[int, Kind] = MappingProxyType(
    dict.fromkeys((400, 413, 415, 422), Kind.INVALID)
    | dict.fromkeys((401, 403), Kind.UNAUTHORIZED)
    | dict.fromkeys((500, 502, 503), Kind.ERROR)
    | dict.fromkeys((408, 409, 504, *range(520, 525), 529), Kind.UNAVAILABLE)
    | {402: Kind.EXHAUSTED, 429: Kind.LIMITED}
)
_PASSED_ON = frozenset({Kind.INVALID, Kind.TOO_LONG, Kind.FILTERED})

_FILTER_CODES = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "invalid_prompt",
        "responsibleaipolicyviolation",
    }
)
_QUOTA_CODES = frozenset(
    {"insufficient_quota", "insufficient_credits", "billing_hard_limit_reached", "billing_not_active"}
)
_LENGTH_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_LENGTH_PHRASES = (
    "context length",
    "context size",
    "context window",
    "exceed context limit",
    "exceeded model token limit",
    "input tokens exceed",
    "longer than the maximum model length",
    "maximum number of tokens allowed",
    "maximum prompt length",
    "input is too long",
    "`inputs` must have less than",
    "`inputs` tokens + `max_new_tokens` must be",
    "prompt is too long",
    "prompt token count",
    "range of input length should be",
    "reduce the length of the messages",
    "token count exceeds",
    "tokens in request more than max tokens",
    "too many tokens",
)
_QUOTA_PHRASES = ("exceeded your current quota", "insufficient credit", "insufficient balance")
_FILTER_OPENINGS = ("output blocked by content filtering", "content violates usage guidelines")
_CREDIT_OPENINGS = ("your credit balance is too low", "you have reached your specified api usage limits")
"""How such messages begin. What the client wrote may be quoted further on, and must decide nothing."""


class _Said(Struct, frozen=True):
    """An error body's codes and message, in lower case; `flagged` is one that shows what a guard found in a prompt."""

    codes: frozenset[str]
    message: str
    flagged: bool = False


def read_failure(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Failed:
    """The failure that an answer with an error's status is, which came `now`. `headers` have lower-case names."""
    kind = _kind(status, _said(body))
    passage = Passage(status=status, content_type=headers.get("content-type", "application/json"), body=body)
    return Failed(
        kind=kind,
        status=status,
        retry_after=retry_after(headers, now),
        passage=passage if kind in _PASSED_ON else None,
    )


def _kind(status: int, said: _Said) -> Kind:
    kind = _STATUSES.get(status, Kind.UNKNOWN if 300 <= status < 500 else Kind.UNAVAILABLE)
    if status in (400, 403, 413, 422):
        return _client_fault(said) or kind
    quota = said.codes & _QUOTA_CODES or any(phrase in said.message for phrase in _QUOTA_PHRASES)
    return Kind.EXHAUSTED if kind is Kind.LIMITED and quota else kind


def _client_fault(said: _Said) -> Kind | None:
    if said.flagged or said.codes & _FILTER_CODES or said.message.startswith(_FILTER_OPENINGS):
        return Kind.FILTERED
    if said.codes & _QUOTA_CODES or said.message.startswith(_CREDIT_OPENINGS):
        return Kind.EXHAUSTED
    if said.codes & _LENGTH_CODES or any(phrase in said.message for phrase in _LENGTH_PHRASES):
        return Kind.TOO_LONG
    return None


def _said(body: bytes) -> _Said:
    """What an error body says, wherever the server puts it: inside `error`, or beside it, and some in a list."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _Said(frozenset(), "")
    outer = _object(value[0] if isinstance(value, list) and value else value)
    inner = outer.get("error", outer)
    if isinstance(inner, str):
        return _Said(frozenset(), inner.lower())
    fields = _object(inner)
    places = (fields, _object(fields.get("innererror")))
    codes = frozenset(str(place.get(name, "")).lower() for place in places for name in ("code", "type"))
    detail = outer.get("detail")
    message = fields.get("message") or (detail if isinstance(detail, str) else "")  # a list quotes the request
    return _Said(codes, str(message).lower(), flagged="flagged_input" in _object(fields.get("metadata")))


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def retry_after(headers: Mapping[str, str], now: datetime) -> int | None:
    """For how many microseconds, 0 to 60 s, the upstream wants no request; None where it does not clearly say."""
    try:
        seconds = _seconds(headers, now)
    except (ValueError, OverflowError):
        return None
    if seconds is None or seconds != seconds:
        return None
    return int(min(max(seconds, 0), LONGEST_RETRY_AFTER / SECOND) * SECOND)


def _seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    if "retry-after-ms" in headers:
        return float(headers["retry-after-ms"]) / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    if value.strip()[:1].isdigit():
        return float(value)
    # A date is meant by the server's own clock; where it does not tell that, ours must do.
    date = headers.get("date")
    return (_moment(value) - (now if date is None else _moment(date))).total_seconds()


def _moment(date: str) -> datetime:
    moment = parsedate_to_datetime(date)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # HTTP's dates have no other zone
