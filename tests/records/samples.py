"""Records to write and to find."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from routedsl.records.making import instant_to_json
from routedsl.records.record import Attempt, Record, StateRecord, WorldRecord

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
FIRST = Record(
    id="r0",
    received=instant_to_json(START),
    endpoint="chat",
    key="team-a",
    asked="auto",
    stream=False,
    route="auto",
    rule="quick",
    at="rules/chat.route:31:3",
    action="forward",
    code=None,
    chain=("tiny", "large"),
    options={"timeout": 10.0},
    policy="3f9a" * 16,
    generation=1,
    attempts=(
        Attempt(model="tiny", outcome="timeout", took=0.25, maybe_billed=True),
        Attempt(model="large", outcome="ok", started=0.25, took=1.5, status=200, tokens=(12, 34)),
    ),
    status=200,
    end="whole",
    served_by="large",
    tokens_in=12,
    tokens_out=34,
    cost=0.00037,
    took=1.75,
    first_token=None,
    facts={"messages": 1, "chars": 20, "model": "auto", "max_tokens": None},
    hashed={"user": "0123456789abcdef", "session": None},
    predicates={'text contains "refund"': False},
    world=WorldRecord(
        time=instant_to_json(START), draw=0.25, models={"tiny": StateRecord(latency=0.8, load=0.01, inflight=1)}
    ),
)


def a_record(number: int, **changes: Any) -> Record:
    """The record of the n-th second."""
    received = instant_to_json(START + timedelta(seconds=number))
    return replace(FIRST, **{"id": f"r{number}", "received": received, "took": number / 1000, **changes})
