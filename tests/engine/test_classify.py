"""The table of failures, row by row: what an upstream says, and what routing does about it."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.classify import SECOND, VERDICTS, Again, Mark, Onward, Verdict, classify, read_failure, retry_after
from routedsl.engine.outcome import Failed, Kind

NOW = datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)
NEVER, ONCE, REPEATEDLY = Again
NEXT, LARGER, STOP = Onward
NONE, COUNTS, RESTS = Mark


def refused_with(code: str | None = None, message: str = "", kind: str = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


def row(verdict: Verdict) -> tuple[Again, Onward, Mark]:
    return verdict.again, verdict.onward, verdict.mark


KINDS = {
    Kind.REFUSED: (NEVER, NEXT, COUNTS),
    Kind.RESET: (ONCE, NEXT, COUNTS),
    Kind.TIMEOUT: (NEVER, NEXT, COUNTS),
    Kind.LIMITED: (REPEATEDLY, NEXT, RESTS),
    Kind.EXHAUSTED: (NEVER, NEXT, RESTS),
    Kind.ERROR: (ONCE, NEXT, COUNTS),
    Kind.UNAVAILABLE: (NEVER, NEXT, COUNTS),
    Kind.UNAUTHORIZED: (NEVER, NEXT, RESTS),
    Kind.UNKNOWN: (NEVER, NEXT, NONE),
    Kind.INVALID: (NEVER, STOP, NONE),
    Kind.TOO_LONG: (NEVER, LARGER, NONE),
    Kind.FILTERED: (NEVER, STOP, NONE),
    Kind.MALFORMED: (ONCE, NEXT, COUNTS),
    Kind.CUT: (ONCE, NEXT, COUNTS),
    Kind.STREAM_ERROR: (NEVER, NEXT, COUNTS),
    Kind.LATE: (NEVER, STOP, NONE),
    Kind.GONE: (NEVER, STOP, NONE),
    Kind.LOST: (NEVER, STOP, NONE),
    Kind.OPEN: (NEVER, NEXT, NONE),
    Kind.BUSY: (NEVER, NEXT, NONE),
    Kind.SKIPPED: (NEVER, NEXT, NONE),
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_failure(kind: Kind) -> None:
    assert row(classify(Failed(kind=kind))) == KINDS[kind]


STATUSES = {
    (429,): (REPEATEDLY, NEXT, RESTS),
    (402,): (NEVER, NEXT, RESTS),
    (500, 502, 503): (ONCE, NEXT, COUNTS),
    (408, 409, 504, 520, 521, 522, 523, 524, 529): (NEVER, NEXT, COUNTS),
    (501, 505, 525, 599, 799, 101): (NEVER, NEXT, COUNTS),
    (401, 403): (NEVER, NEXT, RESTS),
    (404, 405, 410, 301, 308): (NEVER, NEXT, NONE),
    (400, 413, 415, 422): (NEVER, STOP, NONE),
}


@pytest.mark.parametrize(("status", "expected"), [(code, row) for codes, row in STATUSES.items() for code in codes])
@pytest.mark.parametrize("body", [refused_with(message="no"), b"", b"<h1>no</h1>", b"[" * 100_000, b'{"error": 7}'])
def test_statuses(status: int, body: bytes, expected: tuple[Again, Onward, Mark]) -> None:
    failed = read_failure(status, {}, body, NOW)
    assert row(classify(failed)) == expected
    assert failed.word == f"status_{status}"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, refused_with("context_length_exceeded", "too long"), Kind.TOO_LONG),
        (400, refused_with(None, "This model's maximum context length is 8192 tokens."), Kind.TOO_LONG),
        (400, refused_with(None, "prompt is too long: 210000 tokens > 200000 maximum"), Kind.TOO_LONG),
        (400, refused_with(None, "it exceeds the available context size"), Kind.TOO_LONG),
        (400, refused_with(None, "no", "exceed_context_size_error"), Kind.TOO_LONG),
        (400, b'{"object": "error", "message": "maximum context length is 4096", "code": 400}', Kind.TOO_LONG),
        (400, b'{"error": "input is too long for the context window"}', Kind.TOO_LONG),
        (413, refused_with("context_length_exceeded"), Kind.TOO_LONG),
        (400, refused_with("content_filter"), Kind.FILTERED),
        (400, refused_with("content_policy_violation"), Kind.FILTERED),
        (403, refused_with("content_filter"), Kind.FILTERED),
        (429, refused_with("insufficient_quota"), Kind.EXHAUSTED),
        (429, refused_with(None, "You exceeded your current quota, please check your plan"), Kind.EXHAUSTED),
        (429, refused_with("rate_limit_exceeded", "Too many tokens per minute"), Kind.LIMITED),
        (400, refused_with(None, "Your credit balance is too low to access the API."), Kind.EXHAUSTED),
        (400, refused_with(None, "wrong value: 'your credit balance is too low'"), Kind.INVALID),
        (500, refused_with(None, "context length"), Kind.ERROR),
        (422, b'{"detail": [{"msg": "not valid", "input": "what is a context length?"}]}', Kind.INVALID),
    ],
)  # fmt: skip
def test_what_an_error_says_counts_more_than_its_status(status: int, body: bytes, kind: Kind) -> None:
    assert read_failure(status, {}, body, NOW).kind is kind


@pytest.mark.parametrize(
    "message",
    [
        "The input token count (1200034) exceeds the maximum number of tokens allowed (1048576).",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000",
        "Your request exceeded model token limit: 131072",
        "prompt token count of 150000 exceeds the limit of 128000",
        "Range of input length should be [1, 30720]",
        "tokens in request more than max tokens allowed",
        "Please reduce the length of the messages or completion.",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "Input tokens exceed the configured limit of 272000 tokens.",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_prompt_that_is_too_long_by_any_wording(message: str, status: int) -> None:
    for body in ({"error": {"message": message}}, [{"error": {"message": message}}], {"detail": message}):
        assert read_failure(status, {}, json.dumps(body).encode(), NOW).kind is Kind.TOO_LONG


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": "invalid_prompt", "message": "Invalid prompt: it was flagged"}),
        (400, {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}),
        (400, {"code": None, "message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        (403, {"code": 403, "message": "your input was flagged", "metadata": {"flagged_input": "x", "reasons": []}}),
        (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE"),
    ],
)
def test_what_a_guard_refuses_is_the_clients_and_no_fault_of_our_key(status: int, error: object) -> None:
    failed = read_failure(status, {}, json.dumps({"error": error}).encode(), NOW)
    assert row(classify(failed)) == (NEVER, STOP, NONE)
    assert classify(failed, ("filtered",)).onward is NEXT


@pytest.mark.parametrize(
    ("status", "type_", "message", "kind"),
    [
        (400, "invalid_request_error", "messages: at least one message is required", Kind.INVALID),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", Kind.TOO_LONG),
        (400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 9 + 2 > 10", Kind.TOO_LONG),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", Kind.EXHAUSTED),
        (400, "invalid_request_error", "You have reached your specified API usage limits.", Kind.EXHAUSTED),
        (400, "invalid_request_error", "Output blocked by content filtering policy", Kind.FILTERED),
        (400, "invalid_request_error", "wrong value: 'output blocked by content filtering policy'", Kind.INVALID),
        (401, "authentication_error", "invalid x-api-key", Kind.UNAUTHORIZED),
        (402, "billing_error", "There is an issue with your billing.", Kind.EXHAUSTED),
        (403, "permission_error", "Your API key does not have permission", Kind.UNAUTHORIZED),
        (404, "not_found_error", "model: claude-9", Kind.UNKNOWN),
        (413, "request_too_large", "Request exceeds the maximum size", Kind.INVALID),
        (429, "rate_limit_error", "This request would exceed your organization's rate limit", Kind.LIMITED),
        (500, "api_error", "Internal server error", Kind.ERROR),
        (504, "timeout_error", "Request timed out", Kind.UNAVAILABLE),
        (529, "overloaded_error", "Overloaded", Kind.UNAVAILABLE),
    ],
)  # fmt: skip
def test_what_anthropic_says(status: int, type_: str, message: str, kind: Kind) -> None:
    body = json.dumps({"type": "error", "error": {"type": type_, "message": message}, "request_id": "r"}).encode()
    assert read_failure(status, {}, body, NOW).kind is kind


def test_only_the_clients_own_faults_are_passed_on() -> None:
    for status in range(300, 600):
        failed = read_failure(status, {"content-type": "text/plain"}, b"secret words of a server", NOW)
        assert (failed.passage is not None) == (status in (400, 413, 415, 422)), status
    passage = read_failure(422, {"content-type": "text/plain"}, b"no", NOW).passage
    assert passage is not None
    assert (passage.status, passage.content_type, passage.body) == (422, "text/plain", b"no")


def test_a_filtered_prompt_goes_on_only_where_the_route_says_so() -> None:
    filtered = read_failure(400, {}, refused_with("content_filter"), NOW)
    assert classify(filtered).onward is STOP
    assert classify(filtered, ("filtered",)).onward is NEXT
    assert classify(read_failure(400, {}, b"", NOW), ("filtered",)).onward is STOP


def test_a_server_that_says_when_to_come_back_is_asked_once_more_and_not_before() -> None:
    verdict = classify(read_failure(429, {"retry-after": "7"}, b"", NOW))
    assert (verdict.again, verdict.pause, verdict.rest) == (ONCE, 7 * SECOND, 7 * SECOND)
    error = classify(read_failure(503, {"retry-after": "3"}, b"", NOW))
    assert (error.again, error.pause, error.rest, error.mark) == (ONCE, 3 * SECOND, 0, COUNTS)
    assert classify(read_failure(504, {"retry-after": "3"}, b"", NOW)).again is NEVER
    quota = classify(read_failure(429, {"retry-after": "1"}, refused_with("insufficient_quota"), NOW))
    assert (quota.again, quota.rest) == (NEVER, 300 * SECOND)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2),
        ({"retry-after": " 1.5"}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "86400"}, 60),
        ({"retry-after-ms": "300"}, 0.3),
        ({"retry-after-ms": "-1"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:09 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 9),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:09 GMT", "date": "Sun, 22 Nov 2026 10:00:00"}, 9),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:09 -0000", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 9),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:09 GMT"}, 8),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:09 GMT", "date": "lately"}, None),
        ({"retry-after": "soon", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, None),
        ({"retry-after": "1h"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "inf"}, 60),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == (None if seconds is None else int(seconds * SECOND))


def test_an_operators_faults_are_told_apart() -> None:
    faults = {kind for kind in Kind if VERDICTS[kind].config_fault}
    assert faults == {Kind.UNAUTHORIZED, Kind.UNKNOWN}
    assert faults <= {kind for kind in Kind if VERDICTS[kind].lasting}


names = st.sampled_from(["retry-after", "retry-after-ms", "date", "content-type"])
values = st.recursive(
    st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.fixed_dictionaries({"error": inner})
)
bodies = st.binary() | values.map(lambda value: json.dumps(value).encode())


@given(status=st.integers(100, 999), headers=st.dictionaries(names, st.text()), body=bodies)
def test_any_answer_has_a_verdict(status: int, headers: dict[str, str], body: bytes) -> None:
    failed = read_failure(status, headers, body, NOW)
    verdict = classify(failed)
    assert verdict.pause >= 0
    assert (verdict.mark is RESTS) or verdict.rest == 0
