"""The sixteen scenarios of the public Failover Bench, re-created: what is answered, and what is safe at the least."""

from collections.abc import Callable
from pathlib import Path

import pytest

from routedsl.gateway import serve
from tests.gateway.bench import SCENARIOS, Clock, Score, card, scores

CUT_IN_THE_MIDDLE = {"S08", "S09", "S14"}
"""What no gateway can mend that has passed on the first words."""


async def test_held_back_all_pass_and_by_default_the_rest_is_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr(serve, "SystemClock", Clock)
    held_back, by_default = await scores(tmp_path, "buffer whole", "")
    record_property("measured", f"with `buffer whole`: {card(held_back)}")
    record_property("measured", f"by default: {card(by_default)}")
    assert held_back == dict.fromkeys(SCENARIOS, Score.PASS)
    safe = dict.fromkeys(CUT_IN_THE_MIDDLE, Score.SAFE)
    assert by_default == {name: safe.get(name, Score.PASS) for name in SCENARIOS}
