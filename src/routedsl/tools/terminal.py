"""The policy that a command is given, or what a person is told where it does not load."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from routedsl.base.diagnostic import PolicyError
from routedsl.base.render import render_text
from routedsl.discover import discover
from routedsl.engine.program import Program
from routedsl.loading.policy import load_policy
from routedsl.tools.color import color_on


def load_or_exit(path: Path) -> Program:
    """The program of a policy; one that does not load is told on standard error, and the command exits 2."""
    loading = load_policy(path, discover())
    sys.stderr.write(render_text(loading.diagnostics, color=color_on(sys.stderr)))
    if loading.program is None:
        sys.exit(2)
    return loading.program


Result = TypeVar("Result")


def or_exit(work: Callable[[], Result]) -> Result:
    """What some work on a policy gives; where it raises `PolicyError` that is told, and the command exits 2."""
    try:
        return work()
    except PolicyError as error:
        sys.stderr.write(render_text(error.diagnostics, color=color_on(sys.stderr)))
        sys.exit(2)
