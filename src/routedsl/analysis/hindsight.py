"""What an explanation adds once a request is decided: what was asked in effect, and what would have changed it."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from routedsl.analysis.describe import describe, pattern_to_text
from routedsl.analysis.effective import effective
from routedsl.analysis.flip import Flip, nearest_flip
from routedsl.analysis.survey import Survey
from routedsl.base.types import Value
from routedsl.base.units import to_json
from routedsl.engine.address import ToRoute
from routedsl.engine.explain import Explanation
from routedsl.engine.facts import NOTHING_PINNED
from routedsl.engine.narrate_values import value_to_text
from routedsl.engine.request import Request
from routedsl.engine.world import World


class Hindsight(Struct, frozen=True):
    """The effective condition around a request, and its nearest flip; None where there is none to tell."""

    effective: str | None = None
    flip: Flip | None = None


def hindsight(
    survey: Survey,
    explanation: Explanation,
    request: Request,
    world: World,
    pinned: Mapping[str, Value] = NOTHING_PINNED,
) -> Hindsight:
    """Look back on a decision. Where a model was asked for by name there is nothing to tell."""
    program = survey.program
    destination = program.addresses.find(request.model)
    if not isinstance(destination, ToRoute):
        return Hindsight()
    facts = program.facts(request, world, pinned)
    asked = tuple(explanation.decision.facts)
    held = [tried.rule for tried in explanation.tried if tried.result]
    box = effective(survey, held, facts.ask, asked)
    flip = nearest_flip(program, destination.route, survey.space, facts, asked)
    return Hindsight(None if box is None else describe(box, survey.space), flip)


def hindsight_to_text(looked_back: Hindsight) -> str:
    """Two lines below an explanation, as far as there is something to tell."""
    return "".join(f"{line}\n" for line in _lines(looked_back))


def _lines(looked_back: Hindsight) -> Iterator[str]:
    if looked_back.effective is not None or looked_back.flip is not None:
        yield ""
    if looked_back.effective is not None:
        yield f"effective     {looked_back.effective}"
    if looked_back.flip is not None:
        yield f"nearest flip  {_flip_to_text(looked_back.flip)} -> {looked_back.flip.rule.name}"


def _flip_to_text(flip: Flip) -> str:
    """What would have to be so, and what is so now: `chars 200 (now 199)`."""
    change, type_ = flip.change, flip.fact.type
    if change.pattern is not None:
        no, now = ("", "not") if change.found else ("not ", "so")
        return f"{no}{pattern_to_text(change.pattern)} (now {now})"
    told = value_to_text(type_, change.value)
    if change.beyond is not None and isinstance(change.value, int | float):
        told = f"{'above' if change.value > change.beyond else 'below'} {value_to_text(type_, change.beyond)}"
    elif change.example:
        told = f"any other, such as {told}"
    return f"{flip.fact.text} {told} (now {value_to_text(type_, flip.now)})"


def hindsight_to_json(looked_back: Hindsight) -> dict[str, object]:
    """What `explain --json` adds."""
    flip = looked_back.flip
    return {
        "effective": looked_back.effective,
        "flip": None
        if flip is None
        else {
            "fact": flip.fact.text,
            "now": to_json(flip.fact.type, flip.now),
            "value": to_json(flip.fact.type, flip.change.value),
            "change": _flip_to_text(flip),
            "rule": flip.rule.name,
            "at": flip.rule.at,
        },
    }
