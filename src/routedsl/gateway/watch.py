"""Hot reload: file events are a doorbell, the files' content is the truth."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from watchfiles import awatch

from routedsl.gateway.files import Place, fingerprint, hops
from routedsl.gateway.host import PolicyHost
from routedsl.loading.policy import Loading

_QUIET_MS, _MOST_MS = 100, 1000
"""Events are gathered until none comes for the first, and for the second at most."""
_APART, _PATIENCE = 0.05, 1.0
"""Two looks so far apart must agree; files that never do are read after the second all the same."""
_TRIES = 3
_BACKOFF = 60.0
_LOG = logging.getLogger(__name__)

Load = Callable[[], Awaitable[Loading]]


class Watcher:
    """Keeps a host's policy in step with its files, one load at a time.

    `load` reads the policy at `root`. `every` is how many seconds pass between two looks at the
    files where no event calls for one.
    """

    def __init__(self, root: Path, host: PolicyHost, load: Load, *, every: float = 2.0) -> None:
        """Know nothing of the files: the first look loads them."""
        self._root = root
        self._host = host
        self._load = load
        self._every = every
        self._paths = frozenset({root})
        self._loaded: bytes | None = None
        self._bell = asyncio.Event()
        self._moved = asyncio.Event()
        self._watched: frozenset[Place] = frozenset()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reconcile())
            tasks.create_task(self._listen())

    async def look(self) -> None:
        """Load the policy if its files are not what was loaded last."""
        now = await self._fingerprint()
        if now != self._loaded:
            # Whatever comes of it, even an exception: the same bytes are not tried twice.
            self._loaded = now
            self._host.offer(await self._load_whole())
        if hops(self._paths) != self._watched:
            self._moved.set()

    async def _reconcile(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), self._every)
            self._bell.clear()
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - whatever it was, the policy that serves goes on, and the next look comes
                _LOG.exception("the policy's files could not be looked at")

    async def _listen(self) -> None:
        while True:
            self._moved = asyncio.Event()
            self._watched = hops(self._paths)
            self._bell.set()
            try:
                await self._hear([folder for folder, *_ in self._watched])
            except Exception as error:  # noqa: BLE001 - without events there is still the regular look
                _LOG.warning("no file events (%s): the files are looked at every %g s", error, self._every)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), _BACKOFF)

    async def _hear(self, folders: list[Path]) -> None:
        events = awatch(
            *folders, watch_filter=None, recursive=False, step=_QUIET_MS, debounce=_MOST_MS, stop_event=self._moved
        )
        async for _ in events:
            self._bell.set()

    async def _load_whole(self) -> Loading:
        """Load until no file changed meanwhile, a few times at most; what then is still moving is looked at again."""
        for _ in range(_TRIES - 1):
            loading = await self._load_once()
            if self._loaded is not None:
                return loading
        return await self._load_once()

    async def _load_once(self) -> Loading:
        before = await self._settled()
        loading = await self._load()
        known, self._paths = self._paths, frozenset(loading.paths)
        whole = known == self._paths and await self._fingerprint() == before
        self._loaded = before if whole else None
        return loading

    async def _settled(self) -> bytes:
        last = await self._fingerprint()
        for _ in range(round(_PATIENCE / _APART)):
            await asyncio.sleep(_APART)
            now = await self._fingerprint()
            if now == last:
                break
            last = now
        return last

    async def _fingerprint(self) -> bytes:
        return await asyncio.to_thread(fingerprint, self._root, self._paths)
