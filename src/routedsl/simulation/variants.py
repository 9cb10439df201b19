"""The same policy with another strategy wherever it ranks models."""

from msgspec.structs import replace

from routedsl.language.policy import Policy, Ranked, Rule


def with_strategy(policy: Policy, strategy: str) -> Policy:
    """The policy whose rules rank by this strategy where they rank several models."""
    return replace(policy, rules=tuple(_with(strategy, rule) for rule in policy.rules))


def is_ranked(rule: Rule) -> bool:
    """Whether a rule has several models ranked by a strategy which another can replace: not by shares."""
    target = rule.target
    return isinstance(target, Ranked) and not target.shares and len(target.candidates) > 1


def _with(strategy: str, rule: Rule) -> Rule:
    return replace(rule, target=replace(rule.target, strategy=strategy)) if is_ranked(rule) else rule
