"""The cases of the YAML files here, as README.md tells them, decided by this implementation."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from routedsl.base.render import render_text
from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.compile import compile_policy
from routedsl.engine.explain import explain
from routedsl.engine.program import Program
from routedsl.engine.report import decision_to_json
from routedsl.engine.request import RequestError
from routedsl.language.parse import parse
from routedsl.loading.envelope import read_case

HERE = Path(__file__).parent
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HI = {"messages": [{"role": "user", "content": "hi"}]}
ENVELOPE = ("id", "endpoint", "headers", "key", "world", "facts")
LEAST = 200
"""Cases there are at least: none may get lost unnoticed."""


def cases() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.yaml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8")):
            for case in group["cases"]:
                name = f"{path.stem}: {group['about']}: {case['note']}"
                yield pytest.param(group["policy"], case, id=name)


@cache
def program_of(text: str) -> Program:
    file, found = parse(Source("case.route", text))
    program, checked = compile_policy([file], builtin())
    assert program is not None, render_text([*found, *checked])
    return program


def line_of(case: dict[str, Any]) -> bytes:
    if "line" in case:
        return str(case["line"]).encode()
    around = {name: case[name] for name in ENVELOPE if name in case}
    return json.dumps({**around, "body": case.get("body", HI)}).encode()


def shown_for(program: Program, line: bytes) -> dict[str, Any]:
    """What stands on a request's line. `explain`, which evaluates by the reference, must come to the same."""
    try:
        case = read_case(line, builtin(), NOON)
    except RequestError as error:
        return {"code": error.code, "error": error.message}
    shown = decision_to_json(program.decide(case.request, case.world, case.pinned), case.id)
    explained = explain(program, case.request, case.world, case.pinned)
    assert decision_to_json(explained.decision, case.id) == shown
    return shown


@pytest.mark.parametrize(("policy", "case"), list(cases()))
def test_case(policy: str, case: dict[str, Any]) -> None:
    shown = shown_for(program_of(policy), line_of(case))
    want = case["want"] if "want" in case else {"code": case["want_code"], "error": shown.get("error", "one")}
    assert {name: shown.get(name) for name in want} == want


def test_no_case_got_lost() -> None:
    assert len(list(cases())) >= LEAST
