"""`routedsl demo`: a policy served over mock models in the same process."""

from contextlib import nullcontext
from pathlib import Path

import click

from routedsl.tools.options import listening


@click.command(name="demo")
@click.argument("policy", type=click.Path(path_type=Path), required=False)
@listening
def command(policy: Path | None, host: str | None, **flags: object) -> None:
    """Serve POLICY over mock models in this process: no key, no network. Prints what to try.

    Without POLICY a small one is written to a folder of its own, to be played with.
    """
    from routedsl.gateway.settings import is_loopback, read_settings
    from routedsl.tools.playing import play, starter
    from routedsl.tools.serving import run_to_end

    # Whoever gets here gets nothing but mock models.
    settings = read_settings(None, {**flags, "open": not is_loopback(host or "127.0.0.1"), "host": host})
    with starter() if policy is None else nullcontext(policy) as path:
        run_to_end(play(path, settings))
