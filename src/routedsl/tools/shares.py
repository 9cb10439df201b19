"""How much recorded traffic lies in the regions that `routedsl diff` finds."""

from collections.abc import Sequence
from pathlib import Path

import click

from routedsl.analysis.diff import Difference
from routedsl.engine.program import Program
from routedsl.records.traffic import Comparing, Parted, Traffic
from routedsl.tools.differences import Differences, Shares
from routedsl.tools.replay_report import bill_text, bill_to_json, many, percent
from routedsl.tools.replaying import over_records
from routedsl.tools.table import printable


def shares_of(found: Differences, old: Program, new: Program, records: Sequence[Path]) -> Shares:
    """The shares of each region; exits 2 where records cannot be read or there are none."""
    traffic = over_records(Comparing(old.policy, new.policy), records)
    if traffic is None or not traffic.records:
        raise click.UsageError(f"there are no records in {', '.join(f'`{path}`' for path in records)}")
    parts = tuple(_parted(each, traffic) for each in found.comparison.differences)
    elsewhere = traffic.replayed - traffic.alike - sum(each.requests for each in parts)
    return Shares(
        lines=tuple(_line(each, traffic) for each in parts),
        closing=(_closing(traffic, elsewhere), *_lacking(traffic)),
        regions=tuple(_share_to_json(each, traffic) for each in parts),
        whole=_whole_to_json(traffic, elsewhere),
    )


def _parted(difference: Difference, traffic: Traffic) -> Parted:
    old, new = ([rule.name for rule in rules] for rules in (difference.old, difference.new))
    return traffic.between(difference.asked, old, new)


def _share(requests: int, traffic: Traffic) -> float:
    return requests / traffic.replayed if traffic.replayed else 0.0


def _line(parted: Parted, traffic: Traffic) -> str:
    if not parted.requests:
        return "traffic: none that is recorded"
    cost = bill_text(parted.bill, parted.requests)
    return f"traffic: {many(parted.requests)}, {percent(_share(parted.requests, traffic))}, {cost}"


def _closing(traffic: Traffic, elsewhere: int) -> str:
    moved = traffic.replayed - traffic.alike
    parts = [f"{many(traffic.records)}: {moved:,} decided differently ({percent(_share(moved, traffic))})"]
    if elsewhere:
        parts.append(f"{elsewhere:,} of them by what is declared")
    return ", ".join(parts)


def _lacking(traffic: Traffic) -> list[str]:
    if not traffic.unreplayed:
        return []
    wants = ", ".join(f"{printable(name)} ({count:,})" for name, count in traffic.unrecorded.items())
    return [f"{many(traffic.unreplayed)} could not be replayed, for want of: {wants}"]


def _share_to_json(parted: Parted, traffic: Traffic) -> dict[str, object]:
    share = _share(parted.requests, traffic)
    return {"requests": parted.requests, "share": share, "cost": bill_to_json(parted.bill)}


def _whole_to_json(traffic: Traffic, elsewhere: int) -> dict[str, object]:
    return {
        "records": traffic.records,
        "replayed": traffic.replayed,
        "moved": traffic.replayed - traffic.alike,
        "elsewhere": elsewhere,
        "unreplayed": traffic.unreplayed,
        "unrecorded": dict(traffic.unrecorded),
    }
