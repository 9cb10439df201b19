"""A record, and its one form: a line of JSON in the file, in exports, and for what reads them.

Times are seconds, money dollars, shares from 0 to 1, as `decide --json` prints them; `world` is the one of an
envelope. What is null is missing or unknown; a fact that is not there was not recorded.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

FORMAT = 1
"""The version of the form: fields may be added under the same one."""

REJECTED = "rejected_by_policy"
"""The code of what a rule rejects."""

Shown = bool | int | float | str | None
"""A fact's value as JSON shows it."""


class StateRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured of a model when it was decided; what is left out is as `ModelState` has it."""

    up: bool = True
    latency: float | None = None
    first_token: float | None = None
    errors: float = 0
    inflight: int = 0
    queue: int = 0
    load: float = 0
    slots: int | None = None
    loaded: bool | None = None
    memory_free: float | None = None
    success: float | None = None
    success_by_rule: Mapping[str, float] = {}
    speed: float | None = None
    typical_output: int | None = None
    typical_outputs: Mapping[str, int] = {}


class WorldRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The world of the decision; models that are left out were up and unmeasured."""

    time: str
    draw: float | None
    models: Mapping[str, StateRecord]
    sticky: str | None = None
    sticky_age: float = 0
    sticky_before: Mapping[str, float] = {}
    spent_today: float = 0
    spent_month: float = 0
    total_spent_today: float = 0
    total_spent_month: float = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0


class FeaturesRecord(msgspec.Struct, frozen=True):
    """What a classifier reads of a request's wording, and no text: hashed words and endings, points of each part.

    `edition` is that of the features: those of another mean nothing.
    """

    edition: int
    words: tuple[int, ...]
    endings: tuple[int, ...]
    points: tuple[int, ...]


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of one model.

    `started` counts from when the chain began, the clocks after it from there; those that were not
    reached are left out. `tokens` are those of prompt and answer, as the upstream told them; `wasted`
    those of an answer that nobody got. `stale` connections were dead before the call got through. `malformed`
    events of a stream could not be read, and were left out.
    """

    model: str
    outcome: str
    detail: str = ""
    started: float = 0
    connected: float | None = None
    headers: float | None = None
    first_token: float | None = None
    took: float = 0
    status: int | None = None
    tokens: tuple[int, int] | None = None
    wasted: int = 0
    hedged: bool = False
    stale: int = 0
    malformed: int = 0
    maybe_billed: bool = False
    config_fault: bool = False


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One decided request, from its decision to its end.

    `asked` is the model that the client named, `served_by` the declared one that answered. `end` is `whole`, `cut`
    (the answer broke off) or `gone` (the client left first); `status` is null where the client left before there was
    one. `first_token` is when the answer's first piece went to the client, for streams. `facts` are those of the
    request; `hashed` those whose values are told apart, and not told; `predicates` what the policy asks of
    texts that are not kept. `hash_key` marks the key of the hashes, `classifiers` the weights of those facts that
    are judged by some: replays know by them what is comparable. `ahead` is the option that put the first model of
    the chain there, in the place of the rule's target. `score` is what feedback said of the answer, kept
    beside the line. `features` are there where the operator wants them.
    """

    v: int = FORMAT
    id: str
    received: str
    endpoint: str
    key: str | None
    asked: str | None
    stream: bool
    route: str | None
    rule: str | None
    at: str | None
    action: str
    code: str | None
    chain: tuple[str, ...]
    options: Mapping[str, Any]
    policy: str
    generation: int
    attempts: tuple[Attempt, ...]
    status: int | None
    end: str
    served_by: str | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    took: float
    first_token: float | None
    facts: Mapping[str, Shown]
    hashed: Mapping[str, str | None]
    predicates: Mapping[str, bool | float | None]
    world: WorldRecord
    hash_key: str | None = None
    classifiers: Mapping[str, str] = {}
    ahead: str | None = None
    score: float | msgspec.UnsetType = msgspec.UNSET
    features: FeaturesRecord | msgspec.UnsetType = msgspec.UNSET

    @property
    def failed(self) -> bool:
        """Whether the client should have had an answer and got none: a 5xx that no rule wants, or a broken answer."""
        wanted = self.code == REJECTED or self.status is None or self.status < 500
        return not wanted or self.end == "cut"


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a replay reads of an attempt."""

    model: str
    outcome: str
    took: float = 0


class Past(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a replay reads of a record: fewer fields, and a line is decoded in half the time."""

    v: Literal[1]
    id: str
    endpoint: str
    key: str | None
    asked: str | None
    stream: bool
    route: str | None
    rule: str | None
    action: str
    code: str | None
    chain: tuple[str, ...]
    options: msgspec.Raw
    attempts: tuple[Answer, ...]
    status: int | None
    end: str
    served_by: str | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    took: float
    facts: Mapping[str, Shown]
    hashed: Mapping[str, str | None]
    predicates: Mapping[str, bool | float | None]
    world: WorldRecord
    hash_key: str | None = None
    classifiers: Mapping[str, str] = {}


_DECODER = msgspec.json.Decoder(Record)
_PAST = msgspec.json.Decoder(Past)


def encode(record: Record) -> bytes:
    """The record's line, without its end."""
    return msgspec.json.encode(record)


def scored(line: bytes, score: float) -> bytes:
    """The line of a record with the score that its answer got later."""
    return line[:-1] + b',"score":' + msgspec.json.encode(score) + b"}"


def decode(line: bytes) -> Record:
    """The record of a line; raises `msgspec.DecodeError`, which is a ValueError, where it is none."""
    return _DECODER.decode(line)


def decode_past(line: bytes) -> Past:
    """The part of a line's record that a replay reads; raises `msgspec.DecodeError` where it is no record."""
    return _PAST.decode(line)
