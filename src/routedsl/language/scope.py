"""What a condition or a target may name, and how a check that has failed is left."""

from msgspec import Struct

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Span
from routedsl.base.suggest import close_matches
from routedsl.base.types import Type
from routedsl.language import policy
from routedsl.language.findings import Findings, quoted, some
from routedsl.language.names import Names
from routedsl.language.vocabulary import SignalWord, Vocabulary

_REFUSING = frozenset({"deny", "block", "drop", "forbid", "reject", "refuse", "none"})


class Wrong(Exception):  # noqa: N818 - not an error of the program: it ends the checking of one predicate
    """The piece at hand was reported; nothing more is to be said of it."""


class Scope(Struct, frozen=True):
    """What may be named, and where findings go.

    `candidate` is true inside `where`. `inlined` keeps each `let` that was checked.
    """

    vocabulary: Vocabulary
    names: Names
    findings: Findings
    candidate: bool = False
    inlined: dict[str, policy.Condition] = {}

    def wrong(
        self, code: str, span: Span, message: str, help: str | None = None, *, edit: str | Edit | None = None
    ) -> Wrong:
        """Report an error; what is returned is to be raised."""
        self.findings.error(code, span, message, help, edit=edit)
        return Wrong()

    def classifier_word(self, name: str) -> SignalWord:
        """What is known of the signal that a classifier is: a number that may be missing.

        One that has the name of such a signal as it is itself goes before it, and is given where that is. Any
        other signal of its name goes on under that for all but this policy's conditions.
        """
        hidden = self.vocabulary.signals.get(name)
        if hidden is None:
            return SignalWord(name, Type.NUMBER, optional=True)
        if hidden.type is Type.NUMBER and not hidden.optional:
            return hidden
        return SignalWord(f"classifier {name}", Type.NUMBER, optional=True)

    def has_model(self, name: str, span: Span, *, target: bool = False) -> bool:
        """Whether a name is a model's; where it is not, that is reported.

        A whole `target` could as well be a pool or a route.
        """
        names = self.names
        others = (
            ("pool", names.pools, "a pool stands in the place of a whole list"),
            ("route", names.route_names, f"to hand over to that route, write `route {span.text}`"),
        )
        for kind, declared, hint in others:
            if name in declared and name not in names.models:
                edit = f"route {span.text}" if target and kind == "route" else None
                self.findings.error("R0202", span, f"{quoted(name)} is a {kind}, not a model", hint, edit=edit)
                return False
        if names.open or name in names.models:
            return True
        form = self._instead_of(name)
        hint = f"did you mean `{form}`?" if form else f"there is {some(names.models)}"
        edit = form if target or form in names.models else None
        if name.lower() in _REFUSING:
            edit, hint = None, 'to refuse a request, write `reject 403 "why"`'
        self.findings.error("R0202", span, f"{quoted(name)} is no declared model", hint, edit=edit)
        return False

    def _instead_of(self, name: str) -> str | None:
        names = self.names
        forms = {name: f"route {name}" for name in names.route_names} | {name: name for name in names.models}
        match = next(iter(close_matches(name, forms | {name: name for name in names.pools}, most=1)), None)
        return None if match is None else forms.get(match, match)
