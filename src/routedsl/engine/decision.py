"""What the policy says of one request: a chain of attempts, or a refusal, and why."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from routedsl.base.types import Type, Value
from routedsl.language.policy import Options


class Action(StrEnum):
    """What is done with a request."""

    FORWARD = "forward"
    REJECT = "reject"


EXPLICIT = "explicit"
"""Stands for the rule where the client's own choice of a model is kept."""


class Decision(Struct, frozen=True, kw_only=True):
    """One decision.

    `chain` names declared models in the order of attempts; it may be empty for a `forward`: nothing can
    be tried, and the answer is 503. `rule` is the rule's name, `explicit` where the client's choice is
    kept, None where the model asked for is unknown. `at` is `file:line:column` of the rule. `facts` are
    what the policy asked, in the order asked, with their types. `status`, `code` and `message` are a
    refusal's. `ahead` is the option that put the first of the chain there, `sticky` or `explore`; None where the
    rule's target did. `policy` is the policy's digest.
    """

    action: Action
    route: str | None
    rule: str | None
    at: str | None
    chain: tuple[str, ...]
    options: Options
    policy: str
    ahead: str | None = None
    facts: Mapping[str, Value] = {}
    types: Mapping[str, Type] = {}
    status: int | None = None
    code: str | None = None
    message: str | None = None

    @property
    def model(self) -> str | None:
        """The first model of the chain."""
        return self.chain[0] if self.chain else None
