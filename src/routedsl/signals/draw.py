"""`draw`: a number that is drawn for each session, to split traffic."""

from routedsl.base.types import Type
from routedsl.engine.draw import draw_of
from routedsl.engine.example import NOON, chat
from routedsl.engine.request import Message
from routedsl.engine.session import opening_of
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import World


def read(moment: Moment) -> int:
    if moment.world.draw is not None:
        return moment.world.draw
    request = moment.request
    return draw_of(moment.text("session") or moment.text("user") or opening_of(request.messages) or request.id)


SIGNAL = Signal(
    name="draw",
    type=Type.SHARE,
    about=About.WORLD,
    since="0.1",
    read=read,
    doc="A share that is the same for every rule, and for all requests of a `session`, else of a `user`, "
    "else for all that begin with the same messages, up to the first of the user's.",
    examples=(
        Example(chat("hi", session="s-1", user="u-17"), draw_of("s-1")),
        Example(chat("hi", user="u-17"), draw_of("u-17")),
        Example(chat(Message(role="system", text="Be brief."), "hi"), draw_of("Be brief.\nhi")),
        Example(
            chat(Message(role="system", text="Be brief."), "hi", Message(role="assistant", text="Hello."), "bye"),
            draw_of("Be brief.\nhi"),
            "the conversation goes on",
        ),
        Example(chat(Message(role="user", images=1), id="r-1"), draw_of("r-1"), "no text: drawn for the request alone"),
        Example(chat("hi", world=World(now=NOON, draw=250_000)), 250_000, "given by a record"),
    ),
)
