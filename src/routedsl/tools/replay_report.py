"""What a replay found, for people and for programs."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import asdict

from routedsl.base.types import Type
from routedsl.base.units import DOLLAR
from routedsl.engine.report import option_type
from routedsl.records.summary import Line, Summary, Times
from routedsl.records.tally import Bill
from routedsl.records.upshots import Settings, Upshot
from routedsl.tools.table import aligned, printable

MOST = 30
"""Moves that a person is shown; JSON has them all."""
UNKNOWN, NOBODY = "-", "nobody"
HEADINGS = ("requests", "share", "before", "now", "cost", "time")
USES = ("asked first", "before", "now", "answers", "time")

# ── words ───────────────────────────────────────────────────────────────────────────────────────


def headline(found: Summary) -> str:
    """All of it in one line."""
    parts = [f"{many(found.records)}: {found.moved:,} moved", f"{found.kept:,} kept"]
    return ", ".join([*parts, *([f"{found.unreplayed:,} not replayed"] if found.unreplayed else [])])


def many(records: int) -> str:
    """A number of records."""
    return f"{records:,} record{'' if records == 1 else 's'}"


def upshot_text(rule: str | None, upshot: Upshot, other: Upshot) -> str:
    """An upshot for people: `quick: tiny, then large`; options where these are all that differs from another."""
    where = _refusal(upshot) if upshot.refused else ", then ".join(upshot.chain) or NOBODY
    alike = upshot.chain == other.chain and not (upshot.refused or other.refused)
    options = f" ({_options(upshot.options)})" if alike else ""
    return printable(f"{where}{options}" if rule is None else f"{rule}: {where}{options}")


def _refusal(upshot: Upshot) -> str:
    return " ".join(part for part in ("refused", str(upshot.status or ""), upshot.code or "") if part)


def _options(options: Settings) -> str:
    return ", ".join(f"{name} {_setting(name, value)}" for name, value in options) or "no options"


def _setting(name: str, value: object) -> str:
    """An option's value; what is a float in JSON is a share or a number of seconds."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if not isinstance(value, float):
        return str(value)
    return f"{100 * value:g}%" if option_type(name) is Type.SHARE else f"{value:g}s"


def percent(share: float) -> str:
    """A share; one that is not nothing never looks like it."""
    return "<0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def money(picodollars: int) -> str:
    """Money to two digits that mean something, or to the cent."""
    dollars = picodollars / DOLLAR
    return f"${dollars:,.2f}" if dollars >= 1 else f"${Decimal(f'{dollars:.2g}'):f}"


def seconds(taken: float | None) -> str:
    """A time to two digits that mean something, or to the second."""
    if taken is None:
        return UNKNOWN
    return f"{taken:,.0f}s" if taken >= 10 else f"{Decimal(f'{taken:.2g}'):f}s"


def bill_text(bill: Bill, requests: int) -> str:
    """Money before and now, and of how many of the requests it is known where that is not all."""
    if not bill.known:
        return UNKNOWN
    of = "" if bill.known == requests else f" (of {bill.known:,})"
    return f"{money(bill.old)} -> {money(bill.new)}{of}"


def times_text(times: Times) -> str:
    """Seconds before and now."""
    if times.old is None and times.new is None:
        return UNKNOWN
    return f"{seconds(times.old)} -> {seconds(times.new)}"


def remarks(found: Summary) -> Iterator[str]:
    """What else there is to know."""
    for name in found.unseen:
        yield f"no record knows `{name}`: it is taken to be up, and nothing of it to be measured"


# ── text ────────────────────────────────────────────────────────────────────────────────────────


def to_text(found: Summary) -> str:
    """The moves, the largest first, then who is asked first, then what could not be replayed."""
    parts = [f"{headline(found)}\n", _moves(found), _uses(found) if found.moved else "", _unrecorded(found)]
    parts.append("".join(f"{remark}\n" for remark in remarks(found)))
    return "\n".join(part for part in parts if part)


def _moves(found: Summary) -> str:
    if not found.lines:
        return ""
    rows = [_cells(line) for line in found.lines[:MOST]]
    share, bill = percent(found.moved / found.replayed), bill_text(found.bill, found.moved)
    rows.append((f"{found.moved:,}", share, "in all", "", bill, times_text(found.times)))
    left = len(found.lines) - MOST
    more = f"and {left} more moves of {sum(line.requests for line in found.lines[MOST:]):,}, which --json tells\n"
    return aligned([HEADINGS, *rows]) + (more if left > 0 else "")


def _cells(line: Line) -> tuple[str, ...]:
    move = line.move
    return (
        f"{line.requests:,}",
        percent(line.share),
        upshot_text(move.old_rule, move.old, move.new),
        upshot_text(move.new_rule, move.new, move.old),
        bill_text(line.bill, line.requests),
        times_text(line.times),
    )


def _uses(found: Summary) -> str:
    rows = [
        (printable(use.model or NOBODY), f"{use.old:,}", f"{use.new:,}", f"{use.answers:,}", seconds(use.seconds))
        for use in found.uses
    ]
    return aligned([USES, *rows])


def _unrecorded(found: Summary) -> str:
    if not found.unreplayed:
        return ""
    rows = [(f"{count:,}", printable(name)) for name, count in found.unrecorded.items()]
    return f"{many(found.unreplayed)} could not be replayed, for want of:\n{aligned(rows)}"


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────


def to_json(found: Summary, digest: str) -> dict[str, object]:
    """The same as JSON, with all moves; money is dollars, times are seconds, shares go from 0 to 1."""
    return {
        "same": found.same,
        "policy": digest,
        "records": found.records,
        "replayed": found.replayed,
        "kept": found.kept,
        "moved": found.moved,
        "cost": bill_to_json(found.bill),
        "seconds": asdict(found.times),
        "moves": [_line_to_json(line) for line in found.lines],
        "models": [asdict(use) for use in found.uses],
        "unreplayed": found.unreplayed,
        "unrecorded": dict(found.unrecorded),
        "unseen": list(found.unseen),
    }


def _line_to_json(line: Line) -> dict[str, object]:
    move = line.move
    return {
        "requests": line.requests,
        "share": line.share,
        "old": {"rule": move.old_rule, **_upshot_to_json(move.old)},
        "new": {"rule": move.new_rule, **_upshot_to_json(move.new)},
        "cost": bill_to_json(line.bill),
        "seconds": asdict(line.times),
    }


def _upshot_to_json(upshot: Upshot) -> dict[str, object]:
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in upshot.options}
    return {"chain": list(upshot.chain), "options": options, "status": upshot.status, "code": upshot.code}


def bill_to_json(bill: Bill) -> dict[str, object]:
    """Dollars before and now, of the requests of which both are known."""
    return {"requests": bill.known, "old": bill.old / DOLLAR, "new": bill.new / DOLLAR}
