"""`weekday`: what day it is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from routedsl.base.types import Type
from routedsl.engine.example import at
from routedsl.engine.signal import About, Example, Moment, Signal

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read(moment: Moment) -> str:
    return DAYS[moment.world.now.astimezone(ZoneInfo(moment.timezone)).weekday()]


SIGNAL = Signal(
    name="weekday",
    type=Type.TEXT,
    about=About.WORLD,
    values=DAYS,
    since="0.1",
    read=read,
    doc="The day of the week when the request came, in the policy's `timezone`.",
    examples=(
        Example(at(datetime(2026, 1, 31, 9, 30, tzinfo=UTC)), "sat"),
        Example(at(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), timezone="Europe/Berlin"), "sun"),
    ),
)
