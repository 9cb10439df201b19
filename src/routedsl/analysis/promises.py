"""Asserts proved: for every request, every state of the world and whole chains, or told where they break."""

from collections.abc import Iterator, Sequence
from itertools import islice
from math import inf

from msgspec.structs import replace

from routedsl.analysis.breaches import Breach, Judge, breaches
from routedsl.analysis.limits import Unbounded, Volume
from routedsl.analysis.regions import Box, Undecided, meet
from routedsl.analysis.space import Space
from routedsl.analysis.survey import Survey
from routedsl.analysis.witness import Trial, witness
from routedsl.base.diagnostic import Diagnostic, Label, Witness
from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity
from routedsl.engine.address import ToModel, ToRoute
from routedsl.engine.decision import Decision
from routedsl.engine.facts import Facts
from routedsl.engine.reference import holds
from routedsl.language.names import MAIN_ROUTE
from routedsl.language.policy import Assert, AttemptsLimit, CostLimit, Ranked, Rule, WaitLimit

MOST_TRIED = 3
"""Breaches of one promise for which a request is looked for."""
DOWN = 1
"""The cell in which a model's `up` is no."""
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def broken_promises(survey: Survey) -> Iterator[Diagnostic]:
    """An error for each assert that does not hold, or that could not be proved; of one that holds nothing is said."""
    for promised in survey.program.policy.asserts:
        found: list[Breach] = []
        try:
            found.extend(islice(breaches(promised, survey), MOST_TRIED))
        except Undecided:
            if not found:
                yield _undecided(promised)
        if found:
            yield _broken(promised, *_plainest(promised, found, survey), survey)


def _undecided(promised: Assert) -> Diagnostic:
    message = "it could not be decided whether this promise holds"
    return Diagnostic(code="R1002", message=message, span=promised.span, help="say it in several that are narrower")


def _plainest(promised: Assert, found: Sequence[Breach], survey: Survey) -> tuple[Breach, Witness | None]:
    """The first breach that a request shows, else the first."""
    proofs = []
    for breach in found:
        if isinstance(breach.fault.most, Unbounded):
            return breach, None  # it is not known to break
        decision, proof = shown(promised, breach, survey)
        if decision is not None:
            told = replace(breach, chain=decision.chain) if breach.fault.model in decision.chain else breach
            return told, proof
        proofs.append(proof)
    return found[0], proofs[0]


def _broken(promised: Assert, breach: Breach, proof: Witness | None, survey: Survey) -> Diagnostic:
    rule = breach.rule
    labels = () if rule is None else (Label(rule.span, _told_chain(breach, rule)),)
    if isinstance(breach.fault.most, Unbounded):
        message, way = _unbounded(breach.fault.most, _where(breach))
        return Diagnostic(code="R1002", message=message, span=promised.span, help=way, labels=labels)
    message, way = _why(promised, breach, breach.fault.most)
    help_ = _handed_over(survey) if rule is None else way
    return Diagnostic(code="R1001", message=message, span=promised.span, help=help_, labels=labels, witness=proof)


# ── shown by a request ──────────────────────────────────────────────────────────────────────────


def shown(promised: Assert, breach: Breach, survey: Survey) -> tuple[Decision | None, Witness]:
    """A request that breaks a promise and what is decided on it; no decision where none was found."""
    program, judge = survey.program, Judge(promised.promise, survey)
    decisions: list[Decision] = []

    def breaks(trial: Trial) -> bool:
        facts = program.facts(trial.request, trial.world, trial.pinned)
        decision = program.decide(trial.request, trial.world, trial.pinned)
        volume = _volume(facts, decision.options.max_output)
        broken = judge.fault_at(decision.chain, decision.options, volume) is not None
        if broken and holds(promised.condition, facts.ask):
            decisions.append(decision)
        return bool(decisions)

    to = ToModel(breach.chain[0]) if breach.route is None else ToRoute(breach.route)
    proofs = []
    for box in _worlds(breach, survey):
        proofs.append(witness(box, survey.space, program, to, breaks))
        if decisions:
            return decisions[0], proofs[-1]
    return None, proofs[0]


def _worlds(breach: Breach, survey: Survey) -> Iterator[Box]:
    """The box as it is, then with many tokens, then with the models down beside which the one at fault is left out.

    Where all models are down the whole chain stands.
    """
    places = (survey.space.index.get(f"{name}.up") for name in breach.chain if name != breach.fault.model)
    narrower: list[Box] = [{}, _most_tokens(breach.box, survey.space), {at: DOWN for at in places if at is not None}]
    tried: list[Box] = []
    for box in narrower:
        both = meet(breach.box, box, survey.space)
        if both is not None and both not in tried:
            tried.append(both)
            yield both


def _most_tokens(box: Box, space: Space) -> Box:
    """The last cells of a box in which tokens are numbers."""
    counted = (space.index[name] for name in ("tokens", "max_tokens") if name in space.index)
    numbers = {at: box[at] & ((1 << len(space.dimensions[at].spans)) - 1) for at in counted if at in box}
    return {at: 1 << cells.bit_length() - 1 for at, cells in numbers.items() if cells}


def _volume(facts: Facts, cap: int | None) -> Volume:
    """The tokens of one request; an answer that nobody bounds has no end."""
    asked = [bound for bound in (facts.ask("max_tokens"), cap) if isinstance(bound, int)]
    tokens = facts.ask("tokens")
    return Volume(tokens if isinstance(tokens, int) else 0, min(asked, default=inf))


# ── in words ────────────────────────────────────────────────────────────────────────────────────


def _told_chain(breach: Breach, rule: Rule) -> str:
    first, *others = (f"`{name}`" for name in breach.chain)
    chain = f"{first}, then {', '.join(others)}" if others else first
    coming = "" if breach.route == rule.route else f", for requests to the route `{breach.route}`"
    return f"its chain: {chain}{coming}"


def _where(breach: Breach) -> str:
    return f"`{breach.chain[0]}` asked for by name" if breach.rule is None else f"the chain of `{breach.rule.name}`"


# ── what is wrong, and what helps ───────────────────────────────────────────────────────────────


def _why(promised: Assert, breach: Breach, most: int) -> tuple[str, str]:
    broken = "this promise does not hold"
    match promised.promise:
        case AttemptsLimit():
            help_ = f"{_calls(breach, most)}: shorten the chain, or write `retry 0`"
            return f"{broken}: {_where(breach)} may take {most} attempts", help_
        case WaitLimit():
            shown = render_quantity(Quantity(Type.DURATION, most))
            return f"{broken}: {_where(breach)} may take {shown}", "a `deadline` bounds a whole chain"
        case CostLimit():
            shown = render_quantity(Quantity(Type.MONEY, most))
            help_ = "`max_output` bounds the answer, a rule on `tokens` the prompt, `retry 0` the calls"
            return f"{broken}: {_where(breach)} may cost {shown}", help_
        case _:
            return f"{broken}: {_presence(breach)}", _way_out(breach)


def _calls(breach: Breach, most: int) -> str:
    models = len(breach.chain)
    tries = "once" if most == models else f"up to {most // models} times"
    return f"{models} models are called {tries} each" if models > 1 else f"one model is called {tries}"


def _presence(breach: Breach) -> str:
    if breach.rule is None:
        return f"a client may ask for `{breach.chain[0]}` by name"
    place = breach.chain.index(breach.fault.model or "")
    ordinal = _PLACES[place] if place < len(_PLACES) else f"number {place + 1}"
    return f"`{breach.fault.model}` is {ordinal} in {_where(breach)}"


def _way_out(breach: Breach) -> str:
    if breach.rule is not None and breach.fault.model not in _candidates(breach.rule):
        return "it is a fallback: give the rule another list in braces, such as `{ fallback [] }`"
    return "such requests need a rule of their own, before this one"


def _candidates(rule: Rule) -> tuple[str, ...]:
    target = rule.target
    return tuple(candidate.model for candidate in target.candidates) if isinstance(target, Ranked) else ()


def _unbounded(open_: Unbounded, where: str) -> tuple[str, str]:
    message = f"this promise cannot be proved: nothing bounds the {open_.what} of `{open_.model}`, in {where}"
    ways = "declare its `context`" if open_.what == "prompt" else "write `max_output`, or declare its `context`"
    return message, ways


def _handed_over(survey: Survey) -> str:
    """What keeps clients from getting around the rules."""
    routes = survey.program.policy.routes
    name = MAIN_ROUTE if MAIN_ROUTE in routes else next(iter(routes), MAIN_ROUTE)
    return f"`defaults {{ explicit {name} }}` lets the rules decide where clients ask for a model"
