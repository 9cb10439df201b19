"""A job on all cores of this machine."""

import gc
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import get_context

from routedsl.records.jobs import Job, Result, Sent
from routedsl.records.pieces import Piece
from routedsl.records.tables import StoreError

FEW = 2
"""Pieces up to which another process would only cost time."""
AHEAD = 2
"""Pieces for each core that are handed out before the first of them is done."""


def on_all_cores(job: Job[Result], pieces: Iterable[Piece]) -> Iterator[Result]:
    """What comes of each piece, in the order in which they are done; raises as the job does."""
    todo = iter(pieces)
    first = list(islice(todo, FEW + 1))
    sent = Sent(job)
    if len(first) <= FEW or cores() == 1:
        yield from map(sent, chain(first, todo))
    else:
        yield from _shared(sent, chain(first, todo))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shared(sent: Sent[Result], pieces: Iterator[Piece]) -> Iterator[Result]:
    # A forked process would inherit threads that are none of its own; the few tenths of a second are well spent.
    pool = ProcessPoolExecutor(cores(), get_context("spawn"), _made_ready)
    try:
        running: set[Future[Result]] = set()
        while running := running | _submitted(pool, sent, islice(pieces, AHEAD * cores() - len(running))):
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise StoreError("a process that read records has ended before it was done; is there enough memory?") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, sent: Sent[Result], pieces: Iterable[Piece]) -> set[Future[Result]]:
    return {pool.submit(sent, piece) for piece in pieces}


def _made_ready() -> None:
    """Leave it to the first process what happens when somebody at the terminal wants to end; look for no cycles.

    There are none among the millions of values that come and go, and to look for them takes a tenth of the time.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
