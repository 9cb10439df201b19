"""`success`: how often a model's answers were good, and how often under a rule that ranks."""

from routedsl.base.types import Type
from routedsl.engine.example import candidate, under
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    state = moment.state
    return state.success if moment.rule is None else state.success_by_rule.get(moment.rule, state.success)


SIGNAL = Signal(
    name="success",
    type=Type.SHARE,
    about=About.MODEL,
    optional=True,
    better=True,
    since="0.1",
    read=read,
    by_rule=True,
    doc="The share of good outcomes in the history of the model; missing below 20 of them. Where a rule ranks its "
    "candidates, it is of the outcomes under this rule, if there are 20.",
    examples=(
        Example(candidate(ModelState(success=900_000)), 900_000),
        Example(under("quick", candidate(ModelState(success=900_000, success_by_rule={"quick": 400_000}))), 400_000),
        Example(under("other", candidate(ModelState(success=900_000, success_by_rule={"quick": 400_000}))), 900_000),
        Example(candidate(), None),
    ),
)
