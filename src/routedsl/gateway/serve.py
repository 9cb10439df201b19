"""A gateway from start to end: the policy, the two listeners, the watcher, and the way out."""

import asyncio
import errno
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from routedsl.engine.catalog import Catalog
from routedsl.engine.tokenizer import load_tokenizer
from routedsl.gateway.admin import make_admin
from routedsl.gateway.app import make_app, make_runner
from routedsl.gateway.clock import SystemClock
from routedsl.gateway.connection import Door, listen, parser_is_compiled, port_of
from routedsl.gateway.dispatch import Dispatcher
from routedsl.gateway.egress import no_http
from routedsl.gateway.folder import Folder, FolderTakenError, held
from routedsl.gateway.host import Admission, Listener, PolicyHost, Verdict
from routedsl.gateway.intake import Intake
from routedsl.gateway.keyfile import KeyFileError, read_keys
from routedsl.gateway.keys import Keys
from routedsl.gateway.ledger import Ledger
from routedsl.gateway.probing import Prober
from routedsl.gateway.recall import recall, recall_history
from routedsl.gateway.recording import Recording
from routedsl.gateway.sessions import Sessions
from routedsl.gateway.settings import LIMITS, Limits, Settings, is_loopback
from routedsl.gateway.shutdown import Stop, drain, on_signals
from routedsl.gateway.state import States
from routedsl.gateway.telemetry import Telemetry
from routedsl.gateway.traffic import Traffic
from routedsl.gateway.transport import AiohttpTransport
from routedsl.gateway.warm import load_warm
from routedsl.gateway.watch import Watcher
from routedsl.gateway.wiring import Gateway
from routedsl.loading.policy import Loading
from routedsl.records.recipe import Privacy
from routedsl.records.recorder import Recorder
from routedsl.records.search import FILE
from routedsl.records.steady import Keep

_ADMIN_HOST = "127.0.0.1"
_OPERATORS = 64
"""Connections to the admin port."""
_LAST_RECORDS = 10.0
"""Seconds that the last records get to be written."""
_LOG = logging.getLogger(__name__)


class StartError(Exception):
    """Why a gateway cannot start, in one sentence for its operator."""


def _open_gate(loading: Loading) -> Loading:
    return loading


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All that a gateway is made from.

    `admit` makes a policy ready to serve here. `environment` has the keys of upstreams. `token` opens
    the admin port; None: the state folder's, or one that is made. `report` makes the listener that is
    told of each policy that is read. `gate` lets a loaded policy pass, or says why it may not serve.
    `reconcile` is the seconds between two looks at the policy's files.
    """

    path: Path
    settings: Settings
    catalog: Catalog
    admit: Admission
    environment: Mapping[str, str]
    token: str | None
    report: Callable[[PolicyHost], Listener]
    gate: Callable[[Loading], Loading] = _open_gate
    limits: Limits = LIMITS
    reconcile: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A gateway that serves, and where: `url` for clients, `admin_url` for operators, who bear the `token`.

    `token_file` has it too, where the folder of the state keeps it.
    """

    url: str
    admin_url: str
    token: str
    token_file: Path | None
    gateway: Gateway
    listener: asyncio.Server
    server: web.Server


async def run(deployment: Deployment, announce: Callable[[Running], None]) -> None:
    """Serve until SIGTERM or Ctrl-C, then drain; raises `StartError`. `announce` is told once it serves."""
    stop = Stop()
    with on_signals(stop):
        async with running(deployment) as gateway:
            announce(gateway)
            await stop.asked.wait()
            seconds = deployment.settings.drain
            left = await drain(gateway.gateway, gateway.listener, gateway.server, seconds, stop.hurry)
            if left:
                _LOG.warning("stopped with %d requests cut off", left)


@asynccontextmanager
async def running(deployment: Deployment) -> AsyncIterator[Running]:
    """A gateway that serves inside the block; raises `StartError` where it cannot."""
    settings, limits = deployment.settings, deployment.limits
    _check_host(settings)
    if not parser_is_compiled():
        raise StartError("aiohttp reads HTTP without its compiled parser here; install a wheel of it that has one")
    async with AsyncExitStack() as stack:
        folder = _hold(settings, stack)
        token = deployment.token or (folder.token() if folder else secrets.token_urlsafe(24))
        gateway = await _assemble(deployment, stack, _recording(settings, folder, stack))
        dialect = deployment.catalog.protocols["chat"].error_body
        admin = make_admin(gateway, token, dialect)
        door = Door(settings.connections, limits, partial(no_http, dialect))
        admin_door = Door(_OPERATORS, limits, door.refuse)
        server, listener = await _open(stack, make_app(gateway), settings.host, settings.port, door)
        _, admin_listener = await _open(stack, admin, _ADMIN_HOST, settings.admin_port, admin_door)
        if settings.watch:
            await _watch(stack, deployment, gateway)
        yield Running(
            url=_url(settings.host, listener),
            admin_url=_url(_ADMIN_HOST, admin_listener),
            token=token,
            token_file=folder.token_file(token) if folder else None,
            gateway=gateway,
            listener=listener,
            server=server,
        )


def _check_host(settings: Settings) -> None:
    if settings.keys is None and not is_loopback(settings.host) and not settings.open:
        raise StartError(
            f"others can reach `{settings.host}`, and no key would be asked of them;"
            " declare `--keys FILE`, or say `--open` to let in everybody who gets there"
        )


def _read_keys(settings: Settings) -> Keys | None:
    try:
        return None if settings.keys is None else Keys(read_keys(settings.keys))
    except KeyFileError as error:
        raise StartError(str(error)) from None


def _intake(settings: Settings, limits: Limits, keys: Keys | None) -> Intake:
    shared = keys is not None and len(keys) > 1
    return Intake(settings.in_flight, memory=limits.memory, patience=limits.queue, shared=shared)


def _hosts(settings: Settings) -> tuple[str, ...] | None:
    """Names to be called by: any where a key is asked for, or where all are let in and no name is said."""
    anybody = settings.open or settings.keys is not None
    return None if anybody and not settings.hosts else (settings.host, *settings.hosts)


def _hold(settings: Settings, stack: AsyncExitStack) -> Folder | None:
    try:
        return None if settings.state is None else stack.enter_context(held(settings.state))
    except FolderTakenError as error:
        raise StartError(str(error)) from None


def _recording(settings: Settings, folder: Folder | None, stack: AsyncExitStack) -> Recording | None:
    """What makes records, where there is a folder for them.

    Each counts its request's tokens. To load the tokenizer takes a second, for which nothing else runs, in
    whatever thread, and the first count of each thread is slow: that is better spent before there are requests.
    """
    if folder is None:
        return None
    load_tokenizer()
    recorder = Recorder(folder.path / FILE, Keep(settings.keep, settings.records_size), load_tokenizer)
    stack.push_async_callback(asyncio.to_thread, recorder.close, _LAST_RECORDS)
    return Recording(recorder, Privacy(folder.key(), frozenset(settings.record_values), settings.record_features))


async def _assemble(deployment: Deployment, stack: AsyncExitStack, recording: Recording | None) -> Gateway:
    settings, clock = deployment.settings, SystemClock()
    keys = _read_keys(settings)
    states = States(clock)
    host = PolicyHost(deployment.admit)
    traffic = Traffic()
    ledger = Ledger(clock)
    telemetry = Telemetry(host, states, ledger, clock, traffic, recording)
    host.listeners.append(deployment.report(host))
    if host.offer(_load(deployment, recording)) is Verdict.REFUSED:
        raise StartError(f"the policy `{deployment.path}` does not load")
    if settings.state is not None:
        await asyncio.to_thread(recall, ledger, states, settings.state / FILE, clock, host.generation.policy.timezone)
        await asyncio.to_thread(recall_history, states.history, settings.state / FILE)
    transport = await stack.enter_async_context(AiohttpTransport(clock))
    prober = Prober(deployment.catalog.probes, states.hardware, transport, clock, deployment.environment)
    (await stack.enter_async_context(prober)).attend(host)
    return Gateway(
        catalog=deployment.catalog,
        host=host,
        dispatcher=Dispatcher(transport, states, clock, deployment.environment),
        states=states,
        ledger=ledger,
        sessions=Sessions(clock),
        clock=clock,
        telemetry=telemetry,
        traffic=traffic,
        limits=deployment.limits,
        intake=_intake(settings, deployment.limits, keys),
        keys=keys,
        hosts=_hosts(settings),
    )


def _load(deployment: Deployment, recording: Recording | None) -> Loading:
    loading = deployment.gate(load_warm(deployment.path, deployment.catalog))
    if recording is not None and loading.program is not None:
        recording.prepare(loading.program)
    return loading


async def _open(
    stack: AsyncExitStack, app: web.Application, host: str, port: int, door: Door
) -> tuple[web.Server, asyncio.Server]:
    runner = make_runner(app, door.limits)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    server = runner.server
    if server is None:
        raise RuntimeError("a runner that was set up has a server")
    try:
        listener = await listen(server, host, port, door)
    except OSError as error:
        raise StartError(f"`{host}` port {port} cannot be listened on: {_cause(error)}") from None
    stack.callback(listener.close)
    return server, listener


def _cause(error: OSError) -> str | None:
    """The cause alone: `strerror` has a sentence of asyncio's around it, and the address once more."""
    number = error.errno or 0
    return os.strerror(number).lower() if number in errno.errorcode else error.strerror


async def _watch(stack: AsyncExitStack, deployment: Deployment, gateway: Gateway) -> None:
    load = partial(asyncio.to_thread, _load, deployment, gateway.telemetry.recording)
    watcher = Watcher(deployment.path, gateway.host, load, every=deployment.reconcile)
    task = asyncio.create_task(watcher.run())
    stack.push_async_callback(_cancelled, task)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _url(host: str, listener: asyncio.Server) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port_of(listener)}"
