"""`routedsl mock`: mock models on a port, to try a policy against, and to see it survive."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import click

from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, LiteralError, parse_quantity
from routedsl.testing import FAULTS, Script, ScriptedUpstream, Seen


def seconds(text: str) -> float:
    """The seconds of a duration as policies write it; raises BadParameter where it is none."""
    try:
        quantity = parse_quantity(text)
    except LiteralError as error:
        raise click.BadParameter("; ".join(filter(None, (str(error), error.help)))) from error
    if quantity.type is not Type.DURATION:
        raise click.BadParameter(f"`{text}` is not a duration, such as `200ms`")
    return quantity.value / DURATIONS["s"]


def scripts_of(script: Script, models: Iterable[str], faults: Iterable[str]) -> dict[str, Script] | Script:
    """How each model behaves; where none is named, any model. Raises ValueError for an unknown fault."""
    split = [fault.rpartition("=") for fault in faults]
    every = [fault for model, _, fault in split if not model]
    script = replace(script, fault=every[-1]) if every else script
    faulty = {model: replace(script, fault=fault) for model, _, fault in split if model}
    return dict.fromkeys(models, script) | faulty or script


def line_of(seen: Seen) -> str:
    """One request on one line."""
    fault = " (the client left)" if seen.gone else ""
    return f"{seen.model or 'a bad request'}{' stream' if seen.body.get('stream') is True else ''}{fault}"


async def serve(upstream: ScriptedUpstream) -> None:
    """Serve until cancelled."""
    async with upstream:
        names = "any model" if isinstance(upstream.scripts, Script) else ", ".join(upstream.scripts)
        click.echo(f"mock of {names} on {upstream.url} (Ctrl-C ends it)")
        await asyncio.Event().wait()


FAULT_LIST = "\b\nFaults:\n" + "\n".join(f"  {name:18} {fault.doc}" for name, fault in FAULTS.items())
EXAMPLES = """\b
Examples:
  routedsl mock --port 9101 --model tiny
  routedsl mock --port 9102 --fault medium=hang
  routedsl mock --port 9103 --model large --model huge --fault large=cut:40 --speed 20"""


@click.command(epilog=f"{EXAMPLES}\n\n{FAULT_LIST}")
@click.option("--port", type=click.IntRange(0, 65535), default=9101, show_default=True, help="0 takes a free one.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="A model that it has; without one, any.")
@click.option("--fault", "faults", multiple=True, metavar="[NAME=]FAULT", help="What goes wrong: FAULT or FAULT:N.")
@click.option("--latency", type=seconds, default="0s", metavar="DURATION", help="Wait before each answer, as `200ms`.")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Tokens a second; without it, at once."
)
def command(port: int, models: tuple[str, ...], faults: tuple[str, ...], latency: float, speed: float | None) -> None:
    """Serve mock models that speak OpenAI's chat completions, on a port of this machine.

    Each answers at once and says who it is and what it was asked. Every request prints a line.
    """
    try:
        scripts = scripts_of(Script(latency=latency, speed=speed), models, faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error
    upstream = ScriptedUpstream(scripts, port=port, watch=lambda seen: click.echo(line_of(seen)))
    try:
        asyncio.run(serve(upstream))
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used: {error.strerror}") from error
    except KeyboardInterrupt:
        click.echo()
