"""Syntax to a checked policy: every name found, every type and unit right, everything wrong told in one run."""

from collections.abc import Sequence
from typing import Any

from routedsl.base.diagnostic import Diagnostic, has_errors, in_order
from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.language import policy, syntax
from routedsl.language.conditions import Scope, check_lets
from routedsl.language.findings import Findings
from routedsl.language.names import Names, collect, is_empty
from routedsl.language.rules import check_routes, resolve_options, with_defaults
from routedsl.language.settings import DefaultSettings, ModelSettings, UpstreamSettings, read_settings
from routedsl.language.targets import Pools, check_pools
from routedsl.language.vocabulary import Vocabulary

EDITIONS = frozenset({"1"})


def check(
    files: Sequence[syntax.File], vocabulary: Vocabulary, *, digest: str = ""
) -> tuple[policy.Policy | None, tuple[Diagnostic, ...]]:
    """Check files as one policy.

    Returns the policy, or None where there is an error, and all findings in the order of the text.
    `digest` is the policy's content hash.
    """
    findings = Findings()
    _check_files(files, findings)
    names = collect(files, findings)
    scope = Scope(vocabulary, names, findings)
    checked = _check_names(scope, digest)
    _refuse_later(names, findings)
    _warn_unused(names, findings)
    diagnostics = in_order(findings.diagnostics)
    return (None if has_errors(diagnostics) else checked), diagnostics


def _check_files(files: Sequence[syntax.File], findings: Findings) -> None:
    for file in files:
        if file.edition is not None and file.edition.text not in EDITIONS:
            hint = "this version knows edition `1`"
            findings.error("R0106", file.edition.span, f"edition `{file.edition.text}` is not known", hint)
    if files and is_empty(files):
        start = Span(files[0].source, 0, 0)
        findings.error("R0107", start, "the policy says nothing", "write a first rule: `when always -> tiny`")


def _check_names(scope: Scope, digest: str) -> policy.Policy:
    upstreams = _upstreams(scope)
    models = _models(scope)
    check_lets(scope)
    pools = check_pools(scope)
    settings, given = _defaults(scope, pools)
    routes, rules = check_routes(scope, pools, given)
    return policy.Policy(
        upstreams=upstreams,
        models=models,
        routes=routes,
        rules=rules,
        defaults=with_defaults(given),
        explicit=settings.explicit,
        timezone=settings.timezone,
        open=scope.names.open,
        digest=digest,
    )


def _upstreams(scope: Scope) -> dict[str, policy.Upstream]:
    found = {}
    for name, node in scope.names.upstreams.items():
        settings = read_settings(UpstreamSettings, node.settings, node.name.span, scope.findings, {})
        if settings is not None:
            found[name] = policy.Upstream(name=name, span=node.name.span, **settings.model_dump())
    return found


def _models(scope: Scope) -> dict[str, policy.Model]:
    context = {"supports": scope.vocabulary.model_facts["supports"].values}
    found = {}
    for name, node in scope.names.models.items():
        _printable(node.name, scope)
        settings = read_settings(ModelSettings, node.settings, node.name.span, scope.findings, context)
        if settings is not None:
            values = {**settings.model_dump(), "upstream": _model_upstream(settings, node, scope)}
            values["id"] = settings.id or name
            found[name] = policy.Model(name=name, span=node.name.span, **values)
    return found


def _printable(name: syntax.Name, scope: Scope) -> None:
    if not name.text.isprintable() or not name.text:
        scope.findings.error("R0702", name.span, "the name is empty or has a control character")


def _model_upstream(settings: ModelSettings, node: syntax.Declaration, scope: Scope) -> str | None:
    declared = scope.names.upstreams
    if settings.upstream is None:
        if len(declared) > 1:
            hint = "write `upstream` and one of their names"
            message = f"`{node.name.text}` names no upstream, and there are {len(declared)}"
            scope.findings.error("R0403", node.name.span, message, hint)
        scope.names.used.update(declared)
        return next(iter(declared), None)
    if settings.upstream not in declared:
        place = next(s.value.span for s in node.settings if s.name.text == "upstream")
        suggestion = did_you_mean(settings.upstream, declared)
        scope.findings.error("R0204", place, f"`{settings.upstream}` is no declared upstream", suggestion)
    scope.names.used.add(settings.upstream)
    return settings.upstream


def _defaults(scope: Scope, pools: Pools) -> tuple[DefaultSettings, dict[str, Any]]:
    names = scope.names
    if names.defaults_span is None:
        return DefaultSettings(), {}
    settings = read_settings(DefaultSettings, names.defaults, names.defaults_span, scope.findings, {})
    if settings is None:
        return DefaultSettings(), {}
    known = {n.text: route for route, node in names.routes.items() for n in node.names}
    if settings.explicit is not None and settings.explicit not in known:
        place = next(s.value.span for s in names.defaults if s.name.text == "explicit")
        scope.findings.error(
            "R0202", place, f"`{settings.explicit}` is no route", did_you_mean(settings.explicit, known)
        )
    return settings, resolve_options(settings, names.defaults, scope, pools)


def _refuse_later(names: Names, findings: Findings) -> None:
    for promise in names.asserts:
        findings.not_yet(promise.span, "`assert` is")
    for classifier in names.classifiers.values():
        findings.not_yet(classifier.name.span, "`classifier` is")


def _warn_unused(names: Names, findings: Findings) -> None:
    kinds = (("upstream", names.upstreams), ("let", names.lets), ("pool", names.pools))
    for kind, declared in kinds:
        for name, node in declared.items():
            if name not in names.used:
                findings.warning("R0208", node.name.span, f"the {kind} `{name}` is never used", "leave it out")
