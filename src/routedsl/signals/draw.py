"""`draw`: a number that is drawn for each session, to split traffic."""

from routedsl.base.types import Type
from routedsl.engine.draw import draw_of
from routedsl.engine.example import NOON, chat
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    if moment.world.draw is not None:
        return moment.world.draw
    return draw_of(moment.text("session") or moment.text("user") or moment.request.id)


SIGNAL = Signal(
    name="draw",
    type=Type.SHARE,
    about=About.WORLD,
    since="0.1",
    read=read,
    doc="A share that is the same for every rule, and for all requests of a `session`, else of a `user`, "
    "else for this request alone.",
    examples=(
        Example(chat("hi", session="s-1", user="u-17"), draw_of("s-1")),
        Example(chat("hi", user="u-17"), draw_of("u-17")),
        Example(chat("hi", id="r-1"), draw_of("r-1")),
        Example(chat("hi", world=World(now=NOON, draw=250_000)), 250_000, "given by a record"),
    ),
)
