"""`time`: what the clock says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from routedsl.base.types import Type
from routedsl.engine.example import at
from routedsl.engine.signal import About, Example, Moment, Signal


def read(moment: Moment) -> int:
    local = moment.world.now.astimezone(ZoneInfo(moment.timezone))
    return local.hour * 60 + local.minute


SIGNAL = Signal(
    name="time",
    type=Type.TIME,
    about=About.WORLD,
    since="0.1",
    read=read,
    doc="The minute of the day when the request came, in the policy's `timezone`.",
    examples=(
        Example(at(datetime(2026, 1, 31, 9, 30, 59, tzinfo=UTC)), 570),
        Example(at(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), timezone="Europe/Berlin"), 30),
    ),
)
