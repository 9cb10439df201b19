"""A policy played by mock models in this process, and what to try with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from msgspec.structs import replace

from routedsl.base.diagnostic import Diagnostic
from routedsl.base.source import NOWHERE
from routedsl.gateway.host import Admission
from routedsl.gateway.serve import Running, run
from routedsl.gateway.settings import Settings
from routedsl.language.names import MAIN_ROUTE
from routedsl.language.policy import Policy, Ranked, Upstream, undeclared
from routedsl.testing import Script, ScriptedUpstream, mock_models
from routedsl.tools.serving import deployment_of, shown_token

STARTER = """\
# Who answers what: for each request the first rule that holds decides.
when messages <= 2 and chars < 200 -> tiny
else medium
fallback [large, medium, tiny]
timeout 10s
"""
MOCK = "mock"
GUIDE = """\
`{path}` is served at {url}/v1; mock models answer for its own.

Ask, and read in the headers who decided and who answered:
  curl -i {url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "hello"}}]}}'

The same as a stream:
  curl -N {url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "hello"}}]}}'

The decision alone, and the facts it rests on; no model is called:
  curl {url}/v1/chat/completions -H 'content-type: application/json' -H 'x-route-dry-run: 1' \\
    -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "hello"}}]}}'

What can be asked for:
  curl {url}/v1/models

Now change a rule in `{edited}` while this runs, save it, and ask again: the next request is decided
by the new text. Save a mistake: it is told here, and the old policy serves on.
"""
ADMIN = """
The policy that serves, for operators:
  curl {url}/policy -H "authorization: Bearer {token}"
"""


@contextmanager
def starter() -> Iterator[Path]:
    """A small policy in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="routedsl-demo-") as folder:
        path = Path(folder, "policy.route")
        path.write_text(STARTER, encoding="utf-8")
        yield path


async def play(path: Path, settings: Settings) -> None:
    """Serve until told to stop."""
    async with ScriptedUpstream() as upstream:
        deployment = deployment_of(path, settings, mocked(upstream))
        await run(deployment, lambda running: click.echo(guide(path, running, shown_token(running.token))))


def mocked(
    upstream: ScriptedUpstream, scripts: Callable[[Iterable[str]], Mapping[str, Script]] = mock_models
) -> Admission:
    """Lets in every policy that loads, with mock models in the place of its own; `scripts` says how they behave."""

    def admit(policy: Policy) -> tuple[Policy, tuple[Diagnostic, ...]]:
        declared = policy.models or {name: undeclared(name) for name in named_models(policy)}
        models = {name: replace(model, id=name, upstream=MOCK) for name, model in declared.items()}
        upstream.scripts = scripts(models)
        upstreams: Mapping[str, Upstream] = {MOCK: Upstream(MOCK, upstream.url, span=NOWHERE)}
        return replace(policy, models=models, upstreams=upstreams), ()

    return admit


def named_models(policy: Policy) -> Iterator[str]:
    """The models that the rules of a policy name which declares none, some more than once."""
    for rule in policy.rules:
        if isinstance(rule.target, Ranked):
            yield from (candidate.model for candidate in rule.target.candidates)
        yield from rule.options.fallback


def guide(path: Path, running: Running, token: str | None) -> str:
    """What to try, in lines that work when they are pasted."""
    generation = running.gateway.host.generation
    routes = [name for route in generation.policy.routes.values() for name in route.names]
    model = MAIN_ROUTE if MAIN_ROUTE in routes else next(iter([*routes, *generation.policy.models]))
    text = GUIDE.format(path=path, url=running.url, model=model, edited=generation.files[0])
    return text + (ADMIN.format(url=running.admin_url, token=token) if token else "") + "\nCtrl-C ends it."
