"""What a replay found, as a page to look at."""

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

import click

from routedsl.records.summary import Line, Summary, Use
from routedsl.records.upshots import Upshot
from routedsl.tools.files import replace_file
from routedsl.tools.flow import Flows, picture
from routedsl.tools.markup import Markup, element, page, together
from routedsl.tools.replay_report import (
    MOST,
    NOBODY,
    bill_text,
    headline,
    money,
    percent,
    remarks,
    seconds,
    times_text,
    upshot_text,
)

_ARROW = " → "


def write_page(path: Path, found: Summary, policy: str) -> None:
    """Write the page, whole or not at all; exits 2 where it cannot be written."""
    try:
        replace_file(path, page_of(found, policy))
    except OSError as error:
        cause = (error.strerror or type(error).__name__).lower()
        raise click.UsageError(f"`{path}` cannot be written: {cause}") from error


def page_of(found: Summary, policy: str) -> str:
    """The page; it needs nothing beside it."""
    parts = (
        element("h1", "Replay by ", element("code", policy)),
        element("p", headline(found), class_="lead"),
        _bar(found),
        _figures(found),
        _moves(found) if found.lines else None,
        _uses(found),
        _unrecorded(found) if found.unreplayed else None,
        _notes(found),
    )
    body = element("body", element("main", *parts))
    return page(f"Replay by {policy}", files(__package__).joinpath("replay.css").read_text("utf-8"), body)


def _bar(found: Summary) -> Markup:
    """All records as one bar: those that move, those that are kept, those that nobody can tell of."""
    wide, left = 720, 0.0
    parts = []
    for name, count in (("moved", found.moved), ("kept", found.kept), ("unreplayed", found.unreplayed)):
        width = wide * count / found.records
        title = element("title", f"{name}: {count:,}")
        parts.append(element("rect", title, x=f"{left:.2f}", y=0, width=f"{width:.2f}", height=14, class_=name))
        left += width
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {wide} 14",
        preserveAspectRatio="none",
        role="img",
        aria_label=headline(found),
        class_="whole",
    )


def _figures(found: Summary) -> Markup:
    """The numbers that somebody looks for first."""
    share = percent(found.moved / found.replayed) if found.replayed else "-"
    boxes = [
        ("moved", f"{found.moved:,}", f"{share} of what was replayed"),
        ("kept", f"{found.kept:,}", "decided as before"),
    ]
    if found.unreplayed:
        boxes.append(("unreplayed", f"{found.unreplayed:,}", "not replayed: something was not recorded"))
    if found.bill.known:
        told = f"what {found.bill.known:,} that moved cost, and would"
        boxes.append(("money", f"{money(found.bill.old)}{_ARROW}{money(found.bill.new)}", told))
    if found.times.old is not None:
        boxes.append(
            (
                "time",
                f"{seconds(found.times.old)}{_ARROW}{seconds(found.times.new)}",
                "what one of them took, and would",
            )
        )
    return element("dl", *(_figure(*box) for box in boxes), class_="figures")


def _figure(name: str, number: str, told: str) -> Markup:
    return element("div", element("dt", told), element("dd", number), class_=name)


def _moves(found: Summary) -> Markup:
    counts: Counter[tuple[str, str]] = Counter()
    for line in found.lines:
        counts[line.move.old.model or NOBODY, line.move.new.model or NOBODY] += line.requests
    rows = [_row(line) for line in found.lines[:MOST]]
    left = len(found.lines) - MOST
    more = element("p", f"and {left:,} more moves, which --json tells", class_="more") if left > 0 else None
    headings = ("requests", "share", "before", "now", "cost", "time")
    return element(
        "section",
        element("h2", "What moves"),
        element("div", picture(Flows(counts)), class_="wide"),
        _table(headings, rows, numbers=(0, 1, 4, 5)),
        more,
    )


def _row(line: Line) -> tuple[str | Markup, ...]:
    move = line.move
    return (
        f"{line.requests:,}",
        percent(line.share),
        _upshot(move.old_rule, move.old, move.new),
        _upshot(move.new_rule, move.new, move.old),
        bill_text(line.bill, line.requests).replace(" -> ", _ARROW),
        times_text(line.times).replace(" -> ", _ARROW),
    )


def _upshot(rule: str | None, upshot: Upshot, other: Upshot) -> Markup:
    """A rule, and below it whom it asks."""
    return together((element("b", rule or "no rule"), element("span", upshot_text(None, upshot, other))))


def _uses(found: Summary) -> Markup:
    most = max((max(use.old, use.new) for use in found.uses), default=1)
    rows = [
        (
            use.model or NOBODY,
            f"{use.old:,}",
            f"{use.new:,}",
            _change(use, most),
            f"{use.answers:,}",
            seconds(use.seconds),
        )
        for use in found.uses
    ]
    headings = ("asked first", "before", "now", "before and now", "answers", "time")
    return element("section", element("h2", "Who is asked first"), _table(headings, rows, numbers=(1, 2, 4, 5)))


def _use(use: Use, most: int) -> tuple[str | Markup, ...]:
    old, new, answers = (f"{count:,}" for count in (use.old, use.new, use.answers))
    return (use.model or NOBODY, old, new, _change(use, most), answers, seconds(use.seconds))


def _change(use: Use, most: int) -> Markup:
    """Two bars, one below the other."""
    bars = (
        element("rect", x=0, y=y, width=f"{160 * count / most:.1f}", height=5, class_=name)
        for y, count, name in ((0, use.old, "old"), (7, use.new, "new"))
    )
    label = f"{use.old:,} before, {use.new:,} now"
    return element("svg", *bars, viewBox="0 0 160 12", role="img", aria_label=label, class_="change")


def _unrecorded(found: Summary) -> Markup:
    rows = [(f"{count:,}", element("code", name)) for name, count in found.unrecorded.items()]
    said = "These could not be decided again, since a rule asks what was not recorded. One may lack several things."
    title = element("h2", "What was not recorded")
    return element("section", title, element("p", said), _table(("records", "what is asked"), rows, numbers=(0,)))


def _notes(found: Summary) -> Markup:
    said = (
        "Cost is what the attempts of a request cost, and what the first model of the new chain would take for as many "
        "tokens, by the prices that the policy declares. Time is the median of what such requests took, and of the "
        "answers that records have of that model."
    )
    return element("footer", *(element("p", each) for each in (*remarks(found), said)))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str | Markup]], numbers: Sequence[int]) -> Markup:
    """A table that scrolls by itself where it is too wide; columns of numbers stand to the right."""

    def cells(name: str, row: Sequence[str | Markup]) -> list[Markup]:
        return [
            element(name, cell, class_="number") if place in numbers else element(name, cell)
            for place, cell in enumerate(row)
        ]

    head = element("thead", element("tr", *cells("th", headings)))
    body = element("tbody", *(element("tr", *cells("td", row)) for row in rows))
    return element("div", element("table", head, body), class_="wide")
