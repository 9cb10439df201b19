"""What must become of each fault: the tables of how calls are forwarded, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from routedsl import testing
from routedsl.testing import Script, Trouble


class Then(StrEnum):
    """What follows from a model's fault."""

    ANSWER = "answer"
    """It is none, or can be put right: the client has the whole answer."""
    AGAIN = "again"
    """The same model answers when it is asked once more."""
    NEXT = "next"
    """The next model answers; after the last one nobody can."""
    STOP = "stop"
    """The upstream's refusal is the answer."""
    LARGER = "larger"
    """The next model that may take a longer prompt answers; after the last one the refusal is the answer."""
    BREAK = "break"
    """The client had words already: an error ends the stream, and no end mark."""


@dataclass(frozen=True)
class Row:
    """One fault, in an answer that is a stream or not.

    `word` is what an attempt is told as, one of several where the tables do not say; `calls` how many
    are made of the model; `status` a refusal's; `retry_after` what a client is told where nobody
    answers. `lost` are words that the upstream itself made unreadable. `buffered` is what changes
    where the answer is held back until it is whole. `late` ones take all the time there is.
    """

    then: Then
    word: str = "ok"
    calls: int = 1
    status: int = 200
    retry_after: str | None = None
    lost: str = ""
    late: bool = False
    buffered: "Row | None" = None

    @property
    def held_back(self) -> "Row":
        """The row under `buffer whole`."""
        return self.buffered or self


GOOD = Row(Then.ANSWER)
TIMEOUT = Row(Then.NEXT, "timeout")
RESET = Row(Then.NEXT, "reset", calls=2)
MALFORMED = Row(Then.NEXT, "malformed", calls=2)
CUT = Row(Then.NEXT, "cut", calls=2)
NO_STREAM = Row(Then.NEXT, "malformed|cut|stream_error", calls=2)
STREAM_ERROR = Row(Then.NEXT, "stream_error")


def failing(status: int, calls: int = 1, retry_after: str | None = None) -> Row:
    """Another model is asked, after so many calls of this one."""
    return Row(Then.NEXT, f"status_{status}", calls=calls, retry_after=retry_after)


def refusing(status: int) -> Row:
    """The client's own fault."""
    return Row(Then.STOP, f"status_{status}", status=status)


def breaking(buffered: Row) -> Row:
    """A stream that breaks after its first words; held back it is like any other failure."""
    return Row(Then.BREAK, buffered=buffered)


LONG = replace(refusing(400), then=Then.LARGER)

BOTH: Mapping[str, Row] = {
    "hang": TIMEOUT,
    "reset": RESET,
    "close": RESET,
    "slow-head": TIMEOUT,
    "bad-status-line": MALFORMED,
    "long-header": MALFORMED,
    "many-headers": MALFORMED,
    "both-lengths": MALFORMED,
    "two-lengths": MALFORMED,
    "continues": GOOD,
    "redirect": failing(307),
    "400": refusing(400),
    "401": failing(401),
    "402": failing(402),
    "403": failing(403),
    "404": failing(404),
    "408": failing(408),
    "409": failing(409),
    "413": refusing(413),
    "415": refusing(415),
    "422": refusing(422),
    "429:30": failing(429, retry_after="30"),
    "429:0": failing(429, calls=2, retry_after="1"),
    "429-date:30": failing(429, retry_after="30|29"),
    "429-bare": failing(429, calls=2),
    "quota": failing(429),
    "credit": failing(400),
    "context-length": LONG,
    "content-filter": refusing(400),
    "500": failing(500, calls=2),
    "502": failing(502, calls=2),
    "503": failing(503, calls=2),
    "504": failing(504),
    "522": failing(522),
    "529": failing(529),
    "799": failing(799),
    "empty-choices": MALFORMED,
    "stale": GOOD,
    "tiny-chunks": GOOD,
    "gzip": MALFORMED,
    "gzip-cut": MALFORMED,
    "gzip-bomb:2": MALFORMED,
    "deep-json": MALFORMED,
    "twice": GOOD,
    "slow-first-token": TIMEOUT,
    "pings-only": TIMEOUT,
    "429:0 once": Row(Then.AGAIN, "status_429"),
    "500 once": Row(Then.AGAIN, "status_500"),
    "empty-choices once": Row(Then.AGAIN, "malformed"),
    "cut:1 once": Row(Then.AGAIN, "cut"),
}
"""Faults that mean the same in a stream and in any other answer."""

WHOLE: Mapping[str, Row] = {
    "cut-json": MALFORMED,
    "html": MALFORMED,
    "empty": MALFORMED,
    "200-error": MALFORMED,
    "null-content": MALFORMED,
    "too-short": CUT,
    "too-long": MALFORMED,
    "bad-chunk": Row(Then.NEXT, "malformed|cut", calls=2),
    "cut-chunk": CUT,
    "bad-utf8": MALFORMED,
    "endless:50": TIMEOUT,
    "cut": CUT,
    "reset-at": CUT,
    "stall": TIMEOUT,
    "first-event-error": failing(500, calls=2),
    "error-at": failing(500, calls=2),
}
"""Faults of answers that are no streams; one that is not named here or above does nothing to them."""

STREAM: Mapping[str, Row] = {
    "cut-json": NO_STREAM,
    "html": NO_STREAM,
    "empty": NO_STREAM,
    "200-error": NO_STREAM,
    "null-content": MALFORMED,
    "too-short": GOOD,  # it has told its end before
    "too-long": GOOD,
    "bad-chunk": breaking(Row(Then.NEXT, "malformed|cut", calls=2)),
    "cut-chunk": breaking(CUT),
    "bad-utf8": Row(Then.ANSWER, lost=" (mock):"),
    "endless:50": breaking(replace(TIMEOUT, late=True)),
    "first-event-error": STREAM_ERROR,
    "cut": breaking(CUT),
    "cut:0": CUT,
    "cut:1": CUT,
    "reset-at": breaking(CUT),
    "reset-at:1": CUT,
    "stall": breaking(TIMEOUT),
    "stall:1": TIMEOUT,
    "error-at": breaking(STREAM_ERROR),
    "malformed-event": GOOD,
    "malformed-event:0": GOOD,
    "malformed-events": breaking(MALFORMED),
    "malformed-events:0": MALFORMED,
    "no-done": GOOD,
    "no-finish": GOOD,
    "no-end": breaking(CUT),
    "two-done": GOOD,
    "after-done": GOOD,
    "big-event": GOOD,
    "split-characters": GOOD,
    "crlf": GOOD,
    "no-space": GOOD,
}
"""Faults of streams."""

ELSEWISE: Mapping[str, Mapping[str, Row]] = {
    "messages": {"quota": failing(429, calls=2)},  # it has no word for a quota, and nothing tells it from a limit
}
"""What is otherwise in a dialect."""

ELSEWISE_STREAM: Mapping[str, Mapping[str, Row]] = {
    "messages": {"null-content": GOOD},  # its texts are empty, and none is missing
}
"""What is otherwise in a dialect's streams."""

UNSEEN: Mapping[Trouble | str, Row] = {
    "refuse": Row(Then.NEXT, "refused"),
    "certificate": Row(Then.NEXT, "refused"),
    Trouble.ACCEPT_HANG: TIMEOUT,
    Trouble.ACCEPT_RESET: RESET,
    Trouble.ACCEPT_CLOSE: RESET,
    Trouble.HEAD_RESET: RESET,
}
"""Troubles of connections: the upstream sees no request."""

ONCE = " once"
"""After a fault that only the first call meets."""
FAULTS = tuple(dict.fromkeys((*BOTH, *WHOLE, *STREAM)))
ALONE = frozenset({"stale", "twice"})
"""What they do comes later, to whoever has the connection then: their cells are not run beside each other."""


def script_of(fault: str) -> Script:
    """The script of a model with the fault; what it does to connections is no part of that."""
    name, once, _ = fault.partition(ONCE)
    return Script(fault=name if name_of(name) in testing.FAULTS else None, times=1 if once else None)


def name_of(fault: str) -> str:
    """The fault's name alone."""
    return fault.removesuffix(ONCE).partition(":")[0]


def row_of(tongue: str, fault: str, *, stream: bool) -> Row:
    """What must become of a fault."""
    elsewise = {**ELSEWISE.get(tongue, {}), **(ELSEWISE_STREAM.get(tongue, {}) if stream else {})}
    table = {**BOTH, **(STREAM if stream else WHOLE), **elsewise}
    return table.get(fault) or table.get(name_of(fault), GOOD)
