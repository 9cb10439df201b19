"""`difficulty`: how able a model the request needs."""

from collections.abc import Mapping

from routedsl.base.types import Type
from routedsl.engine.example import chat
from routedsl.engine.request import Message
from routedsl.engine.rule_of_thumb import MIDDLE, PARTS, points_of, rule_of_thumb
from routedsl.engine.signal import Cost, Example, Moment, Signal
from routedsl.engine.wording import wording_of


def read(moment: Moment) -> int:
    return rule_of_thumb(points_of(wording_of(moment.request)))


def parts(moment: Moment) -> Mapping[str, float]:
    points = zip(PARTS, points_of(wording_of(moment.request)), strict=True)
    return {"middle": MIDDLE, **{name: number for name, number in points if number}}


SIGNAL = Signal(
    name="difficulty",
    type=Type.NUMBER,
    cost=Cost.CHEAP,
    since="0.1",
    read=read,
    parts=parts,
    doc="How able a model the request needs, from 0 to 100, by a rule of thumb: 50 where nothing is known.",
    examples=(
        Example(chat("hello"), 15, "a greeting"),
        Example(chat("Draw a cat."), 50, "short is not easy"),
        Example(chat("What is the capital of France?"), 38),
        Example(chat("Prove that there are exactly 3 solutions if x > 2."), 66),
        Example(chat(Message(role="system", text="Be brief.")), 50, "nothing is asked yet"),
    ),
)
