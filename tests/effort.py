"""How hard a test tries: a little in CI, and much under `make torture`."""

import os

TORTURE = os.environ.get("HYPOTHESIS_PROFILE") == "torture"


def effort(usual: int, torture: int) -> int:
    """How many of something a test does."""
    return torture if TORTURE else usual
