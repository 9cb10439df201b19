"""What Python programs hold: a loaded policy, and its decisions with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from routedsl.analysis.hindsight import hindsight, hindsight_to_text
from routedsl.analysis.survey import survey
from routedsl.discover import discover
from routedsl.engine.case import Case
from routedsl.engine.decision import Decision as Decided
from routedsl.engine.explain import explain
from routedsl.engine.narrate import explanation_to_text
from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.loading.envelope import case_from, now_utc
from routedsl.loading.policy import require_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a policy says of one request; fields are named as in the lines of `routedsl decide --json`.

    `chain` has the names of the models to try, in that order, and `model` is its first. It is empty
    where the request is rejected (`action` is `reject`, and `status`, `code` and `message` say how) and
    where nobody is left. `rule` is `explicit` where the request names a declared model, None where it
    names an unknown one.
    """

    action: str
    model: str | None
    chain: tuple[str, ...]
    route: str | None
    rule: str | None
    at: str | None
    status: int | None
    code: str | None
    message: str | None
    _program: Program = field(repr=False, compare=False)
    _case: Case = field(repr=False, compare=False)
    _decided: Decided = field(repr=False, compare=False)

    def explain(self) -> str:
        """Why, as `routedsl explain` prints it: each rule tried, each predicate with its value, the nearest flip."""
        case, program = self._case, self._program
        explanation = explain(program, case.request, case.world, case.pinned)
        back = hindsight(survey(program), explanation, case.request, case.world, case.pinned)
        return explanation_to_text(explanation) + hindsight_to_text(back)

    def to_json(self) -> Mapping[str, object]:
        """The decision as `routedsl decide --json` prints it."""
        return decision_to_json(self._decided, self._case.id)


class Policy:
    """A policy that was loaded; it stays as it was when its files change."""

    def __init__(self, program: Program) -> None:
        """Keep what decides; `load` makes policies."""
        self._program = program

    def __repr__(self) -> str:
        """Its digest, which is the same for the same text."""
        return f"<Policy {self._program.policy.digest[:12]}>"

    def decide(
        self,
        body: Mapping[str, object] | bytes | str,
        *,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        endpoint: str = "chat",
        world: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> Decision:
        """The decision on one request body, a mapping or JSON text; it calls no model.

        `headers` are the client's and `key` the name of its key. `world` and `facts` have the shapes of an
        envelope's: `{"time": "2026-01-31T09:30:00Z", "models": {"tiny": {"up": False}}}` and
        `{"tokens": 80}`. What `world` leaves out is now, up, not measured. Raises `RequestError` where
        one of them cannot be read.
        """
        case = case_from(
            body,
            self._program.catalog,
            now_utc(),
            {"headers": headers, "key": key, "endpoint": endpoint, "world": world, "facts": facts},
        )
        decided = self._program.decide(case.request, case.world, case.pinned)
        return Decision(
            action=decided.action.value,
            model=decided.model,
            chain=decided.chain,
            route=decided.route,
            rule=decided.rule,
            at=decided.at,
            status=decided.status,
            code=decided.code,
            message=decided.message,
            _program=self._program,
            _case=case,
            _decided=decided,
        )


def load(path: str | PathLike[str]) -> Policy:
    """Load the policy in a file or folder; raises `PolicyError` with every finding where it does not load."""
    return Policy(require_policy(Path(path), discover()))
