"""Server-sent events: the vectors, cut in every way, and the bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec import spec
from visionspec.errors import InvalidInput, TransportError
from visionspec.protocol.sse import Decoder, ServerEvent, decode, encode

CASES = spec.vectors()["sse"].cases


def expected(case: spec.Case) -> list[ServerEvent]:
    return [ServerEvent(**event) for event in case.expected]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_vector(case: spec.Case) -> None:
    assert decode(case.input["text"].encode()) == expected(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_vector_byte_by_byte(case: spec.Case) -> None:
    decoder = Decoder()
    body = case.input["text"].encode()
    events = [event for n in range(len(body)) for event in decoder.feed(body[n : n + 1])]
    assert [*events, *decoder.close()] == expected(case)


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({"data": "{}"}, b"data: {}\n\n"),
        ({"data": "{}", "event": "step.delta"}, b"event: step.delta\ndata: {}\n\n"),
        ({"data": "a", "event_id": "e7"}, b"id: e7\ndata: a\n\n"),
        ({"data": "a\nb\r\nc\rd"}, b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ({"data": ""}, b"data: \n\n"),
        ({"data": "é\u2028"}, "data: é\u2028\n\n".encode()),
    ],
)
def test_encode(arguments: dict[str, str], body: bytes) -> None:
    assert encode(**arguments) == body


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\n"])
@pytest.mark.parametrize("name", ["event", "event_id"])
def test_a_name_is_one_line(name: str, bad: str) -> None:
    with pytest.raises(InvalidInput, match="one line"):
        encode("x", **{name: bad})


def test_an_event_comes_with_its_blank_line_not_with_the_next_byte() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\n\r") == [ServerEvent("a")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\n\n") == [ServerEvent("b")]


def test_bytes_that_are_no_utf8_are_replaced_not_fatal() -> None:
    assert decode(b"data: a\xffb\n\n") == [ServerEvent("a\ufffdb")]


@pytest.mark.parametrize(("chunk", "times"), [(b"x", 100), (b"data: 1234\n", 19)])
def test_what_never_ends_is_cut_off(chunk: bytes, times: int) -> None:
    decoder = Decoder(max_event_bytes=100)
    for _ in range(times):
        decoder.feed(chunk)
    with pytest.raises(TransportError, match="more than 100 bytes"):
        decoder.feed(chunk)


@pytest.mark.parametrize("chunk", [b"event: 123\n", b": 12345678\n", b"x: 1\n", b"event: 1\n\n"])
def test_what_leaves_nothing_behind_may_go_on(chunk: bytes) -> None:
    decoder = Decoder(max_event_bytes=20)
    assert [event for _ in range(1000) for event in decoder.feed(chunk)] == []


def test_the_bound_is_of_one_event_not_of_the_stream() -> None:
    decoder = Decoder(max_event_bytes=20)
    for _ in range(100):
        assert decoder.feed(b"data: 0123456789\n\n") == [ServerEvent("0123456789")]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
STREAM = st.lists(
    st.sampled_from(
        ["data: a", "data:", "data", "id: 7", "id", "event: x", ": c", "", "\ufeff", "é: 1", "data: é"]
    ),
    max_size=20,
)


@pytest.mark.prop
@pytest.mark.rule("sse.line-ends")
class TestAnyChunking:
    """However the bytes of a stream are cut into chunks, its events are the same."""

    @given(st.lists(st.tuples(st.sampled_from(["\n", "\r", "\r\n"]), STREAM), max_size=4), st.data())
    def test_same_events(self, parts: list[tuple[str, list[str]]], data: st.DataObject) -> None:
        body = "".join(line + end for end, lines in parts for line in lines).encode()
        decoder = Decoder()
        events: list[ServerEvent] = []
        rest = body
        while rest:
            size = data.draw(st.integers(0, len(rest)))
            events += decoder.feed(rest[:size])
            rest = rest[size:]
        assert [*events, *decoder.close()] == decode(body)


@pytest.mark.prop
@pytest.mark.rule("sse.data-lines")
class TestRoundTrip:
    """What is encoded is decoded again, with its line ends as LF."""

    @given(st.lists(TEXT, min_size=1, max_size=5))
    def test_data(self, texts: list[str]) -> None:
        body = b"".join(encode(text) for text in texts)
        same = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
        assert [event.data for event in decode(body)] == same
