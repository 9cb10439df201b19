"""What a checked policy needs of this machine before it may serve: declared models, and the keys of its upstreams."""

from collections.abc import Iterator, Mapping

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.source import Source, Span
from routedsl.gateway.host import Admission
from routedsl.language.policy import Policy, Upstream

_NOWHERE = Span(Source("policy", ""), 0, 0)


def with_keys(environment: Mapping[str, str]) -> Admission:
    """Lets in what declares its models, and whose upstreams' keys are all set in the environment."""

    def admit(policy: Policy) -> tuple[Policy, tuple[Diagnostic, ...]]:
        return policy, (*_undeclared(policy), *_missing_keys(policy, environment))

    return admit


def _undeclared(policy: Policy) -> Iterator[Diagnostic]:
    if policy.open:
        span = policy.rules[0].span if policy.rules else _NOWHERE
        yield Diagnostic(
            code="R0801",
            message="this policy declares no model, so there is nowhere to send a request",
            span=span,
            help='declare where: `upstream local { url "http://127.0.0.1:11434/v1" }` and `model tiny {}`',
        )


def _missing_keys(policy: Policy, environment: Mapping[str, str]) -> Iterator[Diagnostic]:
    for upstream in policy.upstreams.values():
        if upstream.key is not None and not environment.get(upstream.key):
            yield _missing_key(upstream, upstream.key)


def _missing_key(upstream: Upstream, variable: str) -> Diagnostic:
    return Diagnostic(
        code="R0802",
        message=f"the environment has no `{variable}`, the key of upstream `{upstream.name}`",
        span=upstream.span,
        help=f"set it before the gateway starts: `export {variable}=…`",
    )
