"""The requests that commands take: from a file or standard input, and what is told of one that cannot be read."""

import json
import sys
from collections.abc import Iterator
from typing import BinaryIO

from routedsl.engine.request import RequestError
from routedsl.loading.envelope import split_cases


def requests_in(stream: BinaryIO) -> Iterator[bytes]:
    """Each request of a file; a person at a terminal is told that it waits, or that there was none."""
    if stream.isatty():
        sys.stderr.write("reading requests from standard input: a JSON body a line, then ctrl-d\n")
    lines = tuple(split_cases(stream.read()))
    if not lines:
        sys.stderr.write("there is no request to read\n")
    return iter(lines)


def refusal_to_json(line: bytes, error: RequestError) -> dict[str, object]:
    """What stands on the line of a request that cannot be read."""
    return {"id": _id(line), "error": {"code": error.code, "message": error.message}}


def _id(line: bytes) -> str | None:
    """The id of a request that is wrong elsewhere, so that its line can be told from the others."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    id_ = fields.get("id") if isinstance(fields, dict) else None
    return id_ if isinstance(id_, str) else None


def json_line(shown: object) -> str:
    """One line of JSON, readable in any script."""
    return json.dumps(shown, ensure_ascii=False) + "\n"
