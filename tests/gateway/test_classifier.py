"""A classifier beside a policy that serves: other weights are taken in like other words."""

from pathlib import Path

from aiohttp import ClientSession

from routedsl.engine.classifier_file import classifier_to_json
from routedsl.gateway.host import Verdict
from tests.engine.weights import classifier
from tests.gateway.harness import Served, got, serving

POLICY = """
classifier difficulty { file "difficulty.json" }
when difficulty > 50 -> large
else tiny
"""


async def answered(served: Served, session: ClientSession) -> tuple[str, str]:
    """Which model answers, and under which policy."""
    body = {"model": "auto", "messages": [{"role": "user", "content": "alpha"}]}
    answer = await got(session.post(f"{served.url}/v1/chat/completions", json=body))
    assert answer.status == 200
    return answer.headers["x-route-model"], answer.headers["x-route-policy"]


async def test_other_weights_decide_the_next_request_and_broken_ones_do_not(tmp_path: Path) -> None:
    weights = tmp_path / "difficulty.json"
    weights.write_bytes(classifier_to_json(classifier({"alpha": 120})))
    async with serving(tmp_path, POLICY, watch=True) as served, ClientSession() as session:
        first, hard = await answered(served, session)
        weights.write_bytes(classifier_to_json(classifier({"alpha": 20})))
        await served.verdict(Verdict.SWAPPED)
        second, easy = await answered(served, session)
        weights.write_bytes(b"{}")
        (found,) = await served.verdict(Verdict.REFUSED)
        assert found.code == "R0605"
        assert (first, second) == ("large", "tiny")
        assert hard != easy
        assert await answered(served, session) == ("tiny", easy)
