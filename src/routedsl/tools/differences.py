"""Differences of two policies told: as text for people, as JSON for programs."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from routedsl.analysis.declared import Change, declared_changes
from routedsl.analysis.diff import Comparison, Difference, compare
from routedsl.analysis.proof import Proof, prove
from routedsl.base.render import witness_to_json, witness_to_text
from routedsl.engine.decision import Decision
from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json, options_to_json, options_to_text
from routedsl.engine.targets import rule_to_text, target_to_text
from routedsl.language.policy import Ranked, Reject, Rule
from routedsl.language.written import named, quoted

_MOST_PARTS, _LONGEST = 6, 600
"""Parts of a region that people are shown, and characters of one; JSON has them all."""


class Differences(Struct, frozen=True):
    """All that two programs do and declare differently."""

    comparison: Comparison
    proofs: tuple[Proof, ...]
    declared: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether it is proved that there is no difference."""
        return not (self.comparison.differences or self.comparison.undecided or self.declared)


class Shares(Struct, frozen=True):
    """What recorded traffic each region has, in their order, and what else is to be said of it, for both forms."""

    lines: tuple[str, ...]
    closing: tuple[str, ...]
    regions: tuple[dict[str, object], ...]
    whole: dict[str, object]


def differences_of(old: Program, new: Program) -> Differences:
    """Compare two programs and look for a request that shows each difference."""
    comparison = compare(old, new)
    proofs = tuple(prove(one, comparison.space, old, new) for one in comparison.differences)
    return Differences(comparison, proofs, declared_changes(old, new))


# ── text ────────────────────────────────────────────────────────────────────────────────────────


def to_text(found: Differences, shares: Shares | None = None) -> str:
    """Each region with both decisions and a witness, then what is declared differently; last how many there are."""
    return "".join(f"{line}\n" for line in _lines(found, shares))


def _lines(found: Differences, shares: Shares | None) -> Iterator[str]:
    space = found.comparison.space
    for place, (difference, proof) in enumerate(zip(found.comparison.differences, found.proofs, strict=True)):
        yield from _head(difference, [_cut(part.text(space)) for part in difference.parts])
        yield from _sides(difference, proof)
        if shares is not None:
            yield f"  {shares.lines[place]}"
        yield f"  {witness_to_text(proof.witness)}"
        yield ""
    yield from map(_change_to_text, found.declared)
    if found.declared:
        yield ""
    yield from map(_undecided_to_text, found.comparison.undecided)
    yield from () if shares is None else shares.closing
    yield _summary(found)


def _head(difference: Difference, parts: Sequence[str]) -> Iterator[str]:
    asked = " and now ".join(dict.fromkeys(map(named, difference.asked)))
    yield f"route {asked}: when {parts[0]}"
    yield from (f"  or {part}" for part in parts[1:_MOST_PARTS])
    if len(parts) > _MOST_PARTS:
        yield f"  or {len(parts) - _MOST_PARTS} more conditions, which --json tells"


def _cut(condition: str) -> str:
    return condition if len(condition) <= _LONGEST else f"{condition[:_LONGEST]}…"


def _sides(difference: Difference, proof: Proof) -> Iterator[str]:
    """What either does; where both are written alike, what came out for the witness tells them apart."""
    old, new = _side(difference.old), _side(difference.new)
    if old[1:] == new[1:] and proof.old is not None and proof.new is not None:
        old, new = (*old, _came_out(proof.old)), (*new, _came_out(proof.new))
    width = max(len(old[0]), len(new[0]))
    for word, (rules, *rest) in (("old", old), ("new", new)):
        yield f"  {word}  {rules:{width}}  {'  '.join(part for part in rest if part)}"


def _side(rules: Sequence[Rule]) -> tuple[str, ...]:
    options = "" if isinstance(rules[0].target, Reject) else options_to_text(rules[0].options)
    return (", ".join(rule.name for rule in rules), f"-> {rule_to_text(rules[0])}", options)


def _came_out(decision: Decision) -> str:
    return f"(here: {', '.join(map(named, decision.chain)) or 'nobody'})"


def _change_to_text(change: Change) -> str:
    name = quoted(change.name) if change.kind == "pattern" else named(change.name) if change.name else ""
    what = " ".join(word for word in (change.kind, name, change.setting) if word)
    nothing = "nobody" if change.setting is None else "none"
    match change.old, change.new:
        case None, "declared":
            return f"{what} is new"
        case "declared", None:
            return f"{what} is gone"
        case old, new:
            return f"{what}: {old or nothing} -> {new or nothing}"


def _undecided_to_text(rule: str) -> str:
    return f"undecided: there may be more differences about the rule `{rule}`: it took too many pieces to tell"


def _summary(found: Differences) -> str:
    if found.same:
        return "the same: no request is decided differently, and nothing is declared differently"
    shown = sum(proof.witness.shown for proof in found.proofs)
    parts = [
        _many(len(found.proofs), "region is decided", "regions are decided") + f" differently, {shown} shown",
        _many(len(found.declared), "declaration differs", "declarations differ"),
        *(["not all is decided"] if found.comparison.undecided else []),
    ]
    return "; ".join(parts)


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────


def to_json(found: Differences, shares: Shares | None = None) -> dict[str, object]:
    """The same as JSON: regions whole, decisions on the witness as `decide --json` prints them."""
    both = zip(found.comparison.differences, found.proofs, strict=True)
    regions = [_region_to_json(difference, proof, found) for difference, proof in both]
    if shares is not None:
        regions = [{**region, "traffic": share} for region, share in zip(regions, shares.regions, strict=True)]
    return {
        "same": found.same,
        **({} if shares is None else {"traffic": shares.whole}),
        "regions": regions,
        "declared": [
            {"kind": one.kind, "name": one.name, "setting": one.setting, "old": one.old, "new": one.new}
            for one in found.declared
        ],
        "undecided": list(found.comparison.undecided),
    }


def _region_to_json(difference: Difference, proof: Proof, found: Differences) -> dict[str, object]:
    return {
        "asked": {"old": difference.asked[0], "new": difference.asked[1]},
        "conditions": [part.text(found.comparison.space) for part in difference.parts],
        "old": _side_to_json(difference.old, proof.old),
        "new": _side_to_json(difference.new, proof.new),
        "witness": witness_to_json(proof.witness),
    }


def _side_to_json(rules: Sequence[Rule], decision: Decision | None) -> dict[str, object]:
    rule = rules[0]
    ranked = isinstance(rule.target, Ranked)
    return {
        "route": rule.route,
        "rules": [{"rule": one.name, "at": one.at} for one in rules],
        "target": target_to_text(rule.target),
        "fallback": list(rule.options.fallback) if ranked else [],
        "options": options_to_json(rule.options) if ranked else {},
        "decision": None if decision is None else decision_to_json(decision, None),
    }
