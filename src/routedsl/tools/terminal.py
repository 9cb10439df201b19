"""What a stream can show, and how a policy that does not load is told."""

import os
import sys
from pathlib import Path
from typing import TextIO

from routedsl.base.render import render_text
from routedsl.discover import discover
from routedsl.engine.program import Program
from routedsl.loading.policy import load_policy


def color_on(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose person wants colours (`NO_COLOR` is obeyed)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def load_or_exit(path: Path) -> Program:
    """The program of a policy; one that does not load is told on standard error, and the command exits 2."""
    loading = load_policy(path, discover())
    sys.stderr.write(render_text(loading.diagnostics, color=color_on(sys.stderr)))
    if loading.program is None:
        sys.exit(2)
    return loading.program
