"""Targets as a policy writes them, on one line."""

import re

from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity
from routedsl.language.policy import Candidate, HandOver, Options, Ranked, Reject, Rule, Target
from routedsl.language.written import named, quoted

_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*"|/(?:\\.|[^/\\\n])*/)|#[^\n]*')
"""A comment; or what may hold a `#` that begins none: a text, an expression."""


def target_to_text(target: Target) -> str:
    """What a rule points at: `fastest of [large, medium]`, `route support`, `reject 403 "why"`.

    A pool shows as its models, and a `where` in the words of the first candidate that it is asked for.
    """
    match target:
        case Reject(status=status, message=message):
            return f"reject {status} {quoted(message)}"
        case HandOver(route=route):
            return f"route {named(route)}"
        case Ranked(by=by, order=order):
            chosen = order if by is None else by.text
            return f"{_ranked(target)}{'' if chosen is None else f' by {chosen}'}{_where(target.candidates)}"


def _ranked(target: Ranked) -> str:
    names = [named(candidate.model) for candidate in target.candidates]
    if target.shares:
        shares = (render_quantity(Quantity(Type.SHARE, share)) for share in target.shares)
        names = [f"{name} {share}" for name, share in zip(names, shares, strict=True)]
    elif len(names) == 1 and target.strategy == "first" and target.candidates[0].where is None:
        return names[0]
    return f"{target.strategy} of [{', '.join(names)}]"


def _where(candidates: tuple[Candidate, ...]) -> str:
    written = next((candidate.where.span.text for candidate in candidates if candidate.where is not None), None)
    return "" if written is None else f" where {one_line(written)}"


def rule_to_text(rule: Rule) -> str:
    """A rule's target and who comes after it: `fastest of [large, medium], then tiny`."""
    chain = [target_to_text(rule.target)]
    if isinstance(rule.target, Ranked):
        chain += map(named, later_models(rule.target, rule.options))
    return ", then ".join(chain)


def later_models(target: Ranked, options: Options) -> tuple[str, ...]:
    """The fallback without those who are in every ranking of the target anyway."""
    sure = () if target.shares else tuple(c.model for c in target.candidates if c.where is None)
    return tuple(name for name in options.fallback if name not in sure)


def one_line(text: str) -> str:
    """A part of a policy's text with its line breaks and comments gone."""
    return " ".join(_COMMENT.sub(r"\1", text).split())
