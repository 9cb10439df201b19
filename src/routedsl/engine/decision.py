"""What the policy says of one request: a chain of attempts, or a refusal, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from routedsl.base.types import Type, Value
from routedsl.language.policy import Options

Facts = Mapping[str, tuple[Type, Value]]
"""The facts that were asked, by their canonical text, in the order asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision.

    `action` is `forward` or `reject`. `chain` names declared models in the order of attempts; it may
    be empty for a `forward`: nothing can be tried, and the answer is 503. `rule` is the rule's
    name, `explicit` where the client's choice is kept, None where the model asked for is unknown.
    `at` is `file:line:column` of the rule. `status`, `code` and `message` are a refusal's.
    """

    action: str
    route: str | None
    rule: str | None
    at: str | None
    chain: tuple[str, ...]
    options: Options
    facts: Facts = field(repr=False)
    policy: str
    status: int | None = None
    code: str | None = None
    message: str | None = None

    @property
    def model(self) -> str | None:
        """The first model of the chain."""
        return self.chain[0] if self.chain else None
