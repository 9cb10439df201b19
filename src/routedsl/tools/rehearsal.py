"""A gateway over scripted upstreams for tests: in a thread with a loop of its own, so that any client can ask it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

from routedsl.base.suggest import did_you_mean
from routedsl.discover import discover
from routedsl.gateway.host import Listener, PolicyHost
from routedsl.gateway.serve import Deployment, running
from routedsl.gateway.settings import Settings
from routedsl.testing import Script, ScriptedUpstream, Seen
from routedsl.tools.playing import mocked

SETTINGS = Settings(port=0, admin_port=0, watch=False)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A gateway that serves: `url` is its API's base, `upstream` what answers for all models of the policy."""

    url: str
    upstream: ScriptedUpstream

    @property
    def seen(self) -> tuple[Seen, ...]:
        """The calls that came to the upstream, in the order of their arrival."""
        return tuple(self.upstream.seen)

    @property
    def asked(self) -> tuple[str | None, ...]:
        """The declared names of the models that were called, in order."""
        return tuple(call.model for call in self.upstream.seen)


@contextmanager
def rehearsed(policy: Path, scripts: Mapping[str, Script]) -> Iterator[Rehearsal]:
    """Serve the policy inside the block; raises `StartError` where it does not load.

    Its models answer at once and well, but for those that `scripts` names; raises ValueError where the
    policy has no such model.
    """
    started: Future[tuple[Rehearsal, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = Thread(target=lambda: asyncio.run(_serve(policy, scripts, started)), name="routedsl-rehearsal")
    thread.start()
    try:
        rehearsal, loop, over = started.result()
        try:
            yield rehearsal
        finally:
            loop.call_soon_threadsafe(over.set)
    finally:
        thread.join()


async def _serve(
    policy: Path,
    scripts: Mapping[str, Script],
    started: "Future[tuple[Rehearsal, asyncio.AbstractEventLoop, asyncio.Event]]",
) -> None:
    over = asyncio.Event()
    try:
        async with ScriptedUpstream() as upstream, running(_deployment(policy, upstream, scripts)) as gateway:
            rehearsal = Rehearsal(f"{gateway.url}/v1", upstream)
            started.set_result((rehearsal, asyncio.get_running_loop(), over))
            await over.wait()
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


def _deployment(policy: Path, upstream: ScriptedUpstream, scripts: Mapping[str, Script]) -> Deployment:
    return Deployment(
        path=policy,
        settings=SETTINGS,
        catalog=discover(),
        admit=mocked(upstream, partial(_cast, scripts)),
        environment={},
        token=None,
        report=_unheard,
    )


def _cast(scripts: Mapping[str, Script], names: Iterable[str]) -> Mapping[str, Script]:
    models = {name: Script() for name in names}
    for name in scripts:
        if name not in models:
            hint = did_you_mean(name, models)
            raise ValueError(f"the policy names no model `{name}`" + (f"; {hint}" if hint else ""))
    return {**models, **scripts}


def _unheard(_: PolicyHost) -> Listener:
    def report(*_: object) -> None:
        """Whoever rehearses has loaded the policy before, and told what is wrong with it."""

    return report
