"""The decoder of server-sent events: forms of lines, and any cut of the bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routedsl.engine.sse import PING, EventTooLargeError, ServerEvent, SseDecoder, encode_event


def decoded(*chunks: bytes) -> list[ServerEvent]:
    decoder = SseDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b"data: a\n\n", [ServerEvent(b"a")]),
        (b"data:a\r\n\r\n", [ServerEvent(b"a")]),
        (b"data: a\r\rdata: b\r\r", [ServerEvent(b"a"), ServerEvent(b"b")]),
        (b"data:  two spaces\n\n", [ServerEvent(b" two spaces")]),
        (b"data: a\ndata: b\ndata\n\n", [ServerEvent(b"a\nb\n")]),
        (b"event: error\ndata: {}\n\ndata: c\n\n", [ServerEvent(b"{}", "error"), ServerEvent(b"c")]),
        (b": comment\n\ndata: a\n\n", [PING, ServerEvent(b"a")]),
        (b"event: ping\n\n", [PING]),
        (b"id: 7\nretry: 100\ndata: a\n\n", [ServerEvent(b"a")]),
        (b"\n\n\ndata: a\n\n\n\n", [ServerEvent(b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [ServerEvent(b"a")]),
        (b"data: [DONE]\n", [ServerEvent(b"[DONE]")]),
        (b"data: [DONE]", [ServerEvent(b"[DONE]")]),
        (b"data: \xff\n\n", [ServerEvent(b"\xff")]),
        (b"", []),
    ],
)
def test_forms(text: bytes, events: list[ServerEvent]) -> None:
    assert decoded(text) == events


LINES = st.sampled_from(
    [b"data: a", b"data:", b"data: \xc3\xa9", b"event: e", b": hi", b"id: 1", b"", b"", b"\xef\xbb\xbf"]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=12).map(b"".join)


@given(STREAMS, st.data())
def test_any_cut_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    assert decoded(*chunks) == decoded(stream)


@given(STREAMS)
def test_byte_by_byte_gives_the_same_events(stream: bytes) -> None:
    assert decoded(*(bytes([byte]) for byte in stream)) == decoded(stream)


def test_an_event_is_told_as_soon_as_it_is_whole() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [ServerEvent(b"a")]
    assert decoder.feed(b"\ndata: b\n\n") == [ServerEvent(b"b")]


@pytest.mark.parametrize("endless", [b"data: aaaa\n", b"data: aaaaaaaaaaa", b"aaaaaaaaaaaaaaaa", b"data: a\n: hi\n"])
def test_an_endless_event_is_refused(endless: bytes) -> None:
    decoder = SseDecoder(limit=1000)
    with pytest.raises(EventTooLargeError):
        list(map(decoder.feed, [endless] * 1001))


def test_endless_comments_and_events_are_not_refused() -> None:
    decoder = SseDecoder(limit=100)
    for _ in range(1000):
        assert decoder.feed(b": still here\n") == [PING]
    for _ in range(1000):
        assert decoder.feed(b"data: a\n\n") == [ServerEvent(b"a")]


def test_an_event_as_large_as_the_limit_is_taken() -> None:
    decoder = SseDecoder(limit=len(b"data: aaaa\n"))
    assert decoder.feed(b"data: aaaa\n\n") == [ServerEvent(b"aaaa")]
    with pytest.raises(EventTooLargeError):
        decoder.feed(b"data: aaaaa\n\n")


def test_a_large_event_in_small_pieces_takes_linear_time() -> None:
    decoder = SseDecoder()
    for _ in range(1 << 17):
        assert decoder.feed(b"data: aa" if not decoder._line else b"aaaaaaaa") == []
    assert len(decoder.feed(b"\n\n")[0].data or b"") == (1 << 20) - 6


@given(st.binary().filter(lambda data: b"\r" not in data), st.sampled_from(["", "error"]))
def test_what_is_encoded_is_decoded(data: bytes, name: str) -> None:
    assert decoded(encode_event(data, name)) == [ServerEvent(data, name)]
