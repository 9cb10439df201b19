"""Work in several processes, with one progress bar over all of it."""

import gc
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ALL_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import cpu_count, get_context
from typing import Any, TypeVar

import click

Task = TypeVar("Task")
Result = TypeVar("Result")
Work = Callable[[Task, Callable[[], None]], Result]
"""Does a task, and tells of each step."""

FEW = 20_000
"""So few steps in all are done sooner here than processes are started."""
AT_ONCE = 500
"""Steps that are told together."""
LOOK = 0.2


def each(work: Work[Task, Result], tasks: Sequence[Task], steps: int) -> list[Result]:
    """What the work makes of each task, which takes so many steps; in order."""
    total, processes = steps * len(tasks), min(len(tasks), cpu_count())
    with click.progressbar(length=total, label="simulating", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        if processes == 1 or total <= FEW:
            return [work(task, _Steps(bar.update)) for task in tasks]
        return _apart(work, tasks, processes, bar.update)


class _Steps:
    """Tells of steps, many at once."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell, self._count = tell, 0

    def __call__(self) -> None:
        self._count += 1
        if self._count % AT_ONCE == 0:
            self._tell(AT_ONCE)


_counter: Any = None
"""The steps of all processes together, in each of them."""


def _share(counter: Any) -> None:
    global _counter
    _counter = counter
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches all processes: the first one tells of it
    gc.disable()  # there are no cycles among the millions of values that come and go


def _count(steps: int) -> None:
    with _counter.get_lock():
        _counter.value += steps


def _counted(work: Work[Task, Result], task: Task) -> Result:
    return work(task, _Steps(_count))


def _apart(
    work: Work[Task, Result], tasks: Sequence[Task], processes: int, update: Callable[[int], None]
) -> list[Result]:
    context = get_context("spawn")
    counter, shown = context.Value("Q"), 0
    with ProcessPoolExecutor(processes, context, _share, (counter,)) as pool:
        futures = [pool.submit(_counted, work, task) for task in tasks]
        while wait(futures, LOOK, ALL_COMPLETED).not_done:
            done = counter.value
            update(done - shown)
            shown = done
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise click.UsageError("a process of the simulation was ended from outside") from None
