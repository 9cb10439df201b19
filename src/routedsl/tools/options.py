"""Options that verbs share."""

from collections.abc import Callable
from math import isfinite
from typing import Any

import click

_PORT = click.IntRange(0, 65535)


class Number(click.FloatRange):
    """A number within bounds; what only looks like one, `nan` or `inf`, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; fails as click's own types do."""
        number = float(super().convert(value, param, ctx))
        return number if isfinite(number) else self.fail(f"{value!r} is no number", param, ctx)


def listening(command: Callable[..., None]) -> Callable[..., None]:
    """Where a server listens; what is not given is None, so that settings from a file can tell."""
    options = (
        click.option("--host", metavar="HOST", help="Where to listen.  [default: 127.0.0.1]"),
        click.option("--port", type=_PORT, help="For clients; 0 takes a free one.  [default: 8080]"),
        click.option("--admin-port", type=_PORT, help="For operators, always on 127.0.0.1.  [default: 8081]"),
    )
    for option in reversed(options):
        command = option(command)
    return command
