"""How hard a test tries: a little, sometimes more in CI, and much under `make torture`."""

import os

CI = "CI" in os.environ
TORTURE = os.environ.get("HYPOTHESIS_PROFILE") == "torture"


def effort(usual: int, torture: int, ci: int | None = None) -> int:
    """How many of something a test does; `ci` is for what is too long for whoever waits for it."""
    if TORTURE:
        return torture
    return ci if CI and ci is not None else usual
