"""An upstream that tells in its refusals all that it was sent, keys and addresses with it, as some servers do."""

import json
from collections.abc import Mapping
from dataclasses import replace

from routedsl.testing import Script, ScriptedUpstream
from routedsl.testing.answer import Answer
from routedsl.testing.mock import Endpoint
from routedsl.testing.upstream import Seen

REDACTED = "[redacted]"


class TellingUpstream(ScriptedUpstream):
    """Its refusals end with the headers of the request; `refusals` are their messages without, by model."""

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        """Nothing is refused yet."""
        super().__init__(scripts)
        self.refusals: dict[str, str] = {}

    def _scripted(self, seen: Seen, endpoint: Endpoint) -> Answer:
        answer = super()._scripted(seen, endpoint)
        if answer.status < 400:
            return answer
        value = json.loads(answer.body)
        self.refusals[str(seen.model)] = value["error"]["message"]
        value["error"]["message"] += f" ({dict(seen.headers)})"
        body = json.dumps(value).encode()
        return replace(answer.with_headers(("Content-Length", str(len(body)))), steps=(body,))
