"""What a condition or a target may name, and how a check that has failed is left."""

from dataclasses import dataclass, field

from routedsl.base.diagnostic import Edit
from routedsl.base.source import Span
from routedsl.base.suggest import did_you_mean
from routedsl.language import policy
from routedsl.language.findings import Findings, quoted
from routedsl.language.names import Names
from routedsl.language.vocabulary import Vocabulary


class Wrong(Exception):  # noqa: N818 - not an error of the program: it ends the checking of one predicate
    """The piece at hand was reported; nothing more is to be said of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be named, and where findings go.

    `candidate` is true inside `where`. `inlined` keeps each `let` that was checked.
    """

    vocabulary: Vocabulary
    names: Names
    findings: Findings
    candidate: bool = False
    inlined: dict[str, policy.Condition] = field(default_factory=dict)

    def wrong(
        self, code: str, span: Span, message: str, help: str | None = None, *, edit: str | Edit | None = None
    ) -> Wrong:
        """Report an error; what is returned is to be raised."""
        self.findings.error(code, span, message, help, edit=edit)
        return Wrong()

    def has_model(self, name: str, span: Span) -> bool:
        """Whether a name is a model's, which counts as its use; where it is not, that is reported."""
        names = self.names
        other = "pool" if name in names.pools else "route" if name in names.route_names else None
        if name in names.models or (names.open and other is None):
            names.used.add(("model", name))
            return True
        if other == "pool":
            names.used.add(("pool", name))
            hint: str | None = "a pool stands in the place of a whole list"
        elif other == "route":
            hint = f"to hand over to that route, write `-> route {span.text}`"
        else:
            hint = did_you_mean(name, [*names.models, *names.pools])
        message = f"{quoted(name)} is a {other}, not a model" if other else f"{quoted(name)} is no declared model"
        self.findings.error("R0202", span, message, hint)
        return False
