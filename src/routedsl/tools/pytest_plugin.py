"""The pytest plugin: fixtures to test a policy with, from its decisions alone to a gateway that serves it.

Every pytest run where routedsl is installed imports this module: what it needs is imported when a test asks for it.
Paths are relative to pytest's root folder.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack

import pytest

if TYPE_CHECKING:
    from routedsl import Decision, Policy
    from routedsl.engine.program import Program
    from routedsl.testing import Script
    from routedsl.tools.rehearsal import Rehearsal

RouteSnapshot = Callable[[str | Path, str | Path], None]
"""Takes the paths of a policy and of its requests."""
UPDATE = "`pytest --snapshot-update` keeps it as it is now"


_TEST = re.compile(rb'^[ \t]*test\s+"', re.MULTILINE)
_LARGEST = 1024 * 1024


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the tests of policy files; one without a `test` is passed over, whatever else it is."""
    if file_path.suffix != ".route" or not _has_tests(file_path):
        return None
    from routedsl.tools.pytest_items import RouteFile

    return RouteFile.from_parent(parent, path=file_path)


def _has_tests(path: Path) -> bool:
    try:
        return path.stat().st_size <= _LARGEST and _TEST.search(path.read_bytes()) is not None
    except OSError:
        return False


class Around(TypedDict, total=False):
    """What stands around a request's body in an envelope."""

    headers: Mapping[str, str]
    key: str
    endpoint: str
    world: Mapping[str, object]
    facts: Mapping[str, object]


class RouteDecide(Protocol):
    """Takes the path of a policy, the body of a request, and what stands around it."""

    def __call__(self, policy: str | Path, body: Mapping[str, object], **around: Unpack[Around]) -> "Decision":
        """The decision."""
        ...


class RouteGateway(Protocol):
    """Takes the path of a policy, and how models behave that do not answer at once and well."""

    def __call__(self, policy: str | Path, models: "Mapping[str, str | Script] | None" = None) -> "Rehearsal":
        """A gateway that serves until the test is over."""
        ...


@pytest.fixture
def route_snapshot(request: pytest.FixtureRequest) -> RouteSnapshot:
    """Fails where the policy decides other than the snapshot says; `--snapshot-update` writes it.

    The requests are JSON or JSON lines, as `routedsl decide` takes them; it is a Thursday's noon unless
    their world says otherwise. The snapshot is a text file beside the test, a line for each request.
    """
    root = request.config.rootpath
    if not request.config.pluginmanager.has_plugin("syrupy"):
        pytest.fail("`route_snapshot` needs syrupy: install `routedsl-gateway[test]`", pytrace=False)
    from routedsl.tools.kept_table import TableExtension, kept_by
    from routedsl.tools.snapshot import differences

    snapshot = request.getfixturevalue("snapshot").with_defaults(extension_class=TableExtension)

    def matches(policy: str | Path, requests: str | Path) -> None:
        __tracebackhide__ = True
        kept = kept_by(snapshot)
        table = table_of(root / policy, root / requests, kept)
        if table != snapshot:
            told = differences(kept, table) if kept else "there is no snapshot yet"
            pytest.fail(f"`{policy}` on `{requests}`:\n{told}\n{UPDATE}", pytrace=False)

    return matches


@pytest.fixture
def route_policy(request: pytest.FixtureRequest) -> "Callable[[str | Path], Policy]":
    """Loads a policy, as `routedsl.load` does; fails the test with what is wrong where it does not load."""
    from routedsl.loading.api import Policy

    def load(policy: str | Path) -> Policy:
        __tracebackhide__ = True
        return Policy(program_of(request.config.rootpath / policy))

    return load


@pytest.fixture
def route_decide(route_policy: "Callable[[str | Path], Policy]") -> RouteDecide:
    """Decides one request under a policy, in a world; as `Policy.decide`, but at a Thursday's noon of 2026.

    `world` may name another time; what else it leaves out is up and not measured.
    """
    from routedsl.engine.staging import NOON

    def decide(policy: str | Path, body: Mapping[str, object], **around: Unpack[Around]) -> "Decision":
        __tracebackhide__ = True
        around["world"] = {"time": NOON.isoformat(), **around.get("world", {})}
        return route_policy(policy).decide(body, **around)

    return decide


@pytest.fixture
def route_gateway(request: pytest.FixtureRequest) -> Iterator[RouteGateway]:
    """Serves a policy to any client until the test is over, its models played by a scripted upstream.

    A model is played by a `routedsl.testing.Script`, or by the name of a fault such as `hang` or
    `cut:40`; those that are not named answer at once. `asked` of what it returns has the models called.
    """
    from routedsl.testing import Script
    from routedsl.tools.rehearsal import rehearsed

    with ExitStack() as stack:

        def serve(policy: str | Path, models: Mapping[str, str | Script] | None = None) -> "Rehearsal":
            __tracebackhide__ = True
            path = request.config.rootpath / policy
            program_of(path)
            scripts = {
                name: Script(fault=script) if isinstance(script, str) else script
                for name, script in (models or {}).items()
            }
            return stack.enter_context(rehearsed(path, scripts))

        yield serve


def program_of(policy: Path) -> "Program":
    """The policy, compiled; fails the test where it does not load."""
    from routedsl.base.render import render_text
    from routedsl.discover import discover
    from routedsl.loading.policy import load_policy

    __tracebackhide__ = True
    loading = load_policy(policy, discover())
    if loading.program is None:
        pytest.fail(render_text(loading.diagnostics), pytrace=False)
    return loading.program


def table_of(policy: Path, requests: Path, kept: str) -> str:
    """The table of decisions, beside the kept one; fails the test where the policy does not load, or no file is."""
    from routedsl.tools.snapshot import decision_table

    __tracebackhide__ = True
    program = program_of(policy)
    if not requests.is_file():
        pytest.fail(f"there is no file of requests at `{requests}`", pytrace=False)
    return decision_table(program, requests.read_bytes(), kept)
