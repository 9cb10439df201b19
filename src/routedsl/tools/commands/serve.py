"""`routedsl serve`: the gateway."""

import os
from pathlib import Path

import click

from routedsl.tools.options import listening


@click.command(name="serve")
@click.argument("policy", type=click.Path(path_type=Path))
@listening
@click.option("--watch/--no-watch", default=None, help="Take in edits of the policy while serving.  [default: watch]")
@click.option("--gate/--no-gate", default=None, help="Take a policy in only if its tests hold.  [default: no-gate]")
@click.option(
    "--snapshot",
    "snapshots",
    nargs=2,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="REQUESTS TABLE",
    help="Take a policy in only if it decides these requests as the table of `route_snapshot` says.",
)
@click.option("--open", "open_", is_flag=True, default=None, help="Let in whoever reaches a host that is not loopback.")
@click.option("--keys", type=click.Path(path_type=Path), help="Ask clients for the keys of this file (`key new`).")
@click.option("--in-flight", type=click.IntRange(1), metavar="N", help="Requests at once.  [default: 512]")
@click.option("--state", type=click.Path(path_type=Path), help="Keep records and the admin token in this folder.")
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    help="TOML: these flags, `hosts`, `connections`, `drain`, `keep`, `records_size`, `record_values`,"
    " `record_features` as keys.",
)
def command(
    policy: Path,
    *,
    file: Path | None,
    open_: bool | None,
    snapshots: tuple[tuple[Path, Path], ...],
    **flags: object,
) -> None:
    """Serve POLICY, a file or a folder, to OpenAI's clients.

    With --keys, clients bear one as `Authorization: Bearer` or `x-api-key`, and others get 401.
    Requests past --in-flight wait for a second at most, and then get 503.

    Keys of upstreams come from the environment. Edits of the policy are taken in while serving; one
    with errors, or that --gate or --snapshot keeps out, is told on standard error, and the old policy
    serves on. SIGTERM or Ctrl-C lets running requests finish; a second one does not. One process serves.

    The admin port has GET /policy, GET /models, POST /explain and GET /metrics, with the bearer token in
    ROUTEDSL_ADMIN_TOKEN, else the one in the file `admin-token` of --state. `routedsl records` shows what
    --state keeps.
    """
    from routedsl.gateway.admission import with_keys
    from routedsl.gateway.serve import Running, run
    from routedsl.gateway.settings import SettingsError, read_settings
    from routedsl.tools.serving import TOKEN, deployment_of, run_to_end, shown_token

    try:
        settings = read_settings(file, {**flags, "open": open_, "snapshots": snapshots or None})
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    deployment = deployment_of(policy, settings, with_keys(os.environ))

    def announce(running: Running) -> None:
        click.echo(f"`{policy}` is served at {running.url}/v1")
        token = shown_token(running.token)
        kept = f"token in `{running.token_file}`" if running.token_file else f"closed until {TOKEN} is set"
        click.echo(f"admin at {running.admin_url}, {f'token {token}' if token else kept}")

    run_to_end(run(deployment, announce))
