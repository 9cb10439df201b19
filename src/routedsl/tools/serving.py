"""What `serve` and `demo` share: a gateway run to its end in this process, and what its operator is told."""

import asyncio
import gc
import logging
import os
import resource
import sys
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from pathlib import Path

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.render import render_text
from routedsl.discover import discover
from routedsl.gateway.host import Admission, Listener, PolicyHost, Verdict
from routedsl.gateway.serve import Deployment, StartError
from routedsl.gateway.settings import Settings
from routedsl.tools.color import color_on
from routedsl.tools.gating import Gate, Snapshot

TOKEN = "ROUTEDSL_ADMIN_TOKEN"  # noqa: S105 - the name of the variable that has it
MOST_FILES = 65_536
_LOG = logging.getLogger(__name__)


def deployment_of(path: Path, settings: Settings, admit: Admission) -> Deployment:
    """How this process serves a policy: keys, and the admin token if there is one, are the environment's."""
    return Deployment(
        path=path,
        settings=settings,
        catalog=discover(),
        admit=admit,
        environment=dict(os.environ),
        token=os.environ.get(TOKEN) or None,
        report=lambda host: reporter(host, path),
        gate=Gate(path, tests=settings.gate, snapshots=[Snapshot(*files) for files in settings.snapshots]),
    )


def shown_token(token: str) -> str | None:
    """How a person may write the admin token in a command; None where it would only land in a log."""
    if os.environ.get(TOKEN):
        return f"${TOKEN}"
    return token if sys.stdout.isatty() else None


def reporter(host: PolicyHost, path: Path) -> Listener:
    """Tells standard error of every policy that is read: what was found, then one line on what became of it."""
    before = Verdict.SAME

    def report(verdict: Verdict, diagnostics: tuple[Diagnostic, ...]) -> None:
        nonlocal before
        if verdict is not Verdict.SAME or before is Verdict.REFUSED:
            sys.stderr.write(render_text(diagnostics, color=color_on(sys.stderr)))
            sys.stderr.flush()
            _log(host, path, verdict)
        before = verdict

    return report


def _log(host: PolicyHost, path: Path, verdict: Verdict) -> None:
    if not host.ready:
        return
    generation = host.generation
    serving = f"generation {generation.number}, policy {generation.program.policy.digest[:12]}"
    if verdict is Verdict.REFUSED:
        _LOG.error("`%s` was not taken; %s serves on", path, serving)
    else:
        _LOG.info("`%s` serves as %s", path, serving)


def run_to_end(work: Coroutine[None, None, None]) -> None:
    """Run a server until it is told to stop; exits 2 where it cannot start."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    # It tells of each change of any file beside the policy: a log that is kept there would write itself.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    # A policy is compiled in a thread beside the loop, which then waits so long for its turn at most.
    sys.setswitchinterval(0.001)
    # A body of millions of lists takes four times as long where they are looked through for rings at every 700.
    gc.set_threshold(10_000)
    allow_files(MOST_FILES)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(work)
    except StartError as error:
        sys.stderr.write(f"routedsl: {error}\n")
        sys.exit(2)


def allow_files(most: int) -> None:
    """Let this process have so many files open, if it may: many systems start with 1,024, and a client is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop
