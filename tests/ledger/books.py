"""Three books of the same requests: what clients heard, what was recorded, what the upstream was asked."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from routedsl.engine.outcome import UNTRIED
from routedsl.records.record import Record


class Heard(NamedTuple):
    """What a client has of a request; `whole` unless the answer broke off or ends in an error, `text` what it says."""

    id: str
    status: int
    whole: bool
    model: str
    text: str


class Call(NamedTuple):
    """What the upstream was asked, and when."""

    id: str
    model: str
    begun: float


def differences(heard: Sequence[Heard], records: Iterable[Record], calls: Iterable[Call]) -> Iterator[str]:
    """What the books tell differently, in words; nothing where they join one to one."""
    asked = {each.id: each for each in heard}
    called = _by_request(calls)
    times: Counter[str] = Counter()
    for record in records:
        times[record.id] += 1
        if record.id not in asked:
            yield f"{record.id} is recorded, and nobody asked"
        else:
            yield from _against_client(asked[record.id], record)
        yield from _against_upstream(called.pop(record.id, []), record)
    yield from (
        f"{identity} is heard twice" for identity, count in Counter(each.id for each in heard).items() if count > 1
    )
    yield from (f"{identity} is recorded {count} times" for identity, count in times.items() if count > 1)
    yield from (f"{identity} is not recorded" for identity in asked.keys() - times.keys())
    yield from (f"{identity} is called for, and not recorded" for identity in called)


def _by_request(calls: Iterable[Call]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for call in sorted(calls, key=lambda each: each.begun):
        found.setdefault(call.id, []).append(call.model)
    return found


def _against_client(heard: Heard, record: Record) -> Iterator[str]:
    told = (heard.status, heard.whole, heard.model)
    kept = (record.status, record.end == "whole", record.served_by or "none")
    if told != kept:
        yield f"{heard.id}: the client has {told}, the record {kept}"
    if heard.status == 200 and heard.whole and heard.text != said(heard.model, heard.id):
        yield f"{heard.id}: the client has an answer that is not its own: {heard.text!r}"
    if record.served_by is not None and record.end == "whole" and _served(record) != [record.served_by]:
        yield f"{heard.id}: {record.served_by} answered, and its attempts say {_served(record)}"


def _served(record: Record) -> list[str]:
    return [attempt.model for attempt in record.attempts if attempt.outcome == "ok"]


def _against_upstream(called: Sequence[str], record: Record) -> Iterator[str]:
    """Each attempt is one call; on connections that were dead already it may have come through more than once."""
    tried = [attempt for attempt in record.attempts if attempt.outcome not in UNTRIED]
    calls = "".join(f"(?:{re.escape(attempt.model)} ){{1,{1 + attempt.stale}}}" for attempt in tried)
    if not re.fullmatch(calls, "".join(f"{model} " for model in called)):
        yield f"{record.id}: the upstream has {list(called)}, the record {[attempt.model for attempt in tried]}"


def said(model: str, identity: str) -> str:
    """What a mock model says to a request that says its own id."""
    return f'{model} (mock): you said "{identity}"'
