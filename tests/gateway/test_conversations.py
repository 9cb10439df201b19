"""Conversations over the gateway: kept on the model that answered them, and drawn once."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from routedsl.testing import Script
from tests.gateway.harness import Served, got, serving

STICKY = """
when header["x-side"] is given -> large as side
else first of [tiny, medium] as main { sticky 10m }
retry 0
"""
LIMPING = {"tiny": Script(fault="500", times=1), "medium": Script(), "large": Script()}
"""The first call of `tiny` fails, so that `medium` answers who asks first; from then on it is well."""
Turn = dict[str, str]


def said(*texts: str) -> list[Turn]:
    """A conversation: the user and the model in turns."""
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]


async def asked(served: Served, messages: list[Turn], headers: dict[str, str] | None = None, **body: Any) -> str:
    """The model that answered."""
    async with ClientSession(served.url) as http:
        sent = {"model": "auto", "messages": messages, **body}
        answer = await got(http.post("/v1/chat/completions", json=sent, headers=headers or {}))
    assert answer.status == 200, answer.body
    return answer.headers["x-route-model"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-session-id": "s-1"}, {}),
        ({"x-claude-code-session-id": "s-1"}, {}),
        ({}, {"prompt_cache_key": "s-1"}),
        ({}, {}),
    ],
    ids=["header", "claude-code", "body", "first-messages"],
)
async def test_a_conversation_stays_with_the_model_that_answered_it(
    tmp_path: Path, headers: dict[str, str], body: dict[str, str]
) -> None:
    async with serving(tmp_path, STICKY, scripts=LIMPING) as served:
        assert await asked(served, said("hi"), headers, **body) == "medium"
        assert await asked(served, said("ho")) == "tiny"
        assert await asked(served, said("hi", "Hello.", "and now?"), headers, **body) == "medium"
        assert await asked(served, said("hi", "Hello.", "and now?", "Well.", "so"), headers, **body) == "medium"


async def test_a_side_question_to_another_model_does_not_move_it(tmp_path: Path) -> None:
    session = {"x-session-id": "s-1"}
    async with serving(tmp_path, STICKY, scripts=LIMPING) as served:
        assert await asked(served, said("hi"), session) == "medium"
        assert await asked(served, said("a title"), {**session, "x-side": "1"}) == "large"
        assert await asked(served, said("hi", "Hello.", "and now?"), session) == "medium"


async def test_who_writes_another_history_has_another_conversation(tmp_path: Path) -> None:
    async with serving(tmp_path, STICKY, scripts=LIMPING) as served:
        assert await asked(served, said("hi")) == "medium"
        assert await asked(served, said("hi there", "Hello.", "and now?")) == "tiny"
        assert await asked(served, said("hi", "Hello.", "and now?"), user="ann") == "tiny"


async def test_a_split_draws_once_for_a_conversation(tmp_path: Path) -> None:
    seen = set()
    async with serving(tmp_path, "else split of [tiny 50%, medium]") as served:
        for number in range(8):
            first = await asked(served, said(f"hi {number}"))
            assert await asked(served, said(f"hi {number}", "Hello.", "and now?")) == first
            seen.add(first)
    assert seen == {"tiny", "medium"}
