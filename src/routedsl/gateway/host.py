"""The policy in effect: immutable generations, and the one reference that a reload swaps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from routedsl.base.diagnostic import Diagnostic, has_errors
from routedsl.engine.program import Program
from routedsl.language.policy import Policy
from routedsl.loading.policy import Loading


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A policy that was swapped in. `policy` is the program's own, with the upstreams that are really called."""

    number: int
    program: Program
    policy: Policy
    files: tuple[str, ...]
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """A policy that was not let in, and why."""

    at: datetime
    diagnostics: tuple[Diagnostic, ...]


class Verdict(StrEnum):
    """What became of a loaded policy: it serves, it is what serves already, or the old one serves on."""

    SWAPPED = "swapped"
    SAME = "same"
    REFUSED = "refused"


Admission = Callable[[Policy], tuple[Policy, tuple[Diagnostic, ...]]]
"""Makes a checked policy ready to serve, or says why it is not: a key that the environment lacks."""


Listener = Callable[[Verdict, tuple[Diagnostic, ...]], None]
"""Is told what became of a policy, and what was found in it, warnings included."""


class PolicyHost:
    """Holds the generation that serves. A request takes `generation` once and keeps to it.

    `refusal` is about the policy offered last; None where that one serves. `listeners` are told of
    each verdict once it is in effect.
    """

    def __init__(self, admit: Admission) -> None:
        """Start with no policy at all."""
        self._admit = admit
        self._generation: Generation | None = None
        self.refusal: Refusal | None = None
        self.listeners: list[Listener] = []

    @property
    def ready(self) -> bool:
        """Whether there is a policy to serve."""
        return self._generation is not None

    @property
    def generation(self) -> Generation:
        """What serves now; raises LookupError before the first policy was let in."""
        if self._generation is None:
            raise LookupError("no policy has been loaded")
        return self._generation

    def offer(self, loading: Loading) -> Verdict:
        """Swap a policy in if it may serve and is not what serves already."""
        verdict = self._consider(loading)
        diagnostics = loading.diagnostics if self.refusal is None else self.refusal.diagnostics
        for listener in self.listeners:
            listener(verdict, diagnostics)
        return verdict

    def _consider(self, loading: Loading) -> Verdict:
        now = datetime.now(UTC)
        if loading.program is None:
            return self._refuse(now, loading.diagnostics)
        policy, findings = self._admit(loading.program.policy)
        if has_errors(findings):
            return self._refuse(now, (*loading.diagnostics, *findings))
        self.refusal = None
        if self._generation is not None and self._generation.program.policy.digest == loading.program.policy.digest:
            return Verdict.SAME
        self._generation = Generation(
            number=1 if self._generation is None else self._generation.number + 1,
            program=loading.program,
            policy=policy,
            files=tuple(source.name for source in loading.sources),
            loaded_at=now,
        )
        return Verdict.SWAPPED

    def _refuse(self, now: datetime, diagnostics: tuple[Diagnostic, ...]) -> Verdict:
        self.refusal = Refusal(now, diagnostics)
        return Verdict.REFUSED
