"""What importing a part of routedsl loads, seen from a fresh interpreter."""

import subprocess
import sys

import pytest

EVENT_LOOP = {"aiohttp", "asyncio", "watchfiles"}


def loaded_by(module: str) -> set[str]:
    """The names of all modules that a fresh interpreter has loaded after the import."""
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["routedsl", "routedsl.base", "routedsl.language", "routedsl.engine"])
def test_the_core_loads_no_event_loop(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert loaded.isdisjoint(EVENT_LOOP)
