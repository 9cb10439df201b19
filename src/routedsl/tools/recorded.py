"""Records for people: a line for each."""

from datetime import datetime

from routedsl.records.record import Attempt, Record
from routedsl.tools.table import printable

HEADINGS = ("time", "id", "rule", "model", "attempts", "end", "tokens", "cost", "took", "score")
UNRATED = "-"


def row_of(record: Record) -> tuple[str, ...]:
    """The cells of a record. What anybody wrote cannot move the cursor."""
    cells = (
        f"{datetime.fromisoformat(record.received).astimezone():%Y-%m-%d %H:%M:%S}",
        record.id,
        record.rule or "-",
        record.served_by or "-",
        ", ".join(map(_attempt, record.attempts)) or "-",
        _end(record),
        "-" if record.tokens_in is None else f"{record.tokens_in}+{record.tokens_out}",
        "-" if not record.cost else f"${record.cost:.6f}",
        f"{record.took:.3f}s",
        f"{record.score:g}" if isinstance(record.score, float) else UNRATED,
    )
    return tuple(map(printable, cells))


def _attempt(attempt: Attempt) -> str:
    return f"{attempt.model}:{attempt.outcome}"


def _end(record: Record) -> str:
    status = "-" if record.status is None else str(record.status)
    return status if record.end == "whole" else f"{status} {record.end}"
