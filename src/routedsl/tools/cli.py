"""The command line: a table of verbs, each imported only when it is called."""

import errno
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import Any, NoReturn

import click

from routedsl import __version__

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "init": "Write a first policy, a request and a test, fitted to this machine.",
        "demo": "Serve a policy over mock models in this process: no key, no network.",
        "serve": "Serve a policy: the gateway.",
        "check": "Tell the errors and warnings of a policy.",
        "test": "Run the tests that stand in a policy.",
        "decide": "Decide requests without calling a model.",
        "explain": "Say why a request goes where it goes.",
        "explain-code": "Show the page of a diagnostic's code.",
        "diff": "Tell what two policies decide differently, with a witness for each region.",
        "graph": "Draw the decision tree of a policy.",
        "fmt": "Put policy files in their canonical form.",
        "models": "Show the models of a policy, and what each costs.",
        "key": "Make keys for clients of the gateway.",
        "replay": "Decide recorded requests again, and tell which of them move.",
        "records": "Show what `serve --state` has recorded of requests.",
        "simulate": "Run traffic against described machines, before anything is live.",
        "train": "Learn a classifier from labelled requests.",
        "mock": "Serve mock models with faults on a port.",
    }
)
"""Every verb, in the order of `--help`, and what it does; `tools/commands/VERB.py` binds `command`.

Dashes in a verb are underscores in its file's name.
"""


class _Verbs(click.Group):
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a verb. Where what it prints cannot be written, say so and exit 2."""
        _open_closed()
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except OSError as error:
            if error.filename is not None or error.errno not in _UNWRITTEN:
                raise
            _give_up(f"standard output cannot be written: {error.strerror}")

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in VERBS:
            return None
        command = import_module(f"routedsl.tools.commands.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from routedsl.base.suggest import did_you_mean

            hint = did_you_mean(args[0], VERBS)
            ctx.fail(f"there is no verb `{args[0]}`" + (f"; {hint}" if hint else ""))
        return super().resolve_command(ctx, args)


_UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPIPE)


def _open_closed() -> None:
    """Put the null device where the caller closed a standard stream: files opened later would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            from pathlib import Path

            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for as long as the process


def _give_up(message: str) -> NoReturn:
    """End at once, since the interpreter would try to write the rest again."""
    with suppress(OSError):
        sys.stderr.write(f"Error: {message}\n")
        sys.stderr.flush()
    os._exit(2)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="routedsl", message="%(prog)s %(version)s")
def main() -> None:
    """Routing policy as code for LLM traffic: check it, decide by it, serve it.

    Exit codes: 0 good, 1 findings, 2 usage or cannot run.
    """
