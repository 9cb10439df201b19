"""Asserts proved: for every request, every state of the world and whole chains, or told where they break."""

from collections.abc import Iterator

from routedsl.analysis.breaches import Breach, breaches
from routedsl.analysis.limits import Unbounded
from routedsl.analysis.regions import Undecided
from routedsl.analysis.survey import Survey
from routedsl.base.diagnostic import Diagnostic, Label
from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity
from routedsl.language.names import MAIN_ROUTE
from routedsl.language.policy import Assert, AttemptsLimit, CostLimit, Ranked, Rule, WaitLimit

_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def broken_promises(survey: Survey) -> Iterator[Diagnostic]:
    """An error for each assert that does not hold, or that could not be proved; of one that holds nothing is said."""
    for promised in survey.program.policy.asserts:
        try:
            found = next(breaches(promised, survey), None)
        except Undecided:
            yield _undecided(promised)
        else:
            if found is not None:
                yield _broken(promised, found, survey)


def _undecided(promised: Assert) -> Diagnostic:
    message = "it could not be decided whether this promise holds"
    return Diagnostic(code="R1002", message=message, span=promised.span, help="say it in several that are narrower")


def _broken(promised: Assert, breach: Breach, survey: Survey) -> Diagnostic:
    rule = breach.rule
    labels = () if rule is None else (Label(rule.span, _told_chain(breach, rule)),)
    if isinstance(breach.fault.most, Unbounded):
        code, (message, way) = "R1002", _unbounded(breach.fault.most, _where(breach))
    else:
        code, (message, way) = "R1001", _why(promised, breach, breach.fault.most)
    help_ = _handed_over(survey) if rule is None else way
    return Diagnostic(code=code, message=message, span=promised.span, help=help_, labels=labels)


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
