"""What `explain` does with one line of requests: why it is decided so, in words and as JSON."""

from collections.abc import Callable, Mapping

from routedsl.analysis.hindsight import hindsight, hindsight_to_json, hindsight_to_text
from routedsl.analysis.survey import survey
from routedsl.engine.explain import explain
from routedsl.engine.narrate import explanation_to_json, explanation_to_text
from routedsl.engine.program import Program
from routedsl.engine.request import RequestError
from routedsl.loading.envelope import now_utc, read_case
from routedsl.tools.requests import refusal_to_json

Explained = tuple[str, Mapping[str, object]]
"""The words, and the same as JSON; with an `error` where the line cannot be read."""


def explainer(program: Program) -> Callable[[bytes], Explained]:
    """Explains the decisions of one program, which is laid out once for all of them."""
    surveyed = survey(program)

    def explained(line: bytes) -> Explained:
        try:
            case = read_case(line, program.catalog, now_utc())
        except RequestError as error:
            return f"error {error.code}: {error.message}\n", refusal_to_json(line, error)
        explanation = explain(program, case.request, case.world, case.pinned)
        back = hindsight(surveyed, explanation, case.request, case.world, case.pinned)
        told = explanation_to_text(explanation) + hindsight_to_text(back)
        return told, explanation_to_json(explanation, case.id) | hindsight_to_json(back)

    return explained
