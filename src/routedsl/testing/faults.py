"""What upstreams do wrong: a table of names, each with a function that makes a bad answer of a good one.

A fault is written as its name, or with a number behind a colon: `cut:40`. What a connection does
wrong before anybody is asked for is `TROUBLES`; an upstream that refuses connections is one that
was stopped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from routedsl.base.suggest import did_you_mean
from routedsl.testing import bad_bodies as bodies
from routedsl.testing import bad_heads as heads
from routedsl.testing import bad_streams as streams
from routedsl.testing.answer import Answer, End
from routedsl.testing.bad_bodies import edited, replaced, zipped
from routedsl.testing.bad_heads import INVALID, RATE_LIMIT, Change, error, silent
from routedsl.testing.bad_streams import MALFORMED, ends, inserted, without


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. `number` stands in where none is written; N in `doc` is what it counts."""

    doc: str
    change: Change
    number: int = 0

    @property
    def counts_events(self) -> bool:
        """Whether its number is of events that come first."""
        return "N events" in self.doc

    @property
    def told(self) -> str:
        """What it does, with the number that stands in."""
        return f"{self.doc} (N: {self.number:,})" if re.search(r"\bN\b", self.doc) else self.doc


SERVER = "server_error"
QUOTA = "insufficient_quota"
CREDIT = "your credit balance is too low to ask anything"


def _status(status: int, kind: str, code: str | None, message: str) -> Fault:
    return Fault(message, error(status, kind, code, message))


_CONNECTION = {
    "hang": Fault("takes the request and never answers", silent(End.HANG)),
    "reset": Fault("resets the connection instead of answering", silent(End.RESET)),
    "close": Fault("closes the connection instead of answering", silent(End.CLOSE)),
    "stale": Fault("answers well, and closes the connection as its next request comes", heads.stale),
}
_HEAD = {
    "slow-head": Fault("the status line and headers byte by byte, one in N milliseconds", heads.slow_head, 100),
    "bad-status-line": Fault("a first line that is not HTTP's", heads.bad_status_line),
    "long-header": Fault("a header of N kB", heads.long_header, 100),
    "many-headers": Fault("N headers", heads.many_headers, 20_000),
    "both-lengths": Fault("a length, and chunks", heads.both_lengths),
    "two-lengths": Fault("two lengths that differ", heads.two_lengths),
    "continues": Fault("N times `100 Continue` before the answer", heads.continues, 50),
    "redirect": Fault("307 to another address", heads.redirect),
}
_STATUS = {
    "400": _status(400, INVALID, None, "the request is not valid"),
    "401": _status(401, INVALID, "invalid_api_key", "the API key is not valid"),
    "402": _status(402, "billing_error", "insufficient_credits", "no credit is left"),
    "403": _status(403, "permission_error", None, "the key may not do this"),
    "404": _status(404, INVALID, "model_not_found", "there is no such model"),
    "408": _status(408, "timeout_error", None, "the request took too long to come"),
    "409": _status(409, "conflict_error", None, "something else is going on"),
    "413": _status(413, INVALID, None, "the request is too large"),
    "415": _status(415, INVALID, None, "the request is of a wrong type"),
    "422": _status(422, INVALID, None, "the request cannot be understood"),
    "429": Fault("too many requests, with `Retry-After: N` seconds", heads.rate_limit, 1),
    "429-date": Fault("429 with a date in `Retry-After`, N seconds from now", heads.rate_limit_date, 1),
    "429-bare": Fault("429, not saying when to come back", error(429, *RATE_LIMIT)),
    "quota": Fault("429, the quota is used up", error(429, QUOTA, QUOTA, "the quota is used up")),
    "credit": Fault("400, no credit is left", error(400, INVALID, None, CREDIT)),
    "context-length": Fault(
        "400, the prompt is too long", error(400, INVALID, "context_length_exceeded", "the prompt is too long")
    ),
    "content-filter": Fault(
        "400, the prompt is filtered", error(400, INVALID, "content_filter", "the prompt was filtered")
    ),
    "500": _status(500, SERVER, None, "something went wrong"),
    "502": _status(502, SERVER, None, "nothing answers behind this proxy"),
    "503": _status(503, SERVER, None, "the server is overloaded"),
    "504": _status(504, SERVER, None, "what is behind this proxy is too slow"),
    "522": _status(522, SERVER, None, "what is behind this proxy cannot be reached"),
    "529": _status(529, "overloaded_error", None, "overloaded"),
    "799": _status(799, SERVER, None, "a status that there is not"),
}
_BODY = {
    "cut-json": Fault("200 and half of a JSON body, its length to match", replaced(bodies.HALF_JSON)),
    "html": Fault("200 and a web page", replaced(bodies.HTML, "text/html; charset=utf-8")),
    "empty": Fault("200 and an empty body", replaced(b"")),
    "200-error": Fault("200 and an error as its body", error(200, SERVER, None, "something went wrong")),
    "empty-choices": Fault("200 without choices", edited(lambda answer: answer.dialect.unchosen)),
    "null-content": Fault("200 without content", edited(lambda answer: answer.dialect.unsaid)),
    "too-short": Fault("N bytes fewer than announced", bodies.too_short, 10),
    "too-long": Fault("N bytes more than announced", bodies.too_long, 10),
    "bad-chunk": Fault("a chunk whose size is no number, after N events", bodies.bad_chunk, 3),
    "cut-chunk": Fault("half of a chunk, after N events", bodies.cut_chunk, 3),
    "tiny-chunks": Fault("each byte in a chunk of its own", bodies.tiny_chunks),
    "bad-utf8": Fault("a word that is not UTF-8", bodies.bad_utf8),
    "gzip": Fault("compressed, which nobody asked for", zipped(lambda body: body)),
    "gzip-cut": Fault("compressed, the last half missing", zipped(lambda body: body[: len(body) // 2])),
    "gzip-bomb": Fault("compressed, N MB of blanks", bodies.bomb, 200),
    "deep-json": Fault("lists in lists, N deep", bodies.deep, 20_000),
    "endless": Fault("goes on for ever, one piece in N milliseconds", bodies.endless, 5),
    "twice": Fault("the answer, and N milliseconds later once more", bodies.twice, 20),
}
_STREAM = {
    "first-event-error": Fault("a stream whose first event is an error", streams.stream_error),
    "slow-first-token": Fault("the first token N seconds late", streams.slow_first_token, 30),
    "pings-only": Fault("a stream of comments, one in N milliseconds", streams.pings_only, 50),
    "cut": Fault("closes the connection after N events", ends(End.CLOSE), 3),
    "reset-at": Fault("resets the connection after N events", ends(End.RESET), 3),
    "stall": Fault("N events, and nothing more", ends(End.HANG), 3),
    "error-at": Fault("an error after N events", streams.stream_error, 3),
    "malformed-event": Fault("an event that is no JSON after N events", inserted(MALFORMED), 3),
    "malformed-events": Fault("three of them in a row after N events", inserted(*[MALFORMED] * 3), 3),
    "no-done": Fault("a stream without its end mark", without(lambda answer, event: answer.dialect.ends(event))),
    "no-finish": Fault(
        "a stream that does not say why it is over", without(lambda answer, event: answer.dialect.finishes(event))
    ),
    "no-end": Fault(
        "a stream with neither",
        without(lambda answer, event: answer.dialect.finishes(event) or answer.dialect.ends(event)),
    ),
    "two-done": Fault("a stream with its end mark twice", streams.two_done),
    "after-done": Fault("more words after the end mark", streams.after_done),
    "big-event": Fault("an event of N kB", streams.big_event, 1000),
    "split-characters": Fault("characters cut in the middle", streams.split_characters),
    "crlf": Fault("lines that end in CRLF", streams.crlf),
    "no-space": Fault("no space after `data:`", streams.no_space),
}
PARTS: Mapping[str, Mapping[str, Fault]] = MappingProxyType(
    {"the connection": _CONNECTION, "the head": _HEAD, "the status": _STATUS, "the body": _BODY, "a stream": _STREAM}
)
"""The faults by where they are."""
FAULTS: Mapping[str, Fault] = MappingProxyType(_CONNECTION | _HEAD | _STATUS | _BODY | _STREAM)


def apply_fault(text: str, answer: Answer) -> Answer:
    """The answer with the fault in it; raises ValueError where `text` names none."""
    fault, number = find_fault(text)
    return fault.change(answer, number)


def find_fault(text: str) -> tuple[Fault, int]:
    """The fault that `cut` or `cut:40` names, and its number; raises ValueError where there is none."""
    name, colon, number = text.partition(":")
    if name not in FAULTS:
        raise ValueError(f"there is no fault `{name}`: {did_you_mean(name, FAULTS) or f'there are {_names()}'}")
    if colon and not number.isdecimal():
        raise ValueError(f"`{number}` in `{text}` is not a whole number")
    return FAULTS[name], int(number) if colon else FAULTS[name].number


def _names() -> str:
    return ", ".join(f"`{name}`" for name in FAULTS)
