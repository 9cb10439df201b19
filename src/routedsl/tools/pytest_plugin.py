"""The pytest plugin: the fixture `route_snapshot` keeps what a policy decides on a file of requests.

Every pytest run where routedsl is installed imports this module: what it needs is imported when a test asks for it.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

RouteSnapshot = Callable[[str | Path, str | Path], None]
"""Takes the paths of a policy and of its requests, relative to pytest's root folder."""


@pytest.fixture
def route_snapshot(request: pytest.FixtureRequest) -> RouteSnapshot:
    """Fails where the policy decides other than the snapshot says; `--snapshot-update` writes it.

    The requests are JSON or JSON lines, as `routedsl decide` takes them; it is a Thursday's noon unless
    their world says otherwise. The snapshot is a text file beside the test, a line for each request.
    """
    root = request.config.rootpath
    if not request.config.pluginmanager.has_plugin("syrupy"):
        pytest.fail("`route_snapshot` needs syrupy: install `routedsl-gateway[test]`", pytrace=False)
    snapshot = request.getfixturevalue("snapshot")

    def matches(policy: str | Path, requests: str | Path) -> None:
        from routedsl.tools.snapshot import TableExtension

        __tracebackhide__ = True
        table = table_of(root / policy, root / requests)
        assert table == snapshot(extension_class=TableExtension)  # noqa: S101 - pytest shows what differs

    return matches


def table_of(policy: Path, requests: Path) -> str:
    """The table of decisions; fails the test where the policy does not load or there is no request."""
    from routedsl.base.render import render_text
    from routedsl.discover import discover
    from routedsl.loading.policy import load_policy
    from routedsl.tools.snapshot import decision_table

    __tracebackhide__ = True
    loading = load_policy(policy, discover())
    if loading.program is None:
        pytest.fail(render_text(loading.diagnostics), pytrace=False)
    if not requests.is_file():
        pytest.fail(f"there is no file of requests at `{requests}`", pytrace=False)
    return decision_table(loading.program, requests.read_bytes())
