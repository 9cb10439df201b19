"""`typical_output`: how long a model's answers are."""

from msgspec.structs import replace

from routedsl.base.types import Type
from routedsl.engine.example import candidate
from routedsl.engine.signal import About, Example, Moment, Signal
from routedsl.engine.world import ModelState


def read(moment: Moment) -> int | None:
    state = moment.state
    found = (
        state.typical_output if moment.rule is None else state.typical_outputs.get(moment.rule, state.typical_output)
    )
    return moment.about.typical_output if found is None else found


SIGNAL = Signal(
    name="typical_output",
    type=Type.COUNT,
    about=About.MODEL,
    optional=True,
    by_rule=True,
    since="0.2",
    read=read,
    doc="The median of the tokens of the model's recent answers, else as declared; missing where neither is known. "
    "Where a rule ranks its candidates, it is of the answers to this rule, if there were enough.",
    examples=(
        Example(candidate(ModelState(typical_output=300)), 300),
        Example(candidate(ModelState(typical_output=300), typical_output=800), 300, "declared, and then measured"),
        Example(candidate(typical_output=800), 800),
        Example(candidate(), None),
        Example(
            replace(candidate(ModelState(typical_output=300, typical_outputs={"quick": 40})), rule="quick"),
            40,
            "as the rule `quick` ranks",
        ),
    ),
)
