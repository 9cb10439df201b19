"""A bar on the terminal for what takes longer than people like to wait without one."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

PATIENCE = 2.0
"""Seconds that need no bar."""

Done = TypeVar("Done")


def with_bar(
    done: Iterable[Done], total: int | None, label: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Done]:
    """Pass on what gets done, and show how far that is after a while; `total` is None where nobody knows."""
    started = clock()
    with ExitStack() as stack:
        advance = None
        for number, each in enumerate(done, 1):
            if advance is None and clock() - started > PATIENCE:
                hidden = not sys.stderr.isatty()
                bar: ProgressBar[int] = click.progressbar(length=total, label=label, file=sys.stderr, hidden=hidden)
                advance = stack.enter_context(bar).update
                advance(number)
            elif advance is not None:
                advance(1)
            yield each
