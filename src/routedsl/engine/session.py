"""Which conversation a request belongs to, as clients name it in headers."""

from collections.abc import Mapping

SESSION_HEADERS = ("x-session-id", "x-claude-code-session-id", "x-session-affinity")


def session_of(headers: Mapping[str, str]) -> str | None:
    """The session in headers with lower-case names; None where there is none."""
    return next(filter(None, (headers.get(name) for name in SESSION_HEADERS)), None)
