"""How able a model a request seems to need, by rule of thumb: the middle, and points for what is seen in its wording.

Only what is seen counts. A short text is no sign of an easy request and an unknown one no sign of anything: where
nothing is known, the middle is what is said. Each part is named and bounded, and `explain` shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from routedsl.engine.wording import Wording

MIDDLE = 50
HIGHEST = 100
_GREETINGS = frozenset(b"hi hello hey there thanks thank you bye goodbye ok okay good morning evening please".split())
_FACTS = frozenset(b"what who whom when where which name define".split())
_REWORDINGS = frozenset(
    b"translate rephrase reword rewrite paraphrase summarize summarise shorten proofread spell format".split()
)
_SHORT_GREETING, _SHORT_QUESTION = 6, 16
"""Words up to which a greeting is nothing else, and a plain question likely one for a fact."""


class Part(NamedTuple):
    """One thing that is looked for: its points, what it is, for people, and the most and the least that count."""

    points: Callable[[Wording], int]
    doc: str
    most: int = 0
    least: int = 0


def _doublings(count: int, unit: int) -> int:
    """How often the unit is doubled to get to the count."""
    return max(0, (count // unit).bit_length() - 1)


def _mathematics(wording: Wording) -> int:
    signs = wording.numbers.bit_length() + wording.operators.bit_length()
    return 2 * signs + 3 * wording.count("quantity")


def _greeting(wording: Wording) -> int:
    return -35 if 0 < wording.words <= _SHORT_GREETING and _GREETINGS.issuperset(wording.distinct) else 0


def _fact(wording: Wording) -> int:
    plain = wording.opening in _FACTS and wording.words <= _SHORT_QUESTION
    return -12 if plain and not wording.numbers and not wording.around else 0


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "length": Part(
            lambda wording: 4 * _doublings(wording.chars, 200),
            "each time that the last message is twice as long, past 200 characters",
            most=12,
        ),
        "context": Part(
            lambda wording: 2 * _doublings(wording.around, 500),
            "each time that what stands around it is twice as long, past 500 characters",
            most=10,
        ),
        "code": Part(
            lambda wording: 8 * (wording.fences > 0) + min(wording.marks // 8, 6),
            "blocks of code, and the signs that programs are full of",
            most=12,
        ),
        "mathematics": Part(_mathematics, "numbers, operators, and words such as `calculate`", most=14),
        "reasoning": Part(
            lambda wording: 6 * wording.count("reasoning"),
            "words such as `prove`, `compare`, `design`, `why`",
            most=18,
        ),
        "constraints": Part(
            lambda wording: 2 * (wording.count("constraint") + wording.count("negation")),
            "words such as `must`, `exactly`, `not`, `except`",
            most=12,
        ),
        "conditions": Part(
            lambda wording: 2 * wording.count("condition"),
            "words such as `if`, `suppose`, `whether`",
            most=8,
        ),
        "steps": Part(
            lambda wording: 2 * wording.count("sequence") + 2 * max(0, wording.questions - 1),
            "words such as `first`, `next`, and questions past the first",
            most=8,
        ),
        "people": Part(
            lambda wording: wording.count("person"),
            "people that it is about: `she`, `his`, `they`",
            most=6,
        ),
        "script": Part(
            lambda wording: 6 * (4 * wording.foreign > wording.letters),
            "another script than Latin, for a good part",
            most=6,
        ),
        "tools": Part(lambda wording: 2 * wording.tools.bit_length(), "tools that are offered", most=6),
        "greeting": Part(_greeting, "nothing but a greeting or thanks", least=-35),
        "fact": Part(
            _fact,
            "a short plain question without numbers: it begins with `who`, `when`, `where` and the like",
            least=-12,
        ),
        "rewording": Part(
            lambda wording: -10 * (wording.opening in _REWORDINGS),
            "what is to be done with a text that is there: it begins with `translate`, `summarize` and the like",
            least=-10,
        ),
    }
)
"""Every part by its name."""


def points_of(wording: Wording) -> list[int]:
    """The points of each part, in their order."""
    return [max(part.least, min(part.points(wording), part.most)) for part in PARTS.values()]


def rule_of_thumb(points: Sequence[int]) -> int:
    """The difficulty, from 0 to 100, of a request with these points."""
    return max(0, min(HIGHEST, MIDDLE + sum(points)))
