"""A job on several machines: a Dask cluster, each of whose workers has this package and sees the same files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from distributed import Client, LocalCluster, as_completed

from routedsl.records.cores import cores
from routedsl.records.jobs import Job, Result, Sent
from routedsl.records.pieces import pieces_of
from routedsl.records.tables import StoreError

LOCAL = "local"
"""Stands for the address of a cluster that is made for this job, on this machine alone."""
PATIENCE = 10
"""Seconds in which a scheduler has to answer."""

Watched = Callable[[Iterable[Result], int], Iterator[Result]]
"""Passes on what gets done, told how many pieces there are."""


def on_fleet(job: Job[Result], records: Sequence[Path], address: str, watched: Watched[Result]) -> Iterator[Result]:
    """What comes of each piece of the files, in the order in which they are done; raises as the job does.

    Workers look into the files, for this machine need not have them. Raises `StoreError` where no cluster answers.
    """
    with _cluster(address) as client:
        looked = client.gather(client.map(pieces_of, [path.absolute() for path in records], pure=False))
        pieces = list(chain.from_iterable(looked))
        done = as_completed(client.map(Sent(job), pieces, pure=False), with_results=True)
        yield from watched((result for _, result in done), len(pieces))


@contextmanager
def _cluster(address: str) -> Iterator[Client]:
    with ExitStack() as stack:
        if address == LOCAL:
            local = LocalCluster(
                n_workers=cores(), threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
            )
            address = stack.enter_context(local).scheduler_address
        try:
            client = Client(address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise StoreError(f"no Dask scheduler answers at `{address}`") from error
        yield stack.enter_context(client)
