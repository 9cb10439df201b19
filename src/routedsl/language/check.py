"""Syntax to a checked policy: every name found, every type and unit right, everything wrong told in one run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from routedsl.base.diagnostic import Diagnostic, has_errors, in_order
from routedsl.base.source import Span
from routedsl.language import policy, syntax
from routedsl.language.findings import Findings, TooManyErrors, quoted, some, suggested
from routedsl.language.leaks import find_keys
from routedsl.language.lets import check_lets
from routedsl.language.names import Names, collect, is_empty
from routedsl.language.operands import read_closed, read_kind
from routedsl.language.promises import check_asserts
from routedsl.language.rules import Given, check_routes, resolve_options, with_defaults
from routedsl.language.scope import Scope
from routedsl.language.settings import CLASSIFIER, DEFAULTS, MODEL, OPTIONS, UPSTREAM, read_settings
from routedsl.language.targets import Pools, check_pools
from routedsl.language.tests import check_tests
from routedsl.language.vocabulary import Vocabulary


def check(
    files: Sequence[syntax.File], vocabulary: Vocabulary, *, digest: str = ""
) -> tuple[policy.Policy | None, tuple[Diagnostic, ...]]:
    """Check files as one policy; the pieces of a file with imports inside stand for themselves.

    Returns the policy, or None where there is an error, and all findings in the order of the text.
    `digest` is the policy's content hash.
    """
    findings = Findings()
    checked = None
    with suppress(TooManyErrors):
        checked = _checked(files, vocabulary, findings, digest)
    diagnostics = in_order(findings.diagnostics)
    return (None if has_errors(diagnostics) else checked), diagnostics


def _checked(files: Sequence[syntax.File], vocabulary: Vocabulary, findings: Findings, digest: str) -> policy.Policy:
    _check_not_empty(files, findings)
    names = collect(files, findings)
    checked = _check_names(Scope(vocabulary, names, findings), digest)
    _refuse_keys(files, findings)
    if not has_errors(findings.diagnostics):
        _warn_unused(names, findings)  # what is wrong may hide the use of a name
    return checked


def _check_not_empty(files: Sequence[syntax.File], findings: Findings) -> None:
    if files and is_empty(files):
        start = Span(files[0].source, 0, 0)
        findings.error("R0107", start, "the policy says nothing", "write a first rule: `when always -> tiny`")


def _check_names(scope: Scope, digest: str) -> policy.Policy:
    upstreams = _upstreams(scope)
    models = _models(scope, upstreams)
    check_lets(scope)
    pools = check_pools(scope)
    whole, given = _defaults(scope, pools)
    routes, rules = check_routes(scope, pools, given)
    return policy.Policy(
        upstreams=upstreams,
        models=models,
        classifiers=_classifiers(scope),
        routes=routes,
        rules=rules,
        defaults=with_defaults(given),
        asserts=check_asserts(scope, pools),
        tests=check_tests(scope, pools, rules),
        open=scope.names.open,
        digest=digest,
        **whole,
    )


def _upstreams(scope: Scope) -> dict[str, policy.Upstream]:
    taken = UPSTREAM.reading("kind", lambda operand: read_kind(operand, scope.vocabulary.kinds))
    found = {}
    for name, node in scope.names.upstreams.items():
        settings = read_settings(taken, node.settings, node.name.span, scope.findings)
        if settings is not None:
            found[name] = policy.Upstream(name=name, span=node.name.span, **settings)
    return found


def _models(scope: Scope, upstreams: Mapping[str, policy.Upstream]) -> dict[str, policy.Model]:
    abilities = scope.vocabulary.model_facts["supports"].values
    taken = MODEL.reading("supports", lambda operand: read_closed(operand, abilities))
    found = {}
    for name, node in scope.names.models.items():
        settings = read_settings(taken, node.settings, node.name.span, scope.findings)
        if settings is not None:
            upstream = _model_upstream(settings.get("upstream"), node, scope)
            at = upstreams.get(upstream or "")
            values = {"id": name, **settings, "upstream": upstream, "slots": None if at is None else at.slots}
            found[name] = policy.Model(name=name, span=node.name.span, **values)
    return found


def _classifiers(scope: Scope) -> dict[str, policy.Classifier]:
    found = {}
    for name, node in scope.names.classifiers.items():
        settings = read_settings(CLASSIFIER, node.settings, node.name.span, scope.findings)
        if settings is not None:
            signal = scope.classifier_word(name).name
            found[name] = policy.Classifier(name=name, signal=signal, span=node.name.span, **settings)
    return found


def _model_upstream(named: str | None, node: syntax.Declaration, scope: Scope) -> str | None:
    declared, written = scope.names.upstreams, _value_of("upstream", node.settings)
    if written is None:
        if len(declared) > 1:
            hint = f"write `upstream` and one of their names, such as `{next(iter(declared))}`"
            message = f"{quoted(node.name.text)} names no upstream, and there are {len(declared)}"
            scope.findings.error("R0403", node.name.span, message, hint)
        scope.names.used.update(("upstream", name) for name in declared)
        return next(iter(declared), None)
    if named is not None and named not in declared:
        hint, edit = suggested(named, declared, f'declare it: `upstream {written.text} {{ url "…" }}`')
        message = f"{quoted(named)} is no declared upstream"
        scope.findings.error("R0204", written, message, hint, edit=edit)
    scope.names.used.add(("upstream", named or ""))
    return named


def _value_of(name: str, settings: Sequence[syntax.Setting]) -> Span | None:
    return next((setting.value.span for setting in settings if setting.name.text == name), None)


def _defaults(scope: Scope, pools: Pools) -> tuple[dict[str, Any], Given]:
    """What `defaults` says of the whole policy, and the options that it gives to all rules."""
    node = scope.names.defaults
    settings = read_settings(DEFAULTS, node.settings, node.span, scope.findings) if node else None
    if node is None or settings is None:
        return {}, {}
    whole = {name: value for name, value in settings.items() if name not in OPTIONS.readers}
    if "explicit" in whole:
        whole["explicit"] = _explicit(whole["explicit"], node, scope)
    return whole, resolve_options(settings, scope, pools)


def _explicit(named: str, node: syntax.Defaults, scope: Scope) -> str | None:
    routes, place = scope.names.route_names, _value_of("explicit", node.settings)
    if place is not None and named not in routes:
        hint, edit = suggested(named, routes, f"there is {some(routes)}")
        scope.findings.error("R0202", place, f"{quoted(named)} is no route", hint, edit=edit)
    return routes.get(named)


def _refuse_keys(files: Sequence[syntax.File], findings: Findings) -> None:
    told = [found.span for found in findings.diagnostics if found.code == "R0701"]
    for key in find_keys(dict.fromkeys(file.source for file in files)):
        if not any(span.source is key.source and span.start <= key.start <= span.end for span in told):
            help_ = "keep it in the environment and write `key $NAME`"
            findings.error("R0701", key, "this looks like a key written out", help_)


def _warn_unused(names: Names, findings: Findings) -> None:
    kinds: dict[str, Mapping[str, syntax.Declaration | syntax.Let | syntax.Pool]]
    kinds = {
        "upstream": names.upstreams,
        "classifier": names.classifiers,
        "let": names.lets,
        "pool": names.pools,
    }
    for kind, declared in kinds.items():
        for name, node in declared.items():
            if (kind, name) not in names.used:
                findings.warning("R0208", node.name.span, f"the {kind} {quoted(name)} is never used", "leave it out")
