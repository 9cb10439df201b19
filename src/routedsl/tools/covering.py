"""Coverage told: how many rules and outcomes of predicates the tests see, and which they do not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from routedsl.analysis.outcomes import can_be, is_dead
from routedsl.analysis.survey import Survey, survey
from routedsl.base.source import Span
from routedsl.engine.case import Case
from routedsl.engine.coverage import Coverage, Place, Question, coverage_of
from routedsl.engine.program import Program
from routedsl.language.policy import Rule
from routedsl.tools.table import aligned

_LONGEST = 60


class RuleSeen(Struct, frozen=True):
    """A rule, and how many requests it took; `dead` where it is proved that it takes none."""

    rule: Rule
    times: int
    dead: bool


class OutcomeSeen(Struct, frozen=True):
    """A predicate with one outcome, and how often it was seen; `impossible` where it is proved that it never is."""

    place: Span
    outcome: bool
    times: int
    impossible: bool

    @property
    def text(self) -> str:
        """The predicate on one line."""
        text = " ".join(self.place.text.split())
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class Covered(Struct, frozen=True):
    """Each rule and each outcome of each predicate, in the order of the text."""

    rules: tuple[RuleSeen, ...]
    outcomes: tuple[OutcomeSeen, ...]

    @property
    def percent(self) -> float:
        """The share of rules and outcomes that were seen, of those that can be; 100 where there is nothing to see."""
        parts = [seen.times > 0 for seen in self.rules if not seen.dead]
        parts += [seen.times > 0 for seen in self.outcomes if not seen.impossible]
        return 100 * sum(parts) / len(parts) if parts else 100.0


def covered(program: Program, cases: Iterable[Case]) -> Covered:
    """What some requests make of a program, and what none could."""
    coverage, surveyed = coverage_of(program, cases), survey(program)
    rules = [RuleSeen(rule, n, not n and is_dead(rule, surveyed)) for rule, n in _rules(program, coverage)]
    return Covered(tuple(rules), tuple(_outcomes(coverage, surveyed)))


def _rules(program: Program, coverage: Coverage) -> Iterator[tuple[Rule, int]]:
    return ((rule, coverage.taken[rule.number]) for rule in program.policy.rules)


def _outcomes(coverage: Coverage, surveyed: Survey) -> Iterator[OutcomeSeen]:
    by_place: dict[Place, list[Question]] = {}
    for question in coverage.questions:
        by_place.setdefault(question.place, []).append(question)
    for place, asked in by_place.items():
        for outcome in (True, False):
            times = coverage.seen[place, outcome]
            impossible = not times and not can_be(asked, surveyed, outcome=outcome)
            yield OutcomeSeen(asked[0].predicate.span, outcome, times, impossible)


# ── told ────────────────────────────────────────────────────────────────────────────────────────


def coverage_to_text(found: Covered) -> str:
    """The numbers, then what is missing, then what no request could have."""
    rules = [seen for seen in found.rules if not seen.dead]
    outcomes = [seen for seen in found.outcomes if not seen.impossible]
    lines = [
        f"rules     {_ratio([seen.times for seen in rules])}",
        f"outcomes  {_ratio([seen.times for seen in outcomes])}, of {_many(found.outcomes)}",
        f"coverage  {percent_to_text(found.percent)}",
    ]
    missed = [*_rows(seen for seen in rules if not seen.times), *_asked(seen for seen in outcomes if not seen.times)]
    never = [*_rows(seen for seen in found.rules if seen.dead), *_asked(s for s in found.outcomes if s.impossible)]
    text = "".join(f"{line}\n" for line in lines)
    return text + _titled("no test sees", missed) + _titled("left out, for no request can", never)


def percent_to_text(percent: float) -> str:
    """A share that is whole only where all is seen."""
    return f"{percent:.0f}%" if percent == int(percent) else f"{int(percent * 10) / 10}%"


def _many(outcomes: Sequence[OutcomeSeen]) -> str:
    predicates = len(outcomes) // 2
    return f"{predicates} predicate{'' if predicates == 1 else 's'}"


def _ratio(times: Sequence[int]) -> str:
    return f"{sum(n > 0 for n in times)} of {len(times)}"


def _rows(rules: Iterable[RuleSeen]) -> list[tuple[str, ...]]:
    return [("", seen.rule.at, "rule", seen.rule.name) for seen in rules]


def _asked(outcomes: Iterable[OutcomeSeen]) -> list[tuple[str, ...]]:
    by_place: dict[str, list[OutcomeSeen]] = {}
    for seen in outcomes:
        by_place.setdefault(seen.place.at, []).append(seen)
    return [("", at, f"{_sides(both)} to", both[0].text) for at, both in by_place.items()]


def _sides(outcomes: Iterable[OutcomeSeen]) -> str:
    return " and ".join("yes" if seen.outcome else "no" for seen in outcomes)


def _titled(title: str, rows: list[tuple[str, ...]]) -> str:
    return f"{title}:\n{aligned(rows)}" if rows else ""


def coverage_to_json(found: Covered) -> Mapping[str, object]:
    """Every rule and every predicate, each with how often it was seen; what is proved impossible is named."""
    pairs = zip(found.outcomes[::2], found.outcomes[1::2], strict=True)
    return {
        "percent": found.percent,
        "rules": [
            {"rule": seen.rule.name, "at": seen.rule.at, "times": seen.times, "impossible": seen.dead}
            for seen in found.rules
        ],
        "predicates": [
            {
                "text": " ".join(yes.place.text.split()),
                "at": yes.place.at,
                "yes": yes.times,
                "no": no.times,
                "impossible": [name for name, seen in (("yes", yes), ("no", no)) if seen.impossible],
            }
            for yes, no in pairs
        ],
    }
