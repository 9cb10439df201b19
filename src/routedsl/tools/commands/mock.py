"""`routedsl mock`: mock models on a port, to try a policy against, and to see it survive."""

import asyncio
import signal
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from routedsl.base.types import Type
from routedsl.base.units import DURATIONS, LiteralError, parse_quantity
from routedsl.testing import PARTS, TROUBLES, Closing, Script, ScriptedUpstream, Seen, Trouble
from routedsl.tools.options import Number


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
    """One request on one line: who was asked, for whom, and how it ended."""
    stream = " stream" if seen.body.get("stream") is True else ""
    caller = f" for {seen.request_id}" if seen.request_id else ""
    return f"{seen.model or 'a bad request'}{stream}{caller}: {ENDINGS[seen.closing or Closing.WHOLE]}"


ENDINGS = {
    Closing.WHOLE: "answered",
    Closing.BROKEN: "broken off",
    Closing.GONE: "the client left",
    Closing.STOPPED: "stopped",
}


async def serve(upstream: ScriptedUpstream) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with upstream:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        names = "any model" if isinstance(upstream.scripts, Script) else ", ".join(upstream.scripts)
        click.echo(f"mock of {names} on {upstream.url} (Ctrl-C ends it)")
        await stop.wait()


def tls_of(certificate: Path | None) -> ssl.SSLContext | None:
    """TLS with a certificate; raises BadParameter where the file has none."""
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        message = f"`{certificate}` has no certificate with its key: {error.strerror or error}"
        raise click.BadParameter(message, param_hint="--certificate") from error
    return context


def listed(heading: str, rows: Mapping[str, str]) -> str:
    """Names and what they mean, for `--help`."""
    return "\b\n" + f"{heading}:\n" + "\n".join(f"  {name:18} {doc}" for name, doc in rows.items())


FilePath = click.Path(exists=True, dir_okay=False, path_type=Path)
EXAMPLES = """\b
Examples:
  routedsl mock --port 9101 --model tiny
  routedsl mock --port 9102 --fault medium=hang
  routedsl mock --port 9103 --model large --model huge --fault large=cut:40 --speed 20
  routedsl mock --port 9104 --fault large=503 --flap 60s
  routedsl mock --port 9105 --trouble accept-reset"""
LISTS = [
    *(
        listed(f"Faults of {part}", {name: each.told for name, each in faults.items()})
        for part, faults in PARTS.items()
    ),
    listed("Troubles of every connection", {trouble.value: doc for trouble, doc in TROUBLES.items()}),
]


@click.command(epilog="\n\n".join([EXAMPLES, *LISTS]))
@click.option("--port", type=click.IntRange(0, 65535), default=9101, show_default=True, help="0 takes a free one.")
@click.option("--model", "models", multiple=True, metavar="NAME", help="A model that it has; without one, any.")
@click.option("--fault", "faults", multiple=True, metavar="[NAME=]FAULT", help="What goes wrong: FAULT or FAULT:N.")
@click.option("--times", type=click.IntRange(min=1), metavar="N", help="Only the first N calls of a model go wrong.")
@click.option("--flap", type=seconds, metavar="DURATION", help="Go wrong for so long, be well for as long, and again.")
@click.option(
    "--trouble", type=click.Choice([each.value for each in Trouble]), help="What goes wrong with every connection."
)
@click.option("--latency", type=seconds, default="0s", metavar="DURATION", help="Wait before each answer, as `200ms`.")
@click.option("--speed", type=Number(min=0, min_open=True), metavar="N", help="Tokens a second; without it, at once.")
@click.option("--certificate", type=FilePath, metavar="FILE", help="Speak TLS with this certificate and key (PEM).")
def command(
    *,
    port: int,
    models: tuple[str, ...],
    faults: tuple[str, ...],
    trouble: str | None,
    certificate: Path | None,
    **manners: Any,
) -> None:
    """Serve mock models that speak OpenAI's chat completions and Anthropic's messages, on a port of this machine.

    Each answers at once and says who it is and what it was asked. Every request prints a line when it has ended.
    """
    try:
        scripts = scripts_of(Script(**manners), models, faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error
    upstream = ScriptedUpstream(
        scripts,
        port=port,
        trouble=None if trouble is None else Trouble(trouble),
        tls=tls_of(certificate),
        watch=lambda seen: click.echo(line_of(seen)),
    )
    try:
        asyncio.run(serve(upstream))
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used: {error.strerror}") from error
